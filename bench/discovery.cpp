#include "bench/discovery.h"
#include "bench/measure.h"
#include "bench/peers.h"
#include "net/discovery.h"
#include "net/limits.h"
#include <roam/roam.h>
#include <unistd.h>

namespace roam::bench {
namespace {

constexpr int rounds = 21;

class NoLog final : public net::Log {
 public:
  void line(kj::StringPtr) override {}
};

/// Milliseconds until somebody answers.
double timeToFirst(kj::AsyncIoContext& io, const net::JoinOptions& join) {
  NoLog log;
  auto first = kj::newPromiseAndFulfiller<void>();
  double start = now();
  auto discovery = net::discover(io, log, join, [&](std::string) { first.fulfiller->fulfill(); });
  io.provider->getTimer().timeoutAfter(limits::connect, kj::mv(first.promise)).wait(io.waitScope);
  return (now() - start) * 1e3;
}

double timeToConnect(const std::string& where) {
  double start = now();
  Cluster cluster = connect(where);
  double time = (now() - start) * 1e3;
  require(!cluster.peers().empty(), "discovery");
  return time;
}

} // namespace

void benchDiscovery() {
  // A port of our own, so that other clusters on this machine are not in it.
  std::string where = "multicast:239.255.77.78:" + std::to_string(20000 + getpid() % 10000);
  Peers peers(2, "", {"--join", where});
  auto io = kj::setupAsyncIo();
  net::JoinOptions join{.where = {where}};
  timeToFirst(io, join); // they listen, and have said so
  std::vector<double> connected, found;
  for (int round = 0; round < rounds; ++round) {
    found.push_back(timeToFirst(io, join));
    connected.push_back(timeToConnect(where));
  }
  print("discovery", median(connected), "ms");
  print("discovery-found", median(found), "ms");
}

} // namespace roam::bench
