// Manifests: descriptions as text, records of this process, ELF files whole and damaged.
#include "elf-writer.h"
#include "jit/slice/manifest.h"
#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <random>

namespace roam {
namespace {

Description sample() {
  Description description;
  description.file = "a folder/with\ttab\\and\nline end.cpp";
  description.line = 12;
  description.column = 7;
  description.closureType = "main()::(lambda)";
  description.closureSize = 16;
  description.closureAlignment = 8;
  description.captures = {{"rate", "double", 0, 8}, {"*this", "Shape", 8, 8}};
  description.argumentType = "const std::string &";
  description.resultType = "double";
  description.code.functions = 9;
  description.code.instructions = 250;
  description.code.largest = {{"roam.root", 200}, {"_Z5twicei", 30}};
  description.code.state = {{"static", "_ZZ5twiceiE5calls"}};
  description.code.cpuFeatures = {"avx2", "fma"};
  return description;
}

void expectEqual(const Description& a, const Description& b) {
  EXPECT_EQ(a.toText(), b.toText());
  EXPECT_EQ(a.file, b.file);
  EXPECT_EQ(a.line, b.line);
  EXPECT_EQ(a.column, b.column);
  EXPECT_EQ(a.closureType, b.closureType);
  EXPECT_EQ(a.closureSize, b.closureSize);
  EXPECT_EQ(a.closureAlignment, b.closureAlignment);
  ASSERT_EQ(a.captures.size(), b.captures.size());
  for (std::size_t i = 0; i < a.captures.size(); ++i) {
    EXPECT_EQ(a.captures[i].name, b.captures[i].name);
    EXPECT_EQ(a.captures[i].type, b.captures[i].type);
    EXPECT_EQ(a.captures[i].offset, b.captures[i].offset);
    EXPECT_EQ(a.captures[i].size, b.captures[i].size);
  }
  EXPECT_EQ(a.argumentType, b.argumentType);
  EXPECT_EQ(a.resultType, b.resultType);
  EXPECT_EQ(a.code.functions, b.code.functions);
  EXPECT_EQ(a.code.instructions, b.code.instructions);
  ASSERT_EQ(a.code.largest.size(), b.code.largest.size());
  for (std::size_t i = 0; i < a.code.largest.size(); ++i) {
    EXPECT_EQ(a.code.largest[i].name, b.code.largest[i].name);
    EXPECT_EQ(a.code.largest[i].instructions, b.code.largest[i].instructions);
  }
  ASSERT_EQ(a.code.state.size(), b.code.state.size());
  for (std::size_t i = 0; i < a.code.state.size(); ++i) {
    EXPECT_EQ(a.code.state[i].kind, b.code.state[i].kind);
    EXPECT_EQ(a.code.state[i].name, b.code.state[i].name);
  }
  EXPECT_EQ(a.code.cpuFeatures, b.code.cpuFeatures);
}

std::vector<TestEntry> sampleEntries() {
  return {{"first slice", {"crc32", "memcpy"}, sample()}, {"second", {}, {}}};
}

void expectSampleEntries(const std::vector<ManifestEntry>& read) {
  auto written = sampleEntries();
  ASSERT_EQ(read.size(), written.size());
  for (std::size_t i = 0; i < read.size(); ++i) {
    EXPECT_EQ(read[i].digest, Digest::of(written[i].slice));
    EXPECT_EQ(read[i].slice, written[i].slice);
    EXPECT_EQ(read[i].needs, written[i].needs);
    expectEqual(read[i].description, written[i].description);
  }
}

/// What readManifest says about a bad file.
std::string complaint(std::string_view file) {
  try {
    readManifest(file);
    return {};
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

TEST(Description, ReadsWhatItWrites) {
  expectEqual(Description::parse(sample().toText()), sample());
  expectEqual(Description::parse(Description().toText()), Description());
}

TEST(Description, IsOneFactALine) {
  Description description;
  description.file = "pricing.cpp";
  description.line = 3;
  description.column = 9;
  description.closureType = "F";
  description.closureSize = description.closureAlignment = 4;
  description.captures = {{"x", "int", 0, 4}};
  description.argumentType = "int";
  description.resultType = "long";
  EXPECT_EQ(description.toText(),
            "place\tpricing.cpp\t3\t9\nclosure\tF\t4\t4\ncapture\tx\tint\t0\t4\n"
            "argument\tint\nresult\tlong\n");
}

TEST(Description, SkipsWhatANewerPluginSays) {
  auto description = Description::parse("colour\tred\nargument\tint\n\nfuture\n");
  EXPECT_EQ(description.argumentType, "int");
}

TEST(Description, RefusesDamagedLines) {
  for (const char* text :
       {"place\ta.cpp\t1\n", "place\ta.cpp\t1\t2\t3\n", "place\ta.cpp\tx\t2\n",
        "place\ta.cpp\t\t2\n", "place\ta.cpp\t-1\t2\n", "place\ta.cpp\t99999999999\t2\n",
        "closure\tF\t1\n", "closure\tF\t1\t2x\n", "capture\ta\tint\t0\n", "argument\n",
        "result\ta\tb\n", "functions\t1\n", "functions\tx\t1\n", "function\tf\t\n",
        "state\tstatic\n", "cpu\n"})
    EXPECT_THROW(Description::parse(text), std::runtime_error) << text;
}

TEST(Manifest, OfThisProcessIsReadInPlace) {
  struct {
    EntryRecord record;
    char code[512];
  } memory{};
  std::string needs("crc32\0memcpy\0", 13), text = sample().toText(), slice = "bitcode";
  std::string all = slice + needs + text;
  ASSERT_LE(all.size(), sizeof memory.code);
  std::memcpy(memory.code, all.data(), all.size());
  std::memcpy(memory.record.digest, Digest::of(slice).bytes().data(), Digest::size);
  memory.record.slice = sizeof(EntryRecord);
  memory.record.sliceSize = slice.size();
  memory.record.needs = static_cast<std::int64_t>(sizeof(EntryRecord) + slice.size());
  memory.record.needsSize = needs.size();
  memory.record.description = memory.record.needs + static_cast<std::int64_t>(needs.size());
  memory.record.descriptionSize = text.size();

  ManifestEntry entry = readRecord(memory.record);
  EXPECT_EQ(entry.digest, Digest::of(slice));
  EXPECT_EQ(entry.slice, slice);
  EXPECT_EQ(entry.slice.data(), memory.code);
  EXPECT_EQ(entry.needs, (std::vector<std::string>{"crc32", "memcpy"}));
  expectEqual(entry.description, sample());
}

TEST(Manifest, OfASharedObjectIsFoundThroughItsAddresses) {
  std::string file = sharedObject(sampleEntries());
  auto entries = readManifest(file);
  expectSampleEntries(entries);
  EXPECT_GE(entries[0].slice.data(), file.data()); // a view of the file, no copy
  EXPECT_LT(entries[0].slice.data(), file.data() + file.size());
}

TEST(Manifest, OfARelocatableObjectIsFoundThroughItsRelocations) {
  std::string file = relocatableObject(sampleEntries());
  expectSampleEntries(readManifest(file));
  EXPECT_NE(complaint(relocatableObject(sampleEntries(), R_X86_64_64)).find("link it first"),
            std::string::npos);
}

TEST(Manifest, IsEmptyForAFileWithoutOne) {
  EXPECT_TRUE(readManifest(emptyObject()).empty());
  std::ifstream self("/proc/self/exe", std::ios::binary);
  std::string program{std::istreambuf_iterator<char>(self), {}};
  EXPECT_TRUE(readManifest(program).empty());
}

TEST(Manifest, SaysWhatIsWrongWithAFile) {
  EXPECT_NE(complaint("").find("not an ELF file"), std::string::npos);
  EXPECT_NE(complaint("#!/bin/sh\nexit 0\n").find("not an ELF file"), std::string::npos);
  std::string file = sharedObject(sampleEntries());
  auto changed = [&](std::size_t offset, char value) {
    std::string other = file;
    other[offset] = value;
    return complaint(other);
  };
  EXPECT_NE(changed(offsetof(Elf64_Ehdr, e_machine), EM_386).find("another kind of machine"),
            std::string::npos);
  EXPECT_NE(changed(EI_CLASS, ELFCLASS32).find("another kind of machine"), std::string::npos);
  EXPECT_NE(changed(offsetof(Elf64_Ehdr, e_type), ET_CORE).find("neither an executable"),
            std::string::npos);
  std::string stripped = file;
  std::memset(stripped.data() + offsetof(Elf64_Ehdr, e_shoff), 0, 8);
  EXPECT_NE(complaint(stripped).find("section headers were stripped"), std::string::npos);
}

TEST(Manifest, RefusesASliceThatIsNotWhatItsDigestSays) {
  std::string file = sharedObject(sampleEntries());
  file[file.find("first slice")] = 'F';
  EXPECT_NE(complaint(file).find("is not what its digest says"), std::string::npos);
}

TEST(Manifest, RefusesARecordThatPointsElsewhere) {
  std::string file = sharedObject(sampleEntries());
  Digest digest = Digest::of("first slice");
  std::size_t record = file.find(
      std::string_view(reinterpret_cast<const char*>(digest.bytes().data()), Digest::size));
  ASSERT_NE(record, std::string::npos);
  for (std::uint64_t value : {std::uint64_t{0}, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    std::string other = file;
    std::memcpy(other.data() + record + offsetof(EntryRecord, slice), &value, sizeof value);
    EXPECT_NE(complaint(other).find("points outside the section"), std::string::npos) << value;
  }
  for (std::uint64_t size : {std::uint64_t{1} << 20, ~std::uint64_t{0}}) {
    std::string other = file;
    std::memcpy(other.data() + record + offsetof(EntryRecord, sliceSize), &size, sizeof size);
    EXPECT_NE(complaint(other).find("points outside the section"), std::string::npos) << size;
  }
}

TEST(Manifest, RefusesAFileCutShortAnywhere) {
  for (const std::string& file :
       {sharedObject(sampleEntries()), relocatableObject(sampleEntries())})
    for (std::size_t size = 0; size < file.size(); ++size) {
      std::string cut =
          file.substr(0, size); // its own allocation, so that a sanitizer sees reads behind it
      EXPECT_FALSE(complaint(cut).empty()) << size << " of " << file.size() << " bytes";
    }
}

TEST(Manifest, OfADamagedFileIsRefusedOrTrue) {
  std::mt19937 random(3);
  for (const std::string& file :
       {sharedObject(sampleEntries()), relocatableObject(sampleEntries())})
    for (int i = 0; i < 10'000; ++i) {
      std::string mutant = file;
      for (unsigned flips = 1 + random() % 4; flips-- > 0;)
        mutant[random() % mutant.size()] ^= static_cast<char>(1 << random() % 8);
      try {
        for (const ManifestEntry& entry : readManifest(mutant))
          ASSERT_EQ(Digest::of(entry.slice), entry.digest);
      } catch (const std::runtime_error&) {
      }
    }
}

} // namespace
} // namespace roam
