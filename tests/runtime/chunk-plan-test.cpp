#include "runtime/chunk-plan.h"
#include <algorithm>
#include <gtest/gtest.h>
#include <random>

namespace roam {
namespace {

constexpr unsigned workers = 2;

/// Hands out and completes everything, each element taking that long; gives the sizes of the
/// chunks.
std::vector<std::uint64_t> sizesOfAll(ChunkPlan& plan, std::uint64_t nanosecondsEach,
                                      std::uint64_t bytesEach) {
  std::vector<std::uint64_t> sizes;
  std::uint64_t expected = 0;
  while (auto range = plan.next(workers)) {
    EXPECT_EQ(range->first, expected) << "chunks follow one another";
    expected = range->end();
    sizes.push_back(range->count);
    plan.completed(*range, range->count * nanosecondsEach, range->count * bytesEach);
  }
  return sizes;
}

TEST(ChunkPlan, CoversEveryElementOnce) {
  ChunkPlan plan(100'003, 0);
  std::uint64_t sum = 0;
  for (auto size : sizesOfAll(plan, 1000, 8))
    sum += size;
  EXPECT_EQ(sum, 100'003u);
  EXPECT_TRUE(plan.finished());
}

TEST(ChunkPlan, HandsOutNothingForAnEmptyInput) {
  ChunkPlan plan(0, 0);
  EXPECT_FALSE(plan.next(workers));
  EXPECT_TRUE(plan.finished());
}

TEST(ChunkPlan, GrowsTinyElementsIntoChunksThatAreWorthSending) {
  ChunkPlan plan(10'000'000, 0);
  auto sizes = sizesOfAll(plan, 2, 1);
  EXPECT_EQ(sizes.front(), 1u) << "the first chunk is a probe";
  EXPECT_EQ(*std::max_element(sizes.begin(), sizes.end()), ChunkPlan::targetBytes)
      << "as many as there is room for in a chunk";
  EXPECT_LT(sizes.size(), 60u);
}

TEST(ChunkPlan, SendsElementsThatTakeLongOneByOne) {
  ChunkPlan plan(50, 0);
  for (auto size : sizesOfAll(plan, 60'000'000, 8))
    EXPECT_EQ(size, 1u);
}

TEST(ChunkPlan, EndsWithShortChunksSoThatNoPeerWaitsLong) {
  ChunkPlan plan(2000, 0);
  auto sizes = sizesOfAll(plan, 1'060'000, 8);
  EXPECT_EQ(sizes.back(), 1u);
  EXPECT_EQ(*std::max_element(sizes.begin(), sizes.end()), 9u) << "about 10 ms each";
}

TEST(ChunkPlan, KeepsTheChunkSizeThatWasAskedFor) {
  ChunkPlan plan(10, 4);
  EXPECT_EQ(sizesOfAll(plan, 1, 1), (std::vector<std::uint64_t>{4, 4, 2}));
}

TEST(ChunkPlan, HandsOutALostChunkAgainBeforeAnythingElse) {
  ChunkPlan plan(100, 10);
  auto first = plan.next(workers), second = plan.next(workers);
  plan.lost(*second);
  plan.lost(*first);
  EXPECT_EQ(plan.next(workers)->first, 0u);
  EXPECT_EQ(plan.next(workers)->first, 10u);
  EXPECT_EQ(plan.next(workers)->first, 20u);
  EXPECT_FALSE(plan.finished());
}

TEST(ChunkPlan, StopsAtTheLowestFailureAndFinishesWhatLiesBeforeIt) {
  ChunkPlan plan(100, 10);
  auto a = plan.next(workers);
  ASSERT_TRUE(plan.next(workers) && plan.next(workers));
  plan.failed(25);
  EXPECT_FALSE(plan.hasWork()) << "nothing behind the failure is handed out";
  EXPECT_FALSE(plan.finished()) << "an element before it may still fail";
  plan.lost(*a);
  plan.failed(13);
  auto again = plan.next(workers);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->first, 0u);
  plan.completed(*again, 1, 1);
  EXPECT_TRUE(plan.finished());
}

TEST(ChunkPlan, ReplacesAChunkThatWasTooLargeByItsHalves) {
  ChunkPlan plan(8, 8);
  ASSERT_TRUE(plan.next(workers));
  plan.replaced({0, 4}, {4, 4});
  EXPECT_EQ(plan.next(workers)->count, 4u);
  EXPECT_EQ(plan.next(workers)->first, 4u);
  EXPECT_FALSE(plan.next(workers));
}

TEST(ChunkPlan, SurvivesAnyOrderOfLossAndCompletion) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    ChunkPlan plan(1000, 0);
    std::vector<char> done(1000);
    std::vector<ElementRange> running;
    while (!plan.finished()) {
      if (running.size() < 4)
        if (auto range = plan.next(workers)) {
          running.push_back(*range);
          continue;
        }
      ASSERT_FALSE(running.empty()) << "seed " << seed;
      std::size_t which = random() % running.size();
      ElementRange range = running[which];
      running.erase(running.begin() + long(which));
      if (random() % 3 == 0)
        plan.lost(range);
      else {
        for (std::uint64_t i = range.first; i < range.end(); ++i)
          EXPECT_EQ(done[i]++, 0) << "element " << i << " twice, seed " << seed;
        plan.completed(range, range.count * (random() % 1'000'000), range.count * 8);
      }
    }
    EXPECT_EQ(std::count(done.begin(), done.end(), 1), 1000) << "seed " << seed;
  }
}

} // namespace
} // namespace roam
