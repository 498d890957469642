// Digests: the hash itself, and its text.
#include "jit/slice/digest.h"
#include <gtest/gtest.h>
#include <unordered_set>

namespace roam {
namespace {

TEST(Digest, IsTheBlake3ValueOfTheBytes) {
  // From the test vectors of BLAKE3: the empty input, and 0, 1, ..., 250, 0, 1, ... of 1025 bytes.
  EXPECT_EQ(Digest::of("").toString(),
            "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
  std::string bytes;
  for (int i = 0; i < 1025; ++i)
    bytes += static_cast<char>(i % 251);
  EXPECT_EQ(Digest::of(bytes).toString(),
            "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444");
}

TEST(Digest, ReadsWhatItWrites) {
  Digest digest = Digest::of("a slice");
  EXPECT_EQ(Digest::parse(digest.toString()), digest);
  EXPECT_EQ(Digest::fromBytes(digest.bytes()), digest);
  std::string upper = digest.toString();
  for (char& c : upper)
    c = static_cast<char>(toupper(c));
  EXPECT_EQ(Digest::parse(upper), digest);
  EXPECT_EQ(digest.shortened(), digest.toString().substr(0, 12));
}

TEST(Digest, RefusesTextThatIsNone) {
  std::string text = Digest::of("a slice").toString();
  EXPECT_EQ(Digest::parse(""), std::nullopt);
  EXPECT_EQ(Digest::parse(text.substr(1)), std::nullopt);
  EXPECT_EQ(Digest::parse(text + "0"), std::nullopt);
  for (char bad : {'g', ' ', '/', ':', '@', 'G', '`', '\0', '\xff'}) {
    text.back() = bad;
    EXPECT_EQ(Digest::parse(text), std::nullopt) << bad;
  }
}

TEST(Digest, RefusesOtherNumbersOfBytes) {
  std::array<std::byte, 33> bytes{};
  for (std::size_t size : {0, 31, 33})
    EXPECT_EQ(Digest::fromBytes(std::span(bytes).first(size)), std::nullopt);
}

TEST(Digest, OrdersAndHashesByItsBytes) {
  Digest none, one = Digest::of("1"), two = Digest::of("2");
  EXPECT_NE(one, two);
  EXPECT_LT(none, one);
  std::unordered_set<Digest> set{one, two, one};
  EXPECT_EQ(set.size(), 2u);
}

} // namespace
} // namespace roam
