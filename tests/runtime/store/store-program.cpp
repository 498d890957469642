// Serves the SQLite store of a file on 127.0.0.1 until it is killed: `store-program FILE
// HISTORY-BYTES`. Prints the port.
#include "net/connection.h"
#include "net/store-service.h"
#include "runtime/store/sqlite-store.h"
#include <csignal>
#include <cstdio>
#include <sys/prctl.h>

namespace {

using namespace roam;

class Connections final : public kj::TaskSet::ErrorHandler {
 public:
  Connections(kj::AsyncIoContext& io, net::StoreService& service)
      : service_(service), open_(*this) {
    receiver_ = io.provider->getNetwork().parseAddress("127.0.0.1", 0).wait(io.waitScope)->listen();
  }
  unsigned port() { return receiver_->getPort(); }
  kj::Promise<void> serve() {
    return receiver_->accept().then([this](kj::Own<kj::AsyncIoStream> stream) {
      auto connection = kj::heap<net::Connection>(kj::mv(stream), service_.clientForConnection(),
                                                  std::make_shared<net::MessageMemory>());
      auto finished = connection->finished();
      open_.add(finished.attach(kj::mv(connection)));
      return serve();
    });
  }

 private:
  void taskFailed(kj::Exception&&) override {} // a connection that was cut

  net::StoreService& service_;
  kj::Own<kj::ConnectionReceiver> receiver_;
  kj::TaskSet open_;
};

} // namespace

int main(int, char** words) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  auto io = kj::setupAsyncIo();
  store::StoreSpace space;
  space.historyBytes = std::stoull(words[2]);
  store::SqliteStore store(io.provider->getTimer(), words[1], space);
  net::StoreService service(store, io.provider->getTimer());
  Connections connections(io, service);
  std::printf("%u\n", connections.port());
  std::fflush(stdout);
  connections.serve().wait(io.waitScope);
}
