// What a peer remembers of the use of its code.
#include "runtime/peer/code-uses.h"
#include <gtest/gtest.h>
#include <string>

namespace roam::peer {
namespace {

Digest nth(int i) {
  return Digest::of(std::to_string(i));
}

TEST(CodeUses, AddsUpWhatEachDigestRan) {
  CodeUses uses;
  uses.ran(nth(1), 10, 500);
  uses.ran(nth(2), 1, 7);
  uses.ran(nth(1), 20, 600);
  EXPECT_EQ(uses.of(nth(1)).chunks, 2u);
  EXPECT_EQ(uses.of(nth(1)).elements, 30u);
  EXPECT_EQ(uses.of(nth(1)).runNanoseconds, 1100u);
  EXPECT_EQ(uses.of(nth(2)).chunks, 1u);
  EXPECT_EQ(uses.of(nth(3)).chunks, 0u);
}

TEST(CodeUses, ForgetsWhatWasNotUsedForTheLongest) {
  CodeUses uses(2);
  uses.ran(nth(1), 1, 1);
  uses.ran(nth(2), 1, 1);
  uses.ran(nth(1), 1, 1);
  uses.ran(nth(3), 1, 1);
  EXPECT_EQ(uses.digests(), (std::vector<Digest>{nth(3), nth(1)}));
  EXPECT_EQ(uses.of(nth(2)).chunks, 0u);
  EXPECT_EQ(uses.of(nth(1)).chunks, 2u);
}

} // namespace
} // namespace roam::peer
