// The account of what a worker has loaded: order, number, bytes.
#include "runtime/peer/loaded-entries.h"
#include <gtest/gtest.h>

namespace roam::peer {
namespace {

const Digest a = Digest::of("a"), b = Digest::of("b"), c = Digest::of("c");
constexpr std::size_t any = 1'000'000;

TEST(LoadedEntries, AreInTheOrderOfTheirUse) {
  LoadedEntries entries;
  entries.used(a, true, 10);
  entries.used(b, true, 10);
  entries.used(c, true, 10);
  entries.used(a, true, 0);
  EXPECT_EQ(entries.surplus(3, any), std::nullopt);
  EXPECT_EQ(entries.surplus(2, any), b);
  entries.erase(b);
  EXPECT_FALSE(entries.has(b));
  EXPECT_EQ(entries.count(), 2u);
  EXPECT_EQ(entries.surplus(1, any), c);
}

TEST(LoadedEntries, HaveBytesThatGoWithThem) {
  LoadedEntries entries;
  entries.used(a, true, 100);
  entries.used(b, false, 10);
  EXPECT_FALSE(entries.isTuned(b));
  entries.used(b, true, 20); // its replacement
  EXPECT_TRUE(entries.isTuned(b));
  entries.used(b, true, 0);
  EXPECT_EQ(entries.bytes(), 130u);
  EXPECT_EQ(entries.surplus(any, 130), std::nullopt);
  EXPECT_EQ(entries.surplus(any, 129), a);
  entries.erase(a);
  EXPECT_EQ(entries.bytes(), 30u);
  entries.clear();
  EXPECT_EQ(entries.bytes(), 0u);
}

TEST(LoadedEntries, TheOnlyOneIsNoSurplus) {
  LoadedEntries entries;
  entries.used(a, true, 100);
  EXPECT_EQ(entries.surplus(any, 10), std::nullopt);
  entries.used(b, true, 1);
  EXPECT_EQ(entries.surplus(any, 10), a);
}

} // namespace
} // namespace roam::peer
