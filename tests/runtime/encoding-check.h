// Every promise of the archive for one value: it comes back equal, no prefix of its encoding is
// taken for the whole, and damaged bytes neither crash nor make it allocate more than the input
// could account for.
#pragma once
#include "roam/archive.h"
#include "roam/buffer.h"
#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <string>

namespace roam::test {

/// The largest single allocation since it was last set to 0. Counted by the operator new of
/// archive-test.cpp.
extern std::size_t largestAllocation;

template <class T>
std::string encoded(const T& x) {
  Buffer out;
  save(out, x);
  return std::string(out.view());
}

/// Reads from a copy of exactly that size, so that AddressSanitizer sees the first byte beyond it.
template <class T, class Check>
void readExactly(const std::string& bytes, const Check& check) {
  std::unique_ptr<char[]> copy(new char[bytes.size()]);
  std::copy(bytes.begin(), bytes.end(), copy.get());
  Reader in{copy.get(), bytes.size()};
  largestAllocation = 0;
  Rebuilt<T> x(in);
  // What a type takes for itself (a deque's first block, a hash table) and what the input accounts
  // for.
  EXPECT_LE(largestAllocation, 4096 + 512 * bytes.size()) << "for " << bytes.size() << " bytes";
  check(in, x.get());
}

template <class T>
void expectNoPrefixIsTakenForTheWhole(const std::string& bytes) {
  for (std::size_t size = 0; size < bytes.size(); ++size)
    readExactly<T>(bytes.substr(0, size), [&](const Reader& in, const T&) {
      EXPECT_FALSE(in.ok) << "the first " << size << " of " << bytes.size() << " bytes";
      EXPECT_EQ(in.remaining, 0u);
    });
}

template <class T>
void expectDamageIsHarmless(const std::string& bytes) {
  std::mt19937 random(7);
  for (int round = 0; round < 300 && !bytes.empty(); ++round) {
    std::string damaged = bytes;
    for (unsigned flips = 1 + random() % 4; flips > 0; --flips)
      damaged[random() % damaged.size()] ^= static_cast<char>(1 << random() % 8);
    readExactly<T>(damaged, [](const Reader&, const T&) {});
  }
  for (std::size_t at = 0; at + 8 <= bytes.size(); ++at) { // a huge count, wherever a count may be
    std::string damaged = bytes;
    damaged.replace(at, 8, "\xff\xff\xff\xff\xff\xff\xff\x7f");
    readExactly<T>(damaged, [](const Reader&, const T&) {});
  }
}

template <class T, class Equal>
void check(const T& x, const Equal& equal) {
  std::string bytes = encoded(x);
  readExactly<T>(bytes, [&](const Reader& in, const T& y) {
    EXPECT_TRUE(in.finished());
    EXPECT_TRUE(equal(x, y));
    EXPECT_EQ(encoded(y), bytes);
  });
  expectNoPrefixIsTakenForTheWhole<T>(bytes);
  expectDamageIsHarmless<T>(bytes);
}
template <class T>
void check(const T& x) {
  check(x, [](const T& a, const T& b) { return a == b; });
}

} // namespace roam::test
