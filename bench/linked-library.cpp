// What a peer loads for the benchmark `linked`.
#include "bench/linked-closure.h"

extern "C" __attribute__((visibility("default"))) std::uint64_t
callForLinking(roam::Cluster& cluster, const roam::Member& peer) {
  return roam::bench::callLinked(cluster, peer, 0);
}
