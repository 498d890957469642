// A peer's floating-point results have the very bits of this program's own, also where its CPU
// could fuse operations.
//
// This file is compiled for the generic x86-64, which has no fused multiply-add; peers compile for
// the CPU they run on.
#include "tests/e2e/shared-peers.h"
#include <array>
#include <bit>
#include <cmath>
#include <complex>
#include <cstring>
#include <limits>
#include <random>
#include <ranges>

namespace roam::e2e {
namespace {

class FloatingPoint : public SharedPeers {
 protected:
  /// Every result there has the bits of the one here.
  template <class Range, class F>
  static void sameBits(const Range& range, const F& f) {
    auto there = cluster().map(range, f);
    auto here = loop(range, f);
    ASSERT_EQ(there.size(), here.size());
    std::size_t different = 0;
    for (std::size_t i = 0; i < here.size(); ++i)
      different += std::memcmp(&there[i], &here[i], sizeof here[i]) != 0;
    EXPECT_EQ(different, 0u) << "of " << here.size();
  }
};

template <class T>
using Three = std::array<T, 3>;

template <class T>
std::vector<Three<T>> randomInputs(std::size_t count) {
  std::mt19937_64 engine(20240607);
  std::uniform_real_distribution<T> mantissa(-1, 1);
  std::uniform_int_distribution<int> exponent(-20, 20);
  std::vector<Three<T>> inputs(count);
  for (auto& three : inputs)
    for (T& x : three)
      x = std::ldexp(mantissa(engine), exponent(engine));
  return inputs;
}

TEST_F(FloatingPoint, MultiplyAndAddAreNotFused) {
  sameBits(randomInputs<double>(20'000), [](const Three<double>& v) { return v[0] * v[1] + v[2]; });
  sameBits(randomInputs<double>(20'000), [](const Three<double>& v) { return v[2] - v[0] * v[1]; });
  sameBits(randomInputs<float>(20'000), [](const Three<float>& v) { return v[0] * v[1] + v[2]; });
  sameBits(randomInputs<float>(20'000),
           [](const Three<float>& v) { return -(v[0] * v[1]) - v[2] * v[2]; });
}

TEST_F(FloatingPoint, SumsAreAddedInTheOrderOfTheSource) {
  auto inputs = randomInputs<double>(256);
  sameBits(std::views::iota(0, 64), [inputs](int k) {
    double sum = 0, product = 0;
    float narrow = 0;
    for (auto& v : inputs) {
      sum += v[0] / (k + 1.0);
      product += v[1] * v[2];
      narrow += float(v[0]) * float(k);
    }
    return std::array{sum, product, double(narrow)};
  });
}

TEST_F(FloatingPoint, LoopsThatTheCompilerVectorisesKeepTheirBits) {
  std::vector<double> a(1000), b(1000);
  for (std::size_t i = 0; i < a.size(); ++i) {
    a[i] = std::sin(double(i));
    b[i] = 1.0 / (1.0 + double(i));
  }
  sameBits(std::views::iota(0, 20), [a, b](int k) {
    std::vector<double> y(a.size());
    for (std::size_t i = 0; i < y.size(); ++i)
      y[i] = a[i] * b[i] + k;
    double checksum = 0;
    for (double x : y)
      checksum = checksum * 0.5 + x;
    return checksum;
  });
}

TEST_F(FloatingPoint, FunctionsOfTheLibraryGiveTheSame) {
  sameBits(randomInputs<double>(5'000), [](const Three<double>& v) {
    return std::array{std::sin(v[0]),
                      std::cos(v[1]),
                      std::exp(v[2] / 1e6),
                      std::log(std::abs(v[0])),
                      std::sqrt(std::abs(v[1])),
                      std::pow(std::abs(v[2]), 0.3),
                      std::tanh(v[0]),
                      std::fmod(v[1], 0.7),
                      std::hypot(v[0], v[2]),
                      std::floor(v[1])};
  });
  sameBits(randomInputs<float>(5'000), [](const Three<float>& v) {
    return std::array{std::sin(v[0]), std::exp(v[1] / 1e6f), std::sqrt(std::abs(v[2])),
                      std::atan2(v[0], v[1])};
  });
}

TEST_F(FloatingPoint, AnExplicitFusedMultiplyAddIsFused) {
  sameBits(randomInputs<double>(5'000),
           [](const Three<double>& v) { return std::fma(v[0], v[1], v[2]); });
}

TEST_F(FloatingPoint, ComplexAndLongDoublesKeepTheirBits) {
  sameBits(randomInputs<double>(5'000), [](const Three<double>& v) {
    std::complex<double> z(v[0], v[1]);
    z = z * z + std::complex<double>(v[2], 1) / z;
    return std::array{z.real(), z.imag()};
  });
  sameBits(randomInputs<double>(5'000), [](const Three<double>& v) {
    return double(static_cast<long double>(v[0]) * v[1] + v[2]);
  });
}

TEST_F(FloatingPoint, SpecialValuesArrive) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  std::vector<double> special = {0.0,
                                 -0.0,
                                 infinity,
                                 -infinity,
                                 std::numeric_limits<double>::denorm_min(),
                                 std::bit_cast<double>(0x7ff8'0000'dead'beefu),
                                 std::numeric_limits<double>::max()};
  sameBits(special, [](double x) { return x; });
  sameBits(special, [](double x) {
    return std::array{x / 2, x * 2, x < 0 ? 1.0 : std::copysign(2.0, x)};
  });
}

TEST_F(FloatingPoint, ConversionsAndRoundingAreTheSame) {
  sameBits(randomInputs<double>(5'000), [](const Three<double>& v) {
    return std::array{double(float(v[0])), double(long(v[1])), std::nearbyint(v[2]),
                      std::round(v[0]), double(unsigned(std::abs(v[1])))};
  });
}

} // namespace
} // namespace roam::e2e
