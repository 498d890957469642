// What travels for an entry: nothing but its slice, or a group with all that it reaches. The
// records are made up here; the libraries are those of this process.
#include "roam/error.h"
#include "runtime/code-packing.h"
#include "runtime/process-symbols.h"
#include <cstring>
#include <deque>
#include <gtest/gtest.h>
#include <thread>

/// Linked into this program, without the plugin, and in no table.
int definedHere(int x) {
  return x + 1;
}

namespace roam {
namespace {

/// Records in memory as the linker lays them out, with what they point to.
class Records {
 public:
  explicit Records(std::size_t most) { records_.reserve(most); } // records stay where they are

  const EntryRecord& add(const std::string& slice, const std::vector<std::string>& needs,
                         const Description& description) {
    EntryRecord& record = records_.emplace_back();
    std::memcpy(record.digest, Digest::of(slice).bytes().data(), Digest::size);
    std::string names;
    for (const std::string& need : needs)
      names.append(need).push_back('\0');
    auto place = [&](std::string bytes, std::int64_t& distance, std::uint64_t& size) {
      const std::string& kept = bytes_.emplace_back(std::move(bytes));
      distance = kept.data() - reinterpret_cast<const char*>(&record);
      size = kept.size();
    };
    place(slice, record.slice, record.sliceSize);
    place(names, record.needs, record.needsSize);
    place(description.toText(), record.description, record.descriptionSize);
    return record;
  }
  const EntryRecord& addFunction(const std::string& symbol, const std::vector<std::string>& needs,
                                 const std::string& refusal = "") {
    Description description;
    description.symbol = symbol;
    description.refusal = refusal;
    return add(refusal.empty() ? "code of " + symbol : "", needs, description);
  }
  std::span<const EntryRecord> all() const { return records_; }

 private:
  std::vector<EntryRecord> records_;
  std::deque<std::string> bytes_;
};

class CodePacking : public ::testing::Test {
 protected:
  const EntryRecord& entry(const std::vector<std::string>& needs) {
    Description description;
    description.file = "orders.cpp";
    description.line = 12;
    return entries_.add("the entry", needs, description);
  }
  std::string refusal(const EntryRecord& entry) {
    try {
      packer_.pack(entry, functions_.all());
      return "it was not refused";
    } catch (const Refused& error) {
      return error.what();
    }
  }

  Records entries_{8}, functions_{8};
  CodePacker packer_;
};

TEST_F(CodePacking, SaysWhetherAFunctionThatGoesAlongUsesPeerLocalVariables) {
  functions_.addFunction("_Z4feesv", {"roam.peer_local:table:4:4:_ZTSi"});
  functions_.addFunction("_Z5plainv", {});
  EXPECT_TRUE(packer_.pack(entry({"_Z4feesv"}), functions_.all()).home);
  EXPECT_TRUE(packer_.pack(entry({"roam.peer_local:table:4:4:_ZTSi"}), functions_.all()).home);
  EXPECT_FALSE(packer_.pack(entry({"_Z5plainv"}), functions_.all()).home);
}

TEST_F(CodePacking, LeavesASliceAloneThatNeedsOnlyWhatEveryPeerHas) {
  const EntryRecord& plain =
      entry({"memcpy", "_Znwm", "_ZSt4cout", "sin", "__dso_handle", "__cxa_atexit", "atexit",
             "__gxx_personality_v0", "roamTarget"});
  const PackedCode& code = packer_.pack(plain, {});
  EXPECT_EQ(code.bytes(), "the entry");
  EXPECT_EQ(code.digest, Digest::of("the entry"));
}

TEST_F(CodePacking, DescribesTheEntryWithoutWhatItsCodeSays) {
  Description description;
  description.file = "orders.cpp";
  description.line = 12;
  description.argumentType = "double";
  std::string told = description.toText();
  description.code.largest.push_back({"_Z5pricei", 17});
  description.code.cpuFeatures.push_back("avx2");
  EXPECT_EQ(packer_.pack(entries_.add("the entry", {}, description), {}).description, told);
}

TEST_F(CodePacking, AddsFunctionsAndWhatTheyNeedInTurn) {
  functions_.addFunction("_Z3feei", {"_Z5pricei", "memcpy"});
  functions_.addFunction("_Z5pricei", {"_Z3feei", "table"}); // the two call each other
  functions_.addFunction("table", {});
  functions_.addFunction("unrelated", {"nothing of this kind"});
  const PackedCode& code = packer_.pack(entry({"_Z5pricei", "strlen"}), functions_.all());
  SliceGroup group = SliceGroup::read(code.bytes());
  ASSERT_EQ(group.members.size(), 4u);
  EXPECT_EQ(group.members[0].slice, "the entry");
  EXPECT_EQ(group.members[1].name, "_Z3feei");
  EXPECT_EQ(group.members[2].slice, "code of _Z5pricei");
  EXPECT_EQ(group.members[3].name, "table");
  EXPECT_TRUE(group.libraries.empty());
  EXPECT_EQ(code.digest, Digest::of(code.bytes()));
}

TEST_F(CodePacking, TakesTheFirstOfSeveralFunctionsOfOneName) {
  functions_.addFunction("fee", {});
  Description other;
  other.symbol = "fee";
  functions_.add("another fee", {}, other);
  SliceGroup group = SliceGroup::read(packer_.pack(entry({"fee"}), functions_.all()).bytes());
  EXPECT_EQ(group.members[1].slice, "code of fee");
}

TEST_F(CodePacking, NamesTheLibrariesThatNotEveryPeerHas) {
  functions_.addFunction("waits", {"_ZN2kj12setupAsyncIoEv"});
  SliceGroup group =
      SliceGroup::read(packer_.pack(entry({"waits", "memcpy"}), functions_.all()).bytes());
  ASSERT_EQ(group.libraries.size(), 1u);
  EXPECT_TRUE(group.libraries[0].soname.starts_with("libkj-async")) << group.libraries[0].soname;
  EXPECT_EQ(group.libraries[0].symbol, "_ZN2kj12setupAsyncIoEv");
}

TEST_F(CodePacking, TreatsTargetsAsNeeds) {
  functions_.addFunction("fee", {});
  const EntryRecord& one = entry({"roamTarget"});
  std::vector<std::string> targets{"strlen", "fee"};
  SliceGroup group = SliceGroup::read(packer_.pack(one, functions_.all(), targets).bytes());
  EXPECT_EQ(group.targets, targets);
  ASSERT_EQ(group.members.size(), 2u);
  EXPECT_EQ(group.members[1].name, "fee");
  EXPECT_EQ(packer_.pack(one, functions_.all()).bytes(), "the entry") << "without targets";
}

TEST_F(CodePacking, IsDoneOnceHoweverManyThreadsAsk) {
  functions_.addFunction("fee", {});
  const EntryRecord& one = entry({"fee"});
  std::array<const PackedCode*, 8> found{};
  {
    std::vector<std::jthread> asking;
    for (auto& place : found)
      asking.emplace_back([&] { place = &packer_.pack(one, functions_.all()); });
  }
  for (auto* code : found)
    EXPECT_EQ(code, found[0]);
}

TEST_F(CodePacking, RefusesWhatIsDefinedNowhere) {
  std::string text = refusal(entry({"_Z7missingv"}));
  EXPECT_EQ(text.find("the closure at orders.cpp:12 cannot be sent: it needs missing(), which is "
                      "defined nowhere in this program"),
            0u)
      << text;
}

TEST_F(CodePacking, RefusesWhatWasCompiledWithoutThePluginAndNamesItsCaller) {
  EXPECT_EQ(definedHere(1), 2);
  functions_.addFunction("_Z3feei", {"_Z11definedHerei"});
  std::string text = refusal(entry({"_Z3feei"}));
  for (const char* part :
       {"it needs definedHere(int) (called from fee(int))", "compiled without Roam's plugin"})
    EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST_F(CodePacking, PassesOnWhyAFunctionCannotTravel) {
  functions_.addFunction("_Z3feei", {}, "uses the variable 'rate' of this program (fees.cpp:3)");
  std::string text = refusal(entry({"_Z3feei"}));
  EXPECT_NE(text.find("it needs fee(int), which cannot travel: it uses the variable 'rate' of this "
                      "program (fees.cpp:3)"),
            std::string::npos)
      << text;
  EXPECT_EQ(refusal(entry({"_Z3feei"})), text) << "also when asked again";
}

TEST(ProcessSymbols, AreFoundInTheLibraryThatDefinesThem) {
  EXPECT_EQ(libraryThatDefines("memcpy").value().soname, "libc.so.6");
  EXPECT_TRUE(libraryThatDefines("_ZSt4cout").value().isBase) << "also if the program has a copy";
  EXPECT_FALSE(libraryThatDefines("_ZN2kj12setupAsyncIoEv").value().isBase);
  EXPECT_FALSE(libraryThatDefines("_Z11definedHerei").has_value());
  EXPECT_FALSE(libraryThatDefines("").has_value());
}

} // namespace
} // namespace roam
