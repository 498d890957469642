// Bundles: what is written is read again, equal contents are equal bytes, and other bytes than were
// written are refused, at the latest where they are used.
#include "jit/slice/bundle-file.h"
#include "jit/slice/bundle-writer.h"
#include "jit/slice/bundle.h"
#include "tests/support/temporary-folder.h"
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <stdexcept>
#include <unistd.h>

namespace roam {
namespace {

using Bytes = std::vector<std::byte>;

Bytes bytesOf(std::string_view text) {
  auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::string textOf(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

ObjectTarget target(const std::string& cpu) {
  return {.triple = "x86_64-pc-linux-gnu", .cpu = cpu, .features = {"sse2"}, .llvm = "19.1.7"};
}

Bytes object(const Digest& slice, const std::string& cpu, std::string_view code = "machine code") {
  Bytes bytes = bytesOf(code);
  return CompiledObject{slice, target(cpu), 1000, bytes}.write();
}

const std::string one = "slice one", two = "slice two", three = "slice three";

Bytes sample() {
  BundleWriter writer;
  Digest first = writer.addCode(one, "closure\tC\t8\t8\n", 7);
  writer.addCode(two, "", 0);
  Digest third = writer.addCode(three, "about three", 1);
  writer.addObject(object(first, "znver3"));
  writer.addObject(object(first, "haswell", "other code"));
  writer.addObject(object(third, "haswell"));
  return writer.write();
}

/// Reads everything, and says what is wrong with it.
std::string complaint(std::span<const std::byte> bytes) {
  try {
    BundleWriter().add(Bundle::read(bytes));
    return {};
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

void put(Bytes& bytes, std::size_t at, std::uint64_t number, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i)
    bytes[at + i] = static_cast<std::byte>(number >> (8 * i));
}

/// After a change in the table, as somebody would who means it.
void makeDigestRight(Bytes& bytes) {
  std::uint64_t size = 0;
  for (unsigned i = 0; i < 8; ++i)
    size |= std::to_integer<std::uint64_t>(bytes[8 + i]) << (8 * i);
  Digest digest = Digest::of(std::span<const std::byte>(bytes).subspan(64, size));
  std::ranges::copy(digest.bytes(), bytes.begin() + 32);
}

TEST(Bundles, AreReadAsTheyWereWritten) {
  Bytes bytes = sample();
  Bundle bundle = Bundle::read(bytes);
  ASSERT_EQ(bundle.entries().size(), 3u);
  const BundleEntry* entry = bundle.find(Digest::of(one));
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->weight, 7u);
  EXPECT_EQ(textOf(entry->code.take()), one);
  EXPECT_EQ(textOf(entry->description.take()), "closure\tC\t8\t8\n");
  ASSERT_EQ(entry->objects.size(), 2u);
  EXPECT_EQ(*entry->objects[0].target, target("haswell"));
  EXPECT_EQ(*entry->objects[1].target, target("znver3"));
  EXPECT_EQ(textOf(CompiledObject::read(entry->objects[0].take()).code), "other code");
  EXPECT_EQ(bundle.targets().size(), 2u);
  EXPECT_TRUE(bundle.find(Digest::of(two))->objects.empty());
  EXPECT_EQ(bundle.find(Digest::of("another")), nullptr);
  EXPECT_TRUE(bundle.signatures().empty());
}

TEST(Bundles, MayBeEmpty) {
  Bytes bytes = BundleWriter().write();
  EXPECT_TRUE(Bundle::read(bytes).entries().empty());
  EXPECT_EQ(Bundle::read(bytes).find(Digest::of(one)), nullptr);
}

TEST(Bundles, AreTheSameBytesInWhateverOrderTheirPartsWereAdded) {
  BundleWriter writer;
  Digest third = writer.addCode(three, "about three", 1);
  writer.addObject(object(third, "haswell"));
  writer.addCode(two, "", 0);
  Digest first = writer.addCode(one, "closure\tC\t8\t8\n", 3);
  writer.addObject(object(first, "haswell", "other code"));
  writer.addObject(object(first, "znver3"));
  writer.addCode(one, "not used: it has one", 4);
  EXPECT_EQ(writer.write(), sample());
}

TEST(Bundles, ThatAreReadAndWrittenAgainAreTheSameBytes) {
  Bytes bytes = sample();
  BundleWriter writer;
  writer.add(Bundle::read(bytes));
  EXPECT_EQ(writer.write(), bytes);
}

TEST(Bundles, AddWeightsUpToTheLargestNumber) {
  BundleWriter writer;
  writer.addCode(one, "", std::numeric_limits<std::uint64_t>::max() - 1);
  writer.addCode(one, "", 5);
  Bytes bytes = writer.write();
  EXPECT_EQ(Bundle::read(bytes).entries()[0].weight, std::numeric_limits<std::uint64_t>::max());
}

TEST(Bundles, TakeNoObjectWithoutItsSlice) {
  BundleWriter writer;
  writer.addCode(one, "", 0);
  EXPECT_THROW(writer.addObject(object(Digest::of(two), "znver3")), std::runtime_error);
  EXPECT_THROW(writer.addObject(bytesOf("no object")), std::runtime_error);
}

TEST(Bundles, HaveADigestOfTheirContentThatSignaturesDoNotChange) {
  Bytes bytes = sample(), withSignature = bytes;
  BundleSignature signature;
  signature.key.fill(1);
  signature.value.fill(2);
  for (int i = 0; i < 300; ++i) // more than fit one byte of the count
    appendSignature(withSignature, signature);
  Bundle bundle = Bundle::read(withSignature);
  ASSERT_EQ(bundle.signatures().size(), 300u);
  EXPECT_EQ(bundle.signatures()[299].key, signature.key);
  EXPECT_EQ(bundle.signatures()[299].value, signature.value);
  EXPECT_EQ(bundle.contentDigest(), Bundle::read(bytes).contentDigest());
}

TEST(Bundles, ThatAreCutShortOrTooLongAreRefused) {
  Bytes bytes = sample();
  appendSignature(bytes, {});
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_NE(complaint(std::span(bytes).first(size)), "") << size;
  bytes.push_back(std::byte(0));
  EXPECT_NE(complaint(bytes), "");
}

TEST(Bundles, WithAFlippedBitAreRefusedAtTheLatestWhenThePartIsTaken) {
  Bytes bytes = sample();
  ASSERT_EQ(complaint(bytes), "");
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    Bytes damaged = bytes;
    damaged[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    EXPECT_NE(complaint(damaged), "") << "bit " << bit;
  }
}

TEST(Bundles, AreOpenedWithDamagedPartsAndGiveTheOthers) {
  Bytes bytes = sample();
  std::string text = textOf(bytes);
  bytes[text.find(two)] = std::byte('S');
  Bundle bundle = Bundle::read(bytes);
  EXPECT_THROW(bundle.find(Digest::of(two))->code.take(), std::runtime_error);
  EXPECT_EQ(textOf(bundle.find(Digest::of(one))->code.take()), one);
}

TEST(Bundles, OfAnotherLayoutAreRefusedAndSaySo) {
  Bytes bytes = sample();
  bytes[7] = std::byte('0');
  EXPECT_NE(complaint(bytes).find("another layout, 'RoamBnd0'"), std::string::npos)
      << complaint(bytes);
  EXPECT_EQ(complaint(bytesOf("\177ELF and so on")), "this is not a bundle of Roam");
}

/// Where the first row of an entry begins in sample(): behind the targets.
std::size_t entriesAt(const Bytes& bytes) {
  std::size_t at = 64 + 4;
  Bundle bundle = Bundle::read(bytes);
  for (const ObjectTarget& target : bundle.targets())
    at += 4 + target.toText().size();
  return at + 4;
}

TEST(Bundles, HoldNoDigestTwiceAndNoneOutOfOrder) {
  Bytes bytes = sample();
  std::size_t row = entriesAt(bytes);
  for (std::byte filler : {std::byte(0xff), std::byte(0)}) { // behind the second; not behind zero
    Bytes changed = bytes;
    std::fill_n(changed.begin() + static_cast<long>(row), Digest::size, filler);
    makeDigestRight(changed);
    if (filler == std::byte(0xff)) {
      EXPECT_NE(complaint(changed).find("not in order"), std::string::npos) << complaint(changed);
    } else {
      EXPECT_NE(complaint(changed), "") << "its code is another";
    }
  }
}

TEST(Bundles, HaveOnlyObjectsForTheirOwnTargetsAndEachOnce) {
  BundleWriter writer;
  Digest digest = writer.addCode(one, "", 0);
  writer.addObject(object(digest, "haswell"));
  writer.addObject(object(digest, "znver3"));
  Bytes bytes = writer.write();
  std::size_t first = entriesAt(bytes) + 88, second = first + 44;
  for (auto [at, index] :
       {std::pair(first, 1u), {second, 0u}, {second, 2u}, {second, 0xffffffffu}}) {
    Bytes changed = bytes;
    put(changed, at, index, 4);
    makeDigestRight(changed);
    EXPECT_NE(complaint(changed).find("an object of entry"), std::string::npos)
        << complaint(changed);
  }
}

TEST(Bundles, GiveNoObjectThatIsOfAnotherSliceOrForAnotherTarget) {
  BundleWriter writer;
  Digest digest = writer.addCode(one, "", 0);
  writer.addObject(object(digest, "haswell"));
  Bytes bytes = writer.write();
  std::size_t at = bytes.size() - object(digest, "haswell").size();
  std::size_t digestAt = entriesAt(bytes) + 88 + 12;
  for (const Bytes& other : {object(Digest::of(two), "haswell"), object(digest, "icelake")}) {
    Bytes changed = bytes;
    ASSERT_EQ(other.size(), changed.size() - at);
    std::ranges::copy(other, changed.begin() + static_cast<long>(at));
    std::ranges::copy(Digest::of(other).bytes(), changed.begin() + static_cast<long>(digestAt));
    makeDigestRight(changed);
    EXPECT_NE(complaint(changed).find("is for another slice or target"), std::string::npos)
        << complaint(changed);
  }
}

TEST(Bundles, DoNotMakeTheReaderAllocateOrReadWhatANumberPromises) {
  Bytes bytes = sample();
  std::size_t row = entriesAt(bytes);
  struct Place {
    std::size_t at, size;
  };
  for (Place place : {Place{8, 8},
                      {16, 8},
                      {24, 4},
                      {64, 4},
                      {68, 4},
                      {row - 4, 4},
                      {row + 40, 8},
                      {row + 48, 4},
                      {row + 84, 4}})
    for (std::uint64_t number : {~0ull, 1ull << (8 * place.size - 1), 1000ull}) {
      Bytes changed = bytes;
      put(changed, place.at, number, place.size);
      if (place.at >= 64)
        makeDigestRight(changed);
      EXPECT_NE(complaint(changed), "") << place.at << ": " << number;
    }
}

TEST(Bundles, WithChangedTablesAreReadOrRefused) {
  std::mt19937 random(11);
  Bytes bytes = sample();
  for (int i = 0; i < 20'000; ++i) {
    Bytes changed = bytes;
    for (unsigned flips = 1 + random() % 3; flips > 0; --flips)
      changed[64 + random() % (changed.size() - 64)] = static_cast<std::byte>(random());
    makeDigestRight(changed);
    complaint(changed);
  }
}

class BundleFiles : public testing::Test {
 protected:
  std::string file(const Bytes& bytes) {
    std::string path = folder_.file("shared.roam");
    std::ofstream(path, std::ios::binary) << textOf(bytes);
    return path;
  }
  std::string refusal(const std::string& path) {
    try {
      BundleFile opened(path);
      return {};
    } catch (const std::runtime_error& error) {
      return error.what();
    }
  }

  test::TemporaryFolder folder_;
};

TEST_F(BundleFiles, AreMappedAndStayWhenTheFileIsReplaced) {
  BundleFile opened(file(sample()));
  BundleFile moved = std::move(opened);
  std::filesystem::remove(moved.path());
  EXPECT_EQ(textOf(moved.bundle().find(Digest::of(one))->objects[1].take()),
            textOf(object(Digest::of(one), "znver3")));
  EXPECT_EQ(moved.bytes().size(), sample().size());
}

TEST_F(BundleFiles, ThatCanNotBeUsedAreRefusedWithTheirNameAndTheReason) {
  Bytes bytes = sample();
  bytes.resize(bytes.size() / 2);
  EXPECT_EQ(refusal(file(bytes)), "can't open the bundle " + folder_.file("shared.roam") +
                                      ": this bundle is damaged: it is cut short");
  EXPECT_NE(refusal(file({})).find("it is empty"), std::string::npos);
  EXPECT_NE(refusal(folder_.path()).find("it is not a file"), std::string::npos);
  EXPECT_NE(refusal(folder_.file("none")).find("No such file"), std::string::npos);
}

} // namespace
} // namespace roam
