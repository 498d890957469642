#include "bench/calls.h"
#include "bench/baseline.h"
#include "bench/measure.h"
#include "bench/peers.h"
#include <roam/roam.h>

namespace roam::bench {

void benchCall(const std::string& name) {
  TemporaryFolder folder;
  Peers peers(1, folder.path() + "/cache");
  Cluster cluster = connect(peers.addresses());
  Member peer = cluster.peers().at(0);
  auto noop = [](std::uint64_t x) { return x + 1; };

  kj::AsyncIoContext io = kj::setupAsyncIo();
  BaselineProcess process;
  BaselineClient client(io, process.port());
  auto server = client.server();

  auto viaRoam = [&](std::uint64_t i) { return cluster.on(peer, noop, i); };
  auto raw = [&](std::uint64_t i) {
    auto request = server.noopRequest();
    request.setX(i);
    return request.send().wait(io.waitScope).getY();
  };
  print(name + ".raw.p50", compareCalls(name, viaRoam, raw) * 1e6, "us");
}

} // namespace roam::bench
