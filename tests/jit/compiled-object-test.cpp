// Compiled objects: what is written is read again, damage and other makers are refused in words,
// and targets say what they run on.
#include "jit/slice/compiled-object.h"
#include <cstring>
#include <gtest/gtest.h>
#include <stdexcept>

namespace roam {
namespace {

ObjectTarget thisMachine() {
  return {"x86_64-pc-linux-gnu", "cascadelake", {"avx", "avx2", "sse4.2"}, "19.1.7"};
}

constexpr std::string_view code = "\177ELF and so on";

std::vector<std::byte> written() {
  return CompiledObject{Digest::of("a slice"), thisMachine(), 1'234'567'890'123,
                        std::as_bytes(std::span(code))}
      .write();
}

std::string complaint(std::span<const std::byte> bytes) {
  try {
    CompiledObject::read(bytes);
    return {};
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

std::string targetComplaint(std::string_view text) {
  try {
    ObjectTarget::parse(text);
    return {};
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

/// What whoever writes other bytes on purpose would do.
std::vector<std::byte> withItsHash(std::vector<std::byte> bytes) {
  Digest hash = Digest::of(std::span<const std::byte>(bytes).subspan(40));
  std::ranges::copy(hash.bytes(), bytes.begin() + 8);
  return bytes;
}

TEST(CompiledObjects, AreReadAsTheyWereWritten) {
  std::vector<std::byte> bytes = written();
  CompiledObject object = CompiledObject::read(bytes);
  EXPECT_EQ(object.slice, Digest::of("a slice"));
  EXPECT_EQ(object.target, thisMachine());
  EXPECT_EQ(object.compileNanoseconds, 1'234'567'890'123u);
  EXPECT_EQ(std::memcmp(object.code.data(), code.data(), code.size()), 0);
  EXPECT_EQ(object.code.size(), code.size());
  EXPECT_EQ((object.code.data() - bytes.data()) % 16, 0);
  EXPECT_EQ(object.write(), bytes);
}

TEST(CompiledObjects, ThatAreCutShortAnywhereAreRefused) {
  std::vector<std::byte> bytes = written();
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_NE(complaint(std::span(bytes).first(size)), "") << size << " bytes";
  bytes.push_back({});
  EXPECT_NE(complaint(bytes).find("damaged"), std::string::npos);
}

TEST(CompiledObjects, WithAnyBitFlippedAreRefused) {
  std::vector<std::byte> bytes = written();
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    bytes[bit / 8] ^= std::byte(1u << bit % 8);
    EXPECT_NE(complaint(bytes), "") << "bit " << bit;
    bytes[bit / 8] ^= std::byte(1u << bit % 8);
  }
  EXPECT_EQ(complaint(bytes), "");
}

TEST(CompiledObjects, OfOtherSizesThanTheySayAreRefusedThoughTheirHashIsRight) {
  for (std::size_t at : {80, 88}) // the size of the code, and of the target's text
    for (std::uint64_t size : {0ull, 1ull, 1'000'000ull, 1ull << 63, ~0ull, ~0ull - 14}) {
      std::vector<std::byte> bytes = written();
      std::memcpy(&bytes[at], &size, sizeof size);
      EXPECT_NE(complaint(withItsHash(bytes)), "") << size << " at " << at;
    }
  for (std::size_t size = 40; size < written().size(); ++size) {
    std::vector<std::byte> bytes = written();
    bytes.resize(size);
    EXPECT_NE(complaint(withItsHash(bytes)), "") << size << " bytes";
  }
}

TEST(CompiledObjects, OfAnOlderOrNewerRoamAreRefusedAsSuch) {
  std::vector<std::byte> bytes = written();
  bytes[7] = std::byte('1');
  EXPECT_EQ(complaint(bytes), "this compiled object can't be used: it was made by an older Roam "
                              "(layout 1; this one reads 2)");
  bytes[7] = std::byte('3');
  EXPECT_NE(complaint(bytes).find("made by a newer Roam"), std::string::npos);
  bytes[7] = std::byte('x');
  EXPECT_NE(complaint(bytes).find("does not begin like one"), std::string::npos);
}

TEST(CompiledObjects, TellWhichSliceTheyWereMadeFrom) {
  std::vector<std::byte> bytes = written();
  Digest other = Digest::of("another slice");
  std::ranges::copy(other.bytes(), bytes.begin() + 40);
  EXPECT_NE(complaint(bytes).find("damaged"), std::string::npos);
  EXPECT_EQ(CompiledObject::read(withItsHash(bytes)).slice, other);
}

TEST(ObjectTargets, AreOneLineThatIsReadAgain) {
  ObjectTarget target = thisMachine();
  EXPECT_EQ(target.toText(), "x86_64-pc-linux-gnu/cascadelake/llvm-19.1.7/O2/format-" +
                                 std::to_string(objectFormat) + "/avx,avx2,sse4.2");
  EXPECT_EQ(ObjectTarget::parse(target.toText()), target);
  target.features.clear();
  target.level = 0;
  EXPECT_EQ(ObjectTarget::parse(target.toText()), target);
}

TEST(ObjectTargets, ThatAreNoneAreRefused) {
  for (const char* text : {"",
                           "x",
                           "t/c/llvm-1/O2/format-5",
                           "t/c/llvm-1/O2/format-5/a/b",
                           "/c/llvm-1/O2/format-5/",
                           "t//llvm-1/O2/format-5/",
                           "t/c/gcc-1/O2/format-5/",
                           "t/c/llvm-/O2/format-5/",
                           "t/c/llvm-1/O4/format-5/",
                           "t/c/llvm-1/2/format-5/",
                           "t/c/llvm-1/O2/format-/",
                           "t/c/llvm-1/O2/format-05/",
                           "t/c/llvm-1/O2/format--5/",
                           "t/c/llvm-1/O2/format-99999999999/",
                           "t/c/llvm-1/O2/format-5/,",
                           "t/c/llvm-1/O2/format-5/a,",
                           "t/c/llvm-1/O2/format-5/b,a",
                           "t/c/llvm-1/O2/format-5/a,a",
                           "t/c/llvm-1/O2/format-5/a b",
                           "t/\n/llvm-1/O2/format-5/"})
    EXPECT_NE(targetComplaint(text).find("no target of an object"), std::string::npos) << text;
  EXPECT_NE(targetComplaint("t/" + std::string(20'000, 'c') + "/llvm-1/O2/format-5/"), "");
}

TEST(ObjectTargets, HaveKeysThatTellThemApart) {
  std::vector<ObjectTarget> targets(7, thisMachine());
  targets[1].triple = "aarch64-unknown-linux-gnu";
  targets[2].cpu = "znver3";
  targets[3].features.pop_back();
  targets[4].llvm = "19.1.6";
  targets[5].level = 0;
  targets[6].format = 4;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    EXPECT_EQ(targets[i].key().size(), 16u);
    for (std::size_t j = 0; j < targets.size(); ++j)
      EXPECT_EQ(targets[i].key() == targets[j].key(), i == j) << i << " and " << j;
  }
}

TEST(ObjectTargets, RunOnHostsWithAllTheirFeatures) {
  ObjectTarget generic = thisMachine();
  generic.cpu = "x86-64";
  generic.features = {"sse4.2"};
  generic.level = 0;
  EXPECT_EQ(thisMachine().refusalOn(thisMachine()), "");
  EXPECT_EQ(generic.refusalOn(thisMachine()), "");
  EXPECT_EQ(thisMachine().refusalOn(generic), "it may use avx and avx2, which this CPU lacks");
  generic.features.clear();
  EXPECT_EQ(thisMachine().refusalOn(generic),
            "it may use avx, avx2 and sse4.2, which this CPU lacks");
}

TEST(ObjectTargets, HaveMoreMeritTheBetterTheyFitAHost) {
  const ObjectTarget host = thisMachine();
  ObjectTarget quick = host, wide = host, narrow = host, narrowAndQuick = host;
  quick.level = 0;
  wide.cpu = narrow.cpu = narrowAndQuick.cpu = "x86-64";
  narrow.features = narrowAndQuick.features = {"sse4.2"};
  narrowAndQuick.level = 0;
  const ObjectTarget* targets[] = {&host, &quick, &wide, &narrow, &narrowAndQuick};
  for (std::size_t i = 1; i < std::size(targets); ++i)
    EXPECT_GT(targets[i - 1]->meritOn(host), targets[i]->meritOn(host)) << i;
}

TEST(ObjectTargets, SayWhyTheyDoNotRunOnAHost) {
  ObjectTarget other = thisMachine();
  other.triple = "aarch64-unknown-linux-gnu";
  EXPECT_EQ(other.refusalOn(thisMachine()),
            "it was made for aarch64-unknown-linux-gnu, but this peer is x86_64-pc-linux-gnu");
  other = thisMachine();
  other.llvm = "19.1.6";
  EXPECT_EQ(other.refusalOn(thisMachine()), "it was made by LLVM 19.1.6, but this peer has 19.1.7");
  ObjectTarget host = thisMachine();
  host.format = 5;
  other.format = 4;
  EXPECT_EQ(other.refusalOn(host),
            "it was made by an older Roam (object format 4; this one reads 5)");
  other.format = 6;
  EXPECT_EQ(other.refusalOn(host),
            "it was made by a newer Roam (object format 6; this one reads 5)");
}

} // namespace
} // namespace roam
