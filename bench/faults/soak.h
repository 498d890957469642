// Everything at once, for a while: a cluster under mixed load, with faults that a seed chooses.
#pragma once
#include <cstdint>

namespace roam::bench {

/// Prints soak-wrong, soak-hung and soak-leaked, and beside them what was done.
void benchSoak(double minutes, std::uint64_t seed);

} // namespace roam::bench
