// The store's process is this program again, so that each side has a processor, as the baseline's.
#include "bench/store.h"
#include "bench/baseline.h"
#include "bench/measure.h"
#include "bench/peers.h"
#include "net/connection.h"
#include "net/remote-store.h"
#include "net/store-service.h"
#include "runtime/store/sqlite-store.h"
#include <csignal>
#include <kj/debug.h>
#include <optional>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace roam::bench {
namespace {

constexpr int rounds = 9, callsPerRound = 500;

/// Ended with the object.
class StoreProcess {
 public:
  explicit StoreProcess(const std::string& path) {
    int pipe[2];
    KJ_SYSCALL(::pipe(pipe));
    KJ_SYSCALL(process_ = fork());
    if (process_ == 0) {
      close(pipe[0]);
      execl("/proc/self/exe", "roam-bench", "--store", std::to_string(pipe[1]).c_str(),
            path.c_str(), nullptr);
      _exit(127);
    }
    close(pipe[1]);
    KJ_DEFER(close(pipe[0]));
    ssize_t size;
    KJ_SYSCALL(size = read(pipe[0], &port_, sizeof port_));
    KJ_REQUIRE(size == sizeof port_, "the store's process did not start");
  }
  ~StoreProcess() {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  KJ_DISALLOW_COPY(StoreProcess);
  std::uint16_t port() const { return port_; }

 private:
  pid_t process_;
  std::uint16_t port_ = 0;
};

/// A connection to it, with one watch.
class Watcher {
 public:
  Watcher(kj::AsyncIoContext& io, std::uint16_t port)
      : loop_(io.waitScope), connection_(io.provider->getNetwork()
                                             .parseAddress("127.0.0.1", port)
                                             .wait(loop_)
                                             ->connect()
                                             .wait(loop_)),
        store_(
            [this]() -> kj::Promise<protocol::Store::Client> {
              return connection_.bootstrap().castAs<protocol::Store>();
            },
            io.provider->getTimer()),
        watch_(store_.watch("names/", store_.list("").wait(loop_).revision)) {}

  /// Seconds from a write to its notification.
  double write(int number) {
    const double start = now();
    std::string value = std::to_string(number);
    auto committed = store_.commit({}, {{"names/a", value}}).eagerlyEvaluate(nullptr);
    auto changes = watch_->next().wait(loop_);
    const double time = now() - start;
    require(changes.events.size() == 1 && changes.events[0].value == value, "watch");
    require(committed.wait(loop_).done, "watch, write");
    return time;
  }

 private:
  kj::WaitScope& loop_;
  net::Connection connection_;
  net::RemoteStore store_;
  kj::Own<net::StoreWatch> watch_;
};

double callSeconds(kj::WaitScope& loop, Baseline::Client& server) {
  const double start = now();
  auto request = server.noopRequest();
  request.setX(41);
  require(request.send().wait(loop).getY() == 42, "watch, raw");
  return now() - start;
}

} // namespace

int serveStore(int portDescriptor, const std::string& path) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  auto io = kj::setupAsyncIo();
  store::SqliteStore store(io.provider->getTimer(), path);
  net::StoreService service(store, io.provider->getTimer());
  auto receiver =
      io.provider->getNetwork().parseAddress("127.0.0.1", 0).wait(io.waitScope)->listen();
  std::uint16_t port = std::uint16_t(receiver->getPort());
  KJ_SYSCALL(write(portDescriptor, &port, sizeof port));
  close(portDescriptor);
  for (;;) {
    net::Connection connection(receiver->accept().wait(io.waitScope), service.clientForConnection(),
                               std::make_shared<net::MessageMemory>());
    connection.finished().wait(io.waitScope);
  }
}

void benchWatch() {
  TemporaryFolder folder;
  BaselineProcess baseline;
  StoreProcess inMemory(""), onDisk(folder.path() + "/store");
  auto io = kj::setupAsyncIo();
  BaselineClient raw(io, baseline.port());
  auto server = raw.server();
  Watcher memory(io, inMemory.port()), disk(io, onDisk.port());

  std::vector<double> ratio, durable, notified, notifiedDurable;
  for (int round = 0; round <= rounds; ++round) {
    std::vector<double> call, write, writeToDisk;
    for (int i = 0; i < callsPerRound; ++i)
      call.push_back(callSeconds(io.waitScope, server));
    for (int i = 0; i < callsPerRound; ++i)
      write.push_back(memory.write(i));
    for (int i = 0; i < callsPerRound; ++i)
      writeToDisk.push_back(disk.write(i));
    if (round == 0) // warms up
      continue;
    ratio.push_back(median(write) / median(call));
    durable.push_back(median(writeToDisk) / median(call));
    notified.push_back(median(write) * 1e6);
    notifiedDurable.push_back(median(writeToDisk) * 1e6);
  }
  print("watch", median(ratio), "ratio");
  print("watch.time", median(notified), "us");
  print("watch-durable", median(durable), "ratio");
  print("watch-durable.time", median(notifiedDurable), "us");
}

} // namespace roam::bench
