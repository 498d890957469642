// Loops of numbers, timed where they run: in a closure on a peer, which compiles for its CPU, and
// in this program, which is compiled for any of its kind (-O2).
//
// The arrays fit a CPU's first cache, so that the code is measured and not the memory. Every
// kernel is the same function for both, results are compared.
#include "bench/peer-kernels.h"
#include "bench/measure.h"
#include "bench/peers.h"
#include <cmath>
#include <map>
#include <roam/roam.h>

namespace roam::bench {
namespace {

constexpr int rounds = 11;
constexpr std::size_t length = 1024;

struct Timed {
  double seconds;
  double result;
};

/// Times `repeats` runs of the kernel, of which none may be left out because of the next.
template <class Kernel>
Timed timed(unsigned repeats, const Kernel& kernel) {
  double result = kernel(), start = now();
  for (unsigned i = 0; i < repeats; ++i) {
    asm volatile("" : : "r"(&kernel) : "memory");
    result = kernel();
  }
  return {now() - start, result};
}

/// y = a x + y of floats.
inline Timed saxpy(unsigned repeats) {
  std::vector<float> x(length), y(length);
  for (std::size_t i = 0; i < length; ++i)
    x[i] = float(i % 17) / 16;
  return timed(repeats, [a = 0.5f, &x, &y] {
    for (std::size_t i = 0; i < length; ++i)
      y[i] = a * x[i] + y[i];
    return double(y[length / 2]);
  });
}

/// The sum of products of integers of 32 bits: those of floats may not be added in another order.
inline Timed dot(unsigned repeats) {
  std::vector<std::int32_t> x(length), y(length);
  for (std::size_t i = 0; i < length; ++i)
    x[i] = int(i % 17), y[i] = int(i % 31);
  return timed(repeats, [&x, &y] {
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < length; ++i)
      sum += x[i] * y[i];
    return double(sum);
  });
}

/// A polynomial of the fifth degree, of doubles.
inline Timed poly(unsigned repeats) {
  std::vector<double> x(length), y(length);
  for (std::size_t i = 0; i < length; ++i)
    x[i] = double(i % 17) / 16;
  return timed(repeats, [&x, &y] {
    for (std::size_t i = 0; i < length; ++i) {
      double v = x[i];
      y[i] = ((((0.01 * v + 0.02) * v + 0.1) * v + 0.5) * v + 1.0) * v + 2.0;
    }
    return y[length / 2];
  });
}

inline double normal(double x) {
  return 0.5 * std::erfc(-x * 0.70710678118654752440);
}

/// Prices of options by Black and Scholes: most of the time goes to log, exp and erfc of libm.
inline Timed blackScholes(unsigned repeats) {
  std::vector<double> strike(length), price(length);
  for (std::size_t i = 0; i < length; ++i)
    strike[i] = 80 + double(i % 41);
  return timed(repeats, [&strike, &price] {
    constexpr double spot = 100, rate = 0.05, sigma = 0.2, years = 1.5;
    for (std::size_t i = 0; i < length; ++i) {
      double deviation = sigma * std::sqrt(years);
      double d1 = (std::log(spot / strike[i]) + (rate + sigma * sigma / 2) * years) / deviation;
      price[i] = spot * normal(d1) - strike[i] * std::exp(-rate * years) * normal(d1 - deviation);
    }
    return price[length / 2];
  });
}

/// `there` and `here` run the same kernel so many times.
template <class There, class Here>
void compare(const std::string& name, const There& there, const Here& here) {
  std::vector<double> ratios, peers, natives;
  for (int round = 0; round < rounds; ++round) {
    Timed native = here(), peer = there();
    require(peer.result == native.result, name.c_str());
    ratios.push_back(native.seconds / peer.seconds);
    peers.push_back(peer.seconds);
    natives.push_back(native.seconds);
  }
  print(name, median(ratios), "ratio");
  print(name + ".peer", median(peers) * 1e3, "ms");
  print(name + ".native", median(natives) * 1e3, "ms");
}

} // namespace

void benchKernel(const std::string& name) {
  TemporaryFolder folder;
  Peers peers(1, folder.path() + "/cache");
  Cluster cluster = connect(peers.addresses());
  Member peer = cluster.peers().at(0);
  auto figure = [&]<class Kernel>(unsigned repeats, const Kernel& kernel) {
    compare(
        "kernel-" + name, [&] { return cluster.on(peer, kernel, repeats); },
        [&] { return kernel(repeats); });
  };
  if (name == "saxpy")
    figure(200'000, [](unsigned repeats) { return saxpy(repeats); });
  else if (name == "dot")
    figure(200'000, [](unsigned repeats) { return dot(repeats); });
  else if (name == "poly")
    figure(50'000, [](unsigned repeats) { return poly(repeats); });
  else
    figure(1'000, [](unsigned repeats) { return blackScholes(repeats); });
}

} // namespace roam::bench
