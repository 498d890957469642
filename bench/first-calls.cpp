// Many closures, each with a digest of its own, for peers in different states.
#include "bench/first-calls.h"
#include "bench/measure.h"
#include "bench/peers.h"
#include "net/address.h"
#include "net/peer.h"
#include <cstdlib>
#include <functional>
#include <roam/roam.h>
#include <stdexcept>
#include <thread>
#include <utility>

namespace roam::bench {
namespace {

constexpr int rounds = 7, neverSeen = 40, digestsAtOnce = 50, peersAtOnce = 8;

/// Each N is another constant in the code, so another digest.
template <int N>
auto closure() {
  int seed = N;
  return [seed](int x) { return x * (N + 3) + seed; };
}
template <int N>
int expected() {
  return 2 * (N + 3) + N;
}

template <int N>
double firstCall(Cluster& cluster, const Member& peer) {
  double start = now();
  int result = cluster.on(peer, closure<N>(), 2);
  double seconds = now() - start;
  require(result == expected<N>(), "first-call");
  return seconds;
}

template <int... N>
std::vector<double> firstCalls(Cluster& cluster, std::size_t at, std::integer_sequence<int, N...>) {
  Member peer = cluster.peers().at(at);
  cluster.on(
      peer, [](int x) { return x; }, 1); // the connections and the workers are warm
  return {firstCall<N>(cluster, peer)...};
}

std::vector<double> firstCalls(Cluster& cluster, std::size_t at = 0) {
  return firstCalls(cluster, at, std::make_integer_sequence<int, neverSeen>());
}

/// Median over rounds. `round` starts peers, and measures on one of a cluster.
void benchFirstCalls(const std::string& name,
                     const std::function<void(const std::function<void(Cluster&, int)>&)>& round) {
  std::vector<double> medians, processor;
  for (int i = 0; i < rounds; ++i)
    round([&](Cluster& cluster, int at) {
      std::vector<double> seconds;
      Cost cost = costOf([&] { seconds = firstCalls(cluster, std::size_t(at)); });
      medians.push_back(median(seconds));
      processor.push_back(cost.processor / neverSeen);
    });
  print(name, median(medians) * 1e3, "ms");
  print(name + ".cpu", median(processor) * 1e3, "ms");
}

/// How often the code of all peers came from one place.
std::uint64_t sumOver(const Peers& peers, std::uint64_t net::PeerStatus::*place) {
  auto io = kj::setupAsyncIo();
  net::Hello mine;
  mine.name = "roam-bench";
  std::uint64_t sum = 0;
  for (auto& address : net::splitAddresses(peers.addresses()))
    sum += net::dial(io.provider->getNetwork(), io.provider->getTimer(), address.c_str(), mine)
               .wait(io.waitScope)
               ->status()
               .wait(io.waitScope).*
           place;
  return sum;
}

/// Each closure is called on all peers, each by a thread of its own, all at once.
template <int... N>
void callAllAtOnce(Cluster& cluster, std::integer_sequence<int, N...>) {
  std::vector<std::thread> threads;
  (threads.emplace_back([&cluster] {
    for (auto& answer : cluster.onAll(closure<1000 + N>(), 2))
      require(answer.result.get() == expected<1000 + N>(), "once");
  }),
   ...);
  for (auto& thread : threads)
    thread.join();
}

} // namespace

void benchFirstCallCompile() {
  benchFirstCalls("first-call-compile", [](auto& measure) {
    TemporaryFolder folder;
    Peers peers(1, folder.path() + "/cache");
    Cluster cluster = connect(peers.addresses());
    measure(cluster, 0);
  });
}

void benchFirstCallCached() {
  benchFirstCalls("first-call-cached", [](auto& measure) {
    TemporaryFolder folder;
    {
      Peers before(1, folder.path() + "/cache");
      Cluster cluster = connect(before.addresses());
      firstCalls(cluster);
    }
    Peers peers(1, folder.path() + "/cache");
    Cluster cluster = connect(peers.addresses());
    measure(cluster, 0);
  });
}

void benchFirstCallPeer() {
  benchFirstCalls("first-call-peer", [](auto& measure) {
    TemporaryFolder folder;
    Peers peers(2, folder.path() + "/cache");
    {
      Cluster other =
          connect(net::splitAddresses(peers.addresses()).at(1)); // it compiles for itself
      firstCalls(other);
    }
    Cluster cluster = connect(peers.addresses());
    measure(cluster, 0);
    require(sumOver(peers, &net::PeerStatus::fromPeers) == neverSeen + 1, "first-call-peer");
  });
}

void benchFirstCallObject() {
  TemporaryFolder folder;
  std::string bundle = folder.path() + "/bundle.roam";
  bundleOfThisProgram(bundle);
  setenv("ROAM_BUNDLE", bundle.c_str(), 1);
  benchFirstCalls("first-call-object", [](auto& measure) {
    TemporaryFolder caches;
    Peers peers(1, caches.path() + "/cache");
    Cluster cluster = connect(peers.addresses());
    measure(cluster, 0);
    require(sumOver(peers, &net::PeerStatus::shipped) == neverSeen + 1, "first-call-object");
  });
  unsetenv("ROAM_BUNDLE");
}

void benchOnce() {
  TemporaryFolder folder;
  Peers peers(peersAtOnce, folder.path() + "/cache");
  Cluster cluster = connect(peers.addresses());
  double start = now();
  callAllAtOnce(cluster, std::make_integer_sequence<int, digestsAtOnce>());
  double seconds = now() - start;
  print("once", double(sumOver(peers, &net::PeerStatus::compiled)), "compilations");
  print("once.wall", seconds * 1e3, "ms");
}

} // namespace roam::bench
