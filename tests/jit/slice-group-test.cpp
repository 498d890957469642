// Slice groups: what is written is read again, equal groups are equal bytes, and damaged bytes are
// refused.
#include "jit/slice/slice-group.h"
#include <gtest/gtest.h>
#include <random>
#include <stdexcept>

namespace roam {
namespace {

SliceGroup sample() {
  SliceGroup group;
  group.libraries = {{"libpng16.so.16", "png_get_rows"}, {"libz.so.1", "crc32"}};
  group.members = {{"", "the entry"}, {"_Z3feei", std::string_view("fee\0fee", 7)}, {"price", "p"}};
  group.targets = {"price", "_Z3feei", "price"};
  return group;
}

std::string complaint(std::string_view bytes) {
  try {
    SliceGroup::read(bytes);
    return {};
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

std::string number(std::uint32_t value) {
  return {char(value), char(value >> 8), char(value >> 16), char(value >> 24)};
}
std::string text(std::string_view value) {
  return number(std::uint32_t(value.size())) + std::string(value);
}

const std::string begin = "RoamGrp1", none = number(0);

TEST(SliceGroups, AreReadAsTheyWereWritten) {
  std::string bytes = sample().write();
  ASSERT_TRUE(SliceGroup::isGroup(bytes));
  SliceGroup group = SliceGroup::read(bytes);
  ASSERT_EQ(group.libraries.size(), 2u);
  EXPECT_EQ(group.libraries[1].soname, "libz.so.1");
  EXPECT_EQ(group.libraries[1].symbol, "crc32");
  ASSERT_EQ(group.members.size(), 3u);
  EXPECT_EQ(group.members[0].name, "");
  EXPECT_EQ(group.members[0].slice, "the entry");
  EXPECT_EQ(group.members[1].slice, std::string_view("fee\0fee", 7));
  EXPECT_EQ(group.targets, sample().targets);
}

TEST(SliceGroups, AreTheSameBytesInWhateverOrderTheirPartsWereFound) {
  SliceGroup other = sample();
  std::swap(other.libraries[0], other.libraries[1]);
  std::swap(other.members[1], other.members[2]);
  EXPECT_EQ(other.write(), sample().write());
  std::swap(other.targets[0], other.targets[1]); // this order has a meaning
  EXPECT_NE(other.write(), sample().write());
}

TEST(SliceGroups, AreToldFromBitcode) {
  EXPECT_FALSE(SliceGroup::isGroup(""));
  EXPECT_FALSE(SliceGroup::isGroup("BC\xC0\xDE"
                                   "bitcode"));
  EXPECT_NE(complaint("BC\xC0\xDE"
                      "bitcode"),
            "");
}

TEST(SliceGroups, ThatAreCutShortOrTooLongAreRefused) {
  std::string bytes = sample().write();
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_NE(complaint(bytes.substr(0, size)), "") << size;
  EXPECT_NE(complaint(bytes + '\0'), "");
}

TEST(SliceGroups, DoNotMakeTheReaderAllocateWhatACountPromises) {
  for (std::uint32_t count : {0xffffffffu, 0x80000000u, 1000u}) {
    EXPECT_NE(complaint(begin + number(count)), "");
    EXPECT_NE(complaint(begin + none + number(count) + text("") + text("code")), "");
    EXPECT_NE(complaint(begin + none + number(1) + text("") + text("code") + number(count)), "");
    EXPECT_NE(complaint(begin + number(1) + number(count) + "libz.so.1"), "");
  }
}

TEST(SliceGroups, HoldNoNameTwiceAndNoNameOutOfOrder) {
  auto withMembers = [](const std::string& one, const std::string& two) {
    return begin + none + number(3) + text("") + text("e") + text(one) + text("a") + text(two) +
           text("b") + none;
  };
  EXPECT_EQ(complaint(withMembers("f", "g")), "");
  EXPECT_NE(complaint(withMembers("g", "g")), "");
  EXPECT_NE(complaint(withMembers("g", "f")), "");
  EXPECT_NE(complaint(withMembers("", "f")), "");
  EXPECT_NE(complaint(withMembers(std::string("a\0b", 3), "f")), "");
  std::string library = text("liba.so") + text("f");
  EXPECT_NE(
      complaint(begin + number(2) + library + library + number(1) + text("") + text("e") + none),
      "");
}

TEST(SliceGroups, BeginWithTheEntryAndHaveNoEmptyCode) {
  EXPECT_NE(complaint(begin + none + none + none), "");
  EXPECT_NE(complaint(begin + none + number(1) + text("f") + text("code") + none), "");
  EXPECT_NE(complaint(begin + none + number(1) + text("") + text("") + none), "");
}

TEST(SliceGroups, NameLibrariesAndNoFiles) {
  auto withLibrary = [](const std::string& name) {
    return begin + number(1) + text(name) + text("f") + number(1) + text("") + text("e") + none;
  };
  EXPECT_EQ(complaint(withLibrary("libz.so.1")), "");
  for (const char* name : {"/tmp/evil.so", "../evil.so", "evil/libz.so", "", ".", ".."})
    EXPECT_NE(complaint(withLibrary(name)), "") << name;
}

TEST(SliceGroups, WithFlippedBytesAreReadOrRefused) {
  std::mt19937 random(7);
  std::string bytes = sample().write();
  for (int i = 0; i < 20'000; ++i) {
    std::string damaged = bytes;
    for (unsigned flips = 1 + random() % 3; flips > 0; --flips)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    if (complaint(damaged).empty()) {
      EXPECT_EQ(SliceGroup::read(damaged).write(), damaged);
    }
  }
}

} // namespace
} // namespace roam
