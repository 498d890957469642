// What the slice store keeps, refuses and forgets.
#include "net/slice-store.h"
#include "tests/net/peers.h"

using namespace roam;
using namespace roam::test;

TEST(SliceStore, GivesBackWhatWasPut) {
  net::SliceStore store;
  std::string slice = "some code";
  ASSERT_TRUE(store.put(Digest::of(slice), bytesOf(slice)));
  auto held = store.find(Digest::of(slice));
  ASSERT_NE(held, nullptr);
  EXPECT_EQ(*held, bytesOf(slice));
  EXPECT_EQ(store.find(Digest::of(std::string_view("other"))), nullptr);
}

TEST(SliceStore, RefusesBytesThatAreNotWhatTheDigestSays) {
  net::SliceStore store;
  std::string slice(1000, 'a');
  Digest digest = Digest::of(slice);
  for (std::size_t bit = 0; bit < 8 * slice.size(); bit += 37) {
    std::string flipped = slice;
    flipped[bit / 8] ^= char(1 << (bit % 8));
    EXPECT_FALSE(store.put(digest, bytesOf(flipped)));
  }
  EXPECT_FALSE(store.put(digest, bytesOf(slice.substr(0, 999))));
  EXPECT_FALSE(store.put(digest, nullptr));
  EXPECT_EQ(store.count(), 0u);
  EXPECT_EQ(store.counters().refused, 8u * 1000 / 37 + 1 + 2);
}

TEST(SliceStore, ForgetsTheLeastRecentlyUsedOverItsLimit) {
  net::SliceStore store(3000);
  std::vector<std::string> slices;
  for (char c = 'a'; c < 'a' + 4; ++c)
    slices.emplace_back(1000, c);
  auto digest = [&](int i) { return Digest::of(slices[i]); };
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(store.put(digest(i), bytesOf(slices[i])));
  ASSERT_NE(store.find(digest(0)), nullptr);
  ASSERT_TRUE(store.put(digest(3), bytesOf(slices[3])));
  EXPECT_TRUE(store.has(digest(0)));
  EXPECT_FALSE(store.has(digest(1)));
  EXPECT_TRUE(store.has(digest(2)));
  EXPECT_EQ(store.bytes(), 3000u);
  EXPECT_EQ(store.counters().evicted, 1u);
}

TEST(SliceStore, WhoHoldsAForgottenSliceKeepsItsBytes) {
  net::SliceStore store(1000);
  std::string first(800, 'a'), second(900, 'b');
  ASSERT_TRUE(store.put(Digest::of(first), bytesOf(first)));
  auto held = store.find(Digest::of(first));
  ASSERT_TRUE(store.put(Digest::of(second), bytesOf(second)));
  EXPECT_FALSE(store.has(Digest::of(first)));
  EXPECT_EQ(*held, bytesOf(first));
  EXPECT_EQ(store.bytes(), 900u);
}

TEST(SliceStore, KeepsASliceThatAloneIsOverTheLimit) {
  net::SliceStore store(10);
  std::string large(100, 'a'), small = "b";
  ASSERT_TRUE(store.put(Digest::of(large), bytesOf(large)));
  EXPECT_TRUE(store.has(Digest::of(large)));
  ASSERT_TRUE(store.put(Digest::of(small), bytesOf(small)));
  EXPECT_FALSE(store.has(Digest::of(large)));
  EXPECT_EQ(store.bytes(), 1u);
}

TEST(SliceStore, KeepsTheFirstDescriptionOfASliceAndCountsIt) {
  net::SliceStore store(1000);
  std::string slice(500, 'a'), other(490, 'b');
  ASSERT_TRUE(store.put(Digest::of(slice), bytesOf(slice)));
  EXPECT_EQ(store.descriptionOf(Digest::of(slice)), ""_kj);
  ASSERT_TRUE(store.put(Digest::of(slice), bytesOf(slice), "a lambda"));
  ASSERT_TRUE(store.put(Digest::of(slice), bytesOf(slice), "another"));
  EXPECT_EQ(store.descriptionOf(Digest::of(slice)), "a lambda"_kj);
  EXPECT_EQ(store.descriptionOf(Digest::of(other)), ""_kj);
  EXPECT_EQ(store.bytes(), 508u);
  ASSERT_TRUE(store.put(Digest::of(other), bytesOf(other), "more"));
  EXPECT_EQ(store.bytes(), 508u + 494u) << "a few bytes over, until the next slice comes";
  std::string third(1, 'c');
  ASSERT_TRUE(store.put(Digest::of(third), bytesOf(third)));
  EXPECT_EQ(store.bytes(), 495u);
}

/// One slice that is not in memory.
class OneSlice final : public net::SliceSource {
 public:
  explicit OneSlice(std::string bytes) : bytes(std::move(bytes)), digest(Digest::of(this->bytes)) {}
  bool has(const Digest& asked) const override { return asked == digest; }
  kj::ArrayPtr<const kj::byte> slice(const Digest&) override { return bytesOf(bytes); }
  std::string description(const Digest&) override { return "one"; }

  std::string bytes;
  Digest digest;
};

TEST(SliceStore, HasWhatItsSourceHasAndPutsItWhenAskedForIt) {
  OneSlice source("of a bundle");
  net::SliceStore store(1000, &source);
  EXPECT_TRUE(store.has(source.digest));
  EXPECT_EQ(store.count(), 0u);
  auto held = store.find(source.digest);
  ASSERT_NE(held, nullptr);
  EXPECT_EQ(*held, bytesOf(source.bytes));
  EXPECT_EQ(store.descriptionOf(source.digest), "one");
}

TEST(SliceStore, DoesNotTakeADamagedSliceFromItsSource) {
  OneSlice source("of a bundle");
  source.bytes[0] ^= 1;
  net::SliceStore store(1000, &source);
  EXPECT_EQ(store.find(source.digest), nullptr);
  EXPECT_TRUE(store.put(source.digest, bytesOf("of a bundle"))); // an origin sends it
  EXPECT_NE(store.find(source.digest), nullptr);
}
