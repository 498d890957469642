// The accept loop. KJ's accept() throws on the spot when the process is out of descriptors, so
// every try is caught.
#include "net/listener.h"
#include "net/address.h"
#include "net/exceptions.h"
#include <errno.h>
#include <kj/io.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace roam::net {
namespace {

constexpr kj::StringPtr socketMark = "unix:"_kj;

/// Removes a socket file on which nobody listens any more.
void removeDeadSocket(kj::StringPtr path) {
  struct stat status;
  if (lstat(path.cStr(), &status) != 0 || !S_ISSOCK(status.st_mode))
    return;
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, path.begin(), std::min(path.size(), sizeof address.sun_path - 1));
  kj::AutoCloseFd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (connect(probe, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 &&
      errno == ECONNREFUSED)
    unlink(path.cStr());
}

using Receiver = kj::Own<kj::ConnectionReceiver>;

Receiver open(kj::NetworkAddress& at, kj::StringPtr checked) {
  if (!checked.startsWith(socketMark))
    return at.listen();
  kj::String path = kj::str(checked.slice(socketMark.size()));
  removeDeadSocket(path);
  auto receiver = at.listen();
  return receiver.attach(kj::defer([path = kj::mv(path)] { unlink(path.cStr()); }));
}

} // namespace

kj::Promise<kj::Own<kj::ConnectionReceiver>> listen(kj::Network& network, kj::StringPtr address) {
  return kj::evalNow([&] {
    auto checked = loopbackAddress(address);
    auto parsed = network.parseAddress(checked);
    auto opened = parsed.then([checked = kj::str(checked)](kj::Own<kj::NetworkAddress> at) {
      return open(*at, checked);
    });
    return opened.catch_([checked = kj::mv(checked)](kj::Exception&& e) -> Receiver {
      kj::throwFatalException(
          failed(kj::str("can't listen on ", checked, ": ", wordsOf(e),
                         "; if another peer is there already, choose another port, or 0 for any")));
    });
  });
}

Listener::Listener(kj::Own<kj::ConnectionReceiver> receiver, Host& host, kj::Timer& timer, Log& log)
    : receiver_(kj::mv(receiver)), host_(host), timer_(timer), log_(log), connections_(*this),
      accepting_(acceptAll().eagerlyEvaluate(
          [this](kj::Exception&& e) { log_.line(kj::str("listening ended: ", wordsOf(e))); })) {}

kj::Promise<void> Listener::acceptAll() {
  return kj::evalNow([this] { return receiver_->acceptAuthenticated(); })
      .then([this](kj::AuthenticatedStream connection) {
        if (acceptFails_) {
          acceptFails_ = false;
          log_.line("connections are accepted again");
        }
        serve(kj::mv(connection));
      })
      .catch_([this](kj::Exception&& failure) { return waitAfter(kj::mv(failure)); })
      .then([this] { return acceptAll(); });
}

kj::Promise<void> Listener::waitAfter(kj::Exception failure) {
  if (!acceptFails_) {
    acceptFails_ = true;
    log_.line(kj::str("new connections wait: ", wordsOf(failure), "; trying again every ",
                      limits::acceptRetry / kj::MILLISECONDS, " ms"));
  }
  return timer_.afterDelay(limits::acceptRetry);
}

void Listener::serve(kj::AuthenticatedStream connection) {
  auto from = connection.peerIdentity->toString();
  if (open_ >= limits::connections) {
    log_.line(kj::str(from, ": refused: ", open_, " connections are open, which is the limit"));
    return;
  }
  ++open_;
  Caller caller{from.cStr(), Rights::all()};
  connections_.add(
      host_.serve(kj::mv(connection.stream), kj::mv(from), kj::mv(caller)).attach(kj::defer([this] {
        --open_;
      })));
}

void Listener::taskFailed(kj::Exception&& exception) {
  log_.line(kj::str("a connection ended: ", wordsOf(exception)));
}

} // namespace roam::net
