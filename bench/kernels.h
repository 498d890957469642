// The work that is measured, the same code for Roam, the baseline and the plain loop.
#pragma once
#include <cstddef>
#include <cstdint>

namespace roam::bench {

inline std::int64_t square(std::int64_t x, std::int64_t offset) {
  return x * x + offset;
}

/// A serial chain of integers that can't be vectorised: about 1 ms of one processor for 400,000
/// steps. Counts the steps of a xorshift64 generator whose two halves lie within a quarter circle.
inline std::uint64_t hits(std::uint64_t seed, std::uint64_t steps) {
  std::uint64_t s = (seed + 1) * 0x9E3779B97F4A7C15ull, count = 0;
  for (std::uint64_t i = 0; i < steps; ++i) {
    s ^= s << 13;
    s ^= s >> 7;
    s ^= s << 17;
    std::uint64_t x = s >> 33, y = s & 0x7fffffffu;
    count += (x * x + y * y) < (1ull << 62);
  }
  return count;
}
inline constexpr std::uint64_t hitsSteps = 400'000, hitsTasks = 2'000, hitsSum = 628'294'075;

inline double axpb(const double* x, double* y, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    y[i] = 2.0 * x[i] + 1.0;
    sum += y[i];
  }
  return sum;
}
inline constexpr std::size_t axpbVectors = 64, axpbDoubles = 131'072;
inline constexpr double axpbSum = 545'259'456.0;

} // namespace roam::bench
