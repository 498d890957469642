// A no-op closure, sent by the benchmark and linked into a library of the same source.
#pragma once
#include <cstdint>
#include <roam/roam.h>

namespace roam::bench {

inline std::uint64_t callLinked(Cluster& cluster, const Member& peer, std::uint64_t x) {
  return cluster.on(
      peer, [](std::uint64_t x) { return x + 1; }, x);
}

} // namespace roam::bench
