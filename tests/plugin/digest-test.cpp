// Digests: the same lambda has the same digest wherever it stands and however it is compiled; other
// code has another one.
#include "tests/plugin/corpus.h"
#include "tests/plugin/workspace.h"
#include <algorithm>
#include <gtest/gtest.h>

namespace roam::plugin::testing {
namespace {

using Digests = std::map<std::string, Digest>;

/// Compiles a program in a folder of its own, and reads the digests of its closures.
Digests compile(const std::string& source, const std::string& flags,
                const std::string& file = "program.cpp") {
  Workspace workspace;
  workspace.write(file, source);
  std::filesystem::path name(file);
  auto folder = name.has_parent_path() ? name.parent_path().string() : std::string(".");
  Ran ran =
      workspace.clang(flags + " -w -c '" + name.filename().string() + "' -o object.o", folder);
  EXPECT_TRUE(ran.ok()) << flags << "\n" << ran.output;
  if (!ran.ok())
    return {};
  return digestsByName(workspace.read((std::filesystem::path(folder) / "object.o").string()),
                       source);
}

std::string changedNames(const Digests& before, const Digests& after) {
  std::string names;
  for (auto& [name, digest] : before)
    if (auto found = after.find(name); found == after.end() || found->second != digest)
      names += (names.empty() ? "" : ", ") + name;
  return names;
}

/// The digests of the plain program at -O2, compiled once.
const Digests& reference() {
  static const Digests digests = compile(CorpusProgram().text(), "-O2");
  return digests;
}

class WithReference : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(reference().size(), corpus().size()); }
};

using DigestsAreEqual = WithReference;
using DigestsDiffer = WithReference;

TEST_F(DigestsAreEqual, AtEveryOptimisationLevel) {
  for (const char* flags : {"-O0", "-O1", "-O3", "-Os"})
    EXPECT_EQ(changedNames(reference(), compile(CorpusProgram().text(), flags)), "") << flags;
}

TEST_F(DigestsAreEqual, WithAndWithoutDebugInformation) {
  for (const char* flags : {"-O0 -g", "-O2 -g3"})
    EXPECT_EQ(changedNames(reference(), compile(CorpusProgram().text(), flags)), "") << flags;
}

TEST_F(DigestsAreEqual, UnderFlagsThatDoNotChangeTheMeaning) {
  for (const char* flags :
       {"-O2 -fPIC -fvisibility=hidden -fstack-protector-strong -fno-omit-frame-pointer",
        "-O2 -fno-pic -ffunction-sections -fno-plt -DNDEBUG", "-O2 -D_FORTIFY_SOURCE=2",
        "-O1 -fsanitize=address,undefined", "-O2 -ftrivial-auto-var-init=zero",
        "-O2 -fprofile-instr-generate -fcoverage-mapping",
        "-O2 -fcf-protection=full -mtune=native"})
    EXPECT_EQ(changedNames(reference(), compile(CorpusProgram().text(), flags)), "") << flags;
}

TEST_F(DigestsAreEqual, InAnotherFolderFileLineAndFunction) {
  CorpusProgram program;
  program.enclosing = "elsewhere::deep";
  program.before = "\n\n// lines further down\n\nnamespace elsewhere { void deep(int, int, double, "
                   "std::string); }\n";
  EXPECT_EQ(changedNames(reference(), compile(program.text(), "-O2", "a/b c/other.cc")), "");
}

TEST_F(DigestsAreEqual, InReverseOrder) {
  CorpusProgram program;
  std::reverse(program.closures.begin(), program.closures.end());
  EXPECT_EQ(changedNames(reference(), compile(program.text(), "-O2")), "");
}

TEST_F(DigestsAreEqual, BesideUnrelatedCode) {
  CorpusProgram program;
  program.before = unrelatedCode;
  EXPECT_EQ(changedNames(reference(), compile(program.text(), "-O2")), "");
}

TEST_F(DigestsAreEqual, WithOtherLocalNames) {
  CorpusProgram program;
  auto closure = std::find_if(program.closures.begin(), program.closures.end(),
                              [](auto& c) { return c.name == "map"; });
  closure->lambda = "[who] { std::map<std::string, int> counts; for (char letter : who) "
                    "++counts[std::string(1, letter)]; return int(counts.size()); }";
  EXPECT_EQ(changedNames(reference(), compile(program.text(), "-O2")), "");
}

// A closure must not show in the slice of another, however they share functions, types and
// declarations.
TEST_F(DigestsAreEqual, AloneAndAmongOthers) {
  for (const CorpusClosure& closure : corpus()) {
    CorpusProgram program;
    program.closures = {closure};
    Digests alone = compile(program.text(), "-O0");
    ASSERT_EQ(alone.size(), 1u);
    EXPECT_EQ(alone.begin()->second, reference().at(closure.name)) << closure.name;
  }
}

TEST_F(DigestsDiffer, WhenAConstantChanges) {
  CorpusProgram program;
  for (CorpusClosure& closure : program.closures)
    if (closure.name == "arithmetic")
      closure.lambda = "[a, b] { return a * b + scaled(a) + 43; }";
    else if (closure.name == "throw")
      closure.lambda = "[a] { if (a >= 0) throw std::runtime_error(\"from a far\"); return 0; }";
  EXPECT_EQ(changedNames(reference(), compile(program.text(), "-O2")), "arithmetic, throw");
}

TEST_F(DigestsDiffer, WhenAnInlineCalleeChanges) {
  CorpusProgram program;
  program.offset = "8";
  EXPECT_EQ(changedNames(reference(), compile(program.text(), "-O2")), "arithmetic");
}

TEST_F(DigestsDiffer, WhenACapturedTypeChanges) {
  CorpusProgram program;
  for (CorpusClosure& closure : program.closures)
    if (closure.name == "recursion")
      closure.lambda = "[a = short(a)] { return fib(10 + a % 2) + even(a); }";
  EXPECT_EQ(changedNames(reference(), compile(program.text(), "-O2")), "recursion");
}

TEST_F(DigestsDiffer, WhenAnOptionChangesTheMeaning) {
  for (const char* flags :
       {"-fno-builtin", "-fno-finite-loops", "-fdenormal-fp-math=positive-zero"})
    EXPECT_NE(changedNames(reference(), compile(CorpusProgram().text(), flags)), "") << flags;
}

TEST_F(DigestsDiffer, WhenTheUserAsksForOtherArithmetic) {
  EXPECT_NE(changedNames(reference(), compile(CorpusProgram().text(), "-O2 -ffast-math")), "");
}

// Its last bit differs between versions of libm.
TEST(Slices, LeaveMathOfConstantsToThePeer) {
  Workspace workspace;
  workspace.write("program.cpp", R"(#include "ship.h"
#include <cmath>
void lambdas(double x) { ship([x] { return x * std::sin(1.0) + std::pow(2.0, 0.3) + std::sqrt(2.0); }); }
)");
  Ran ran = workspace.clang("-O2 -c program.cpp -o object.o");
  ASSERT_TRUE(ran.ok()) << ran.output;
  std::string object = workspace.read("object.o");
  auto entries = readManifest(object);
  ASSERT_EQ(entries.size(), 1u);
  auto needs = [&](const char* name) {
    return std::count(entries[0].needs.begin(), entries[0].needs.end(), name);
  };
  EXPECT_TRUE(needs("sin"));
  EXPECT_TRUE(needs("pow"));
  EXPECT_FALSE(needs("sqrt"));
}

} // namespace
} // namespace roam::plugin::testing
