// Two peers, one of which has loaded the library with the closure; single calls, one in flight.
#include "bench/linked.h"
#include "bench/linked-closure.h"
#include "bench/measure.h"
#include "bench/peers.h"

namespace roam::bench {
namespace {

constexpr int pairs = 15;  ///< of peers: some poll for the next call, some sleep, as it happens
constexpr int rounds = 40; ///< with one pair
constexpr std::uint64_t callsARound = 40; ///< few, so that the machine does the same besides

/// Adds the time that each call takes, in seconds.
void timeCalls(Cluster& cluster, const Member& peer, std::vector<double>& times) {
  for (std::uint64_t i = 0; i < callsARound; ++i) {
    double start = now();
    std::uint64_t result = callLinked(cluster, peer, i);
    times.push_back(now() - start);
    require(result == i + 1, "a call of the no-op closure");
  }
}

struct Times {
  double linked, compiled; ///< p50, in seconds
};

Times timesOfPair() {
  TemporaryFolder folder;
  Peers compiling(1, folder.path() + "/compiling");
  Peers loading(1, folder.path() + "/loading", {"--load", ROAM_BENCH_LINKED_LIBRARY});
  Cluster compiledCluster = connect(compiling.addresses());
  Cluster linkedCluster = connect(loading.addresses());
  Member compiled = compiledCluster.peers().at(0), linked = linkedCluster.peers().at(0);
  std::vector<double> ofLinked, ofCompiled;
  for (int round = 0; round < 2 * rounds; ++round) {
    if (round == rounds) { // by now the compiled code is tuned
      ofLinked.clear();
      ofCompiled.clear();
    }
    timeCalls(linkedCluster, linked, ofLinked);
    timeCalls(compiledCluster, compiled, ofCompiled);
  }
  return {median(ofLinked), median(ofCompiled)};
}

} // namespace

void benchLinked() {
  std::vector<double> ratios, linked;
  for (int i = 0; i < pairs; ++i) {
    Times times = timesOfPair();
    ratios.push_back(times.linked / times.compiled);
    linked.push_back(times.linked);
  }
  print("linked", median(ratios), "ratio");
  print("linked.p50", median(linked) * 1e6, "us");
}

} // namespace roam::bench
