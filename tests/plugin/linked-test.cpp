// Option `linked`: slices that are code of the program as well, in every kind of link.
#include "tests/plugin/link.h"
#include "tests/plugin/workspace.h"
#include <algorithm>
#include <gtest/gtest.h>
#include <sstream>

namespace roam::plugin::testing {
namespace {

constexpr char header[] = R"(#include "ship.h"
#include <string>
#include <vector>
int fee(int);
inline const roam::EntryRecord* shared(int a) { return ship([a] { return a * 3; }); }
)";
constexpr char one[] = R"(#include "lambdas.h"
const std::string prefix = "a prefix that does not fit into the object";
int fee(int a) { return a > 9 ? throw a : a + 1; }
void shipAll(int a, std::string who) {
  shared(a);
  ship([who, a] { return prefix + who + std::to_string(a); });
  ship([a] { static std::vector<int> seen; seen.push_back(a); return seen.size(); });
}
)";
constexpr char two[] = R"(#include "lambdas.h"
#include "jit/slice/manifest.h"
#include <cstdio>
void shipAll(int a, std::string who);
extern "C" const roam::LinkedTable roamLinkedTable;
int main(int a, char**) {
  shared(a);
  ship([a] { return fee(a); });
  if (a > 1) shipAll(a, "w");
  for (auto* record = roamLinkedTable.linked; record != roamLinkedTable.linkedEnd; ++record) {
    for (unsigned char byte : record->digest) std::printf("%02x", byte);
    std::printf("\n");
  }
}
)";

class LinkedProgram : public ::testing::TestWithParam<Link> {};

TEST_P(LinkedProgram, HasTheCodeOfItsSlicesOnceADigest) {
  Workspace workspace;
  workspace.write("lambdas.h", header);
  workspace.write("one.cpp", one);
  workspace.write("two.cpp", two);
  for (std::string file : {"one", "two"}) {
    Ran ran = workspace.clang(GetParam().compile +
                              (" -I'" ROAM_TEST_ROOT "' -fplugin-arg-roam-linked -c " + file) +
                              ".cpp -o " + file + ".o");
    ASSERT_TRUE(ran.ok()) << ran.output;
    EXPECT_EQ(ran.output, "");
  }
  Ran linked = workspace.clangWithoutPlugin(std::string(GetParam().link) + " one.o two.o -o all");
  ASSERT_TRUE(linked.ok()) << linked.output;
  Ran ran = workspace.run("./all");
  ASSERT_TRUE(ran.ok()) << ran.output;

  std::vector<std::string> records, digests;
  std::istringstream lines(ran.output);
  for (std::string line; std::getline(lines, line);)
    records.push_back(line);
  std::string file = workspace.read("all");
  for (const ManifestEntry& entry : readManifest(file))
    digests.push_back(entry.digest.toString());
  for (const ManifestEntry& function : readFunctions(file))
    if (function.description.symbol == "_Z3feei") // shipAll, main: their closures aren't code
      digests.push_back(function.digest.toString());
  std::ranges::sort(records);
  std::ranges::sort(digests);
  EXPECT_EQ(records, digests);
  EXPECT_EQ(records.size(), 5u);

  // The same digests as without the option.
  ASSERT_TRUE(workspace.clang("-O0 -c one.cpp -o plain.o").ok());
  for (const ManifestEntry& entry : readManifest(workspace.read("plain.o")))
    EXPECT_TRUE(std::ranges::binary_search(digests, entry.digest.toString()));
  Ran sections = workspace.run("readelf -SW all | grep -E ' (roam_linked|roam_registry|"
                               "\\.roam\\.code) '");
  EXPECT_EQ(sections.output.find("WA"), std::string::npos) << sections.output;
}

#define LLD "-fuse-ld=" ROAM_TEST_LLD
INSTANTIATE_TEST_SUITE_P(
    , LinkedProgram,
    ::testing::Values(Link{"O0", "-O0", LLD}, Link{"O2Debug", "-O2 -g", LLD},
                      Link{"GcSectionsBfd", "-O2 -ffunction-sections -fdata-sections",
                           "-Wl,--gc-sections -fuse-ld=bfd"},
                      Link{"GcSectionsLldStripped", "-O2 -ffunction-sections -fdata-sections",
                           "-Wl,--gc-sections -s " LLD},
                      Link{"FullLto", "-O2 -flto", "-O2 -flto " LLD},
                      Link{"ThinLto", "-O2 -flto=thin", "-O2 -flto=thin -Wl,--gc-sections " LLD},
                      Link{"Static", "-O1", "-static"},
                      Link{"NotPositionIndependent", "-O2 -fno-pic", "-no-pie " LLD}),
    [](const auto& link) { return std::string(link.param.name); });

/// What `nm` says of the object that the lambda gives.
std::string symbolsOf(const std::string& lambda, const std::string& flags) {
  Workspace workspace;
  workspace.write("lambda.cpp", "#include \"ship.h\"\n"
                                "#include <immintrin.h>\n"
                                "[[roam::peer_local]] int visits = 0;\n"
                                "void shipIt(double x) { ship(" +
                                    lambda + "); }\n");
  Ran ran = workspace.clang(flags + " -c lambda.cpp -o lambda.o");
  EXPECT_TRUE(ran.ok()) << ran.output;
  return workspace.run("nm lambda.o").output;
}

bool isLinked(const std::string& lambda, const std::string& flags) {
  return symbolsOf(lambda, flags + " -fplugin-arg-roam-linked").find(" roam.linked.record.") !=
         std::string::npos;
}

TEST(LinkedSlices, AreMadeOnlyIfAskedFor) {
  constexpr char lambda[] = "[x] { return x; }";
  EXPECT_TRUE(isLinked(lambda, "-O2"));
  EXPECT_EQ(symbolsOf(lambda, "-O2").find("linked"), std::string::npos);
}

TEST(LinkedSlices, AreNotThereIfTheCodeGeneratorWouldFuseWhatMustBeRounded) {
  constexpr char exact[] = "[x] {\n#pragma STDC FP_CONTRACT OFF\n return x * x + 1.5; }";
  EXPECT_TRUE(isLinked(exact, "-O2 -mfma"));
  EXPECT_FALSE(isLinked(exact, "-O2 -mfma -ffp-contract=fast"));
  EXPECT_TRUE(isLinked("[x] { return x * x + 1.5; }", "-O2 -mfma -ffp-contract=fast"));
}

TEST(LinkedSlices, AreNotThereIfTheProgramIsForCpusWithoutTheirInstructions) {
  constexpr char wide[] = "[x]() __attribute__((target(\"avx2\"))) { double all[4];"
                          " _mm256_storeu_si256((__m256i*)all, _mm256_abs_epi8(_mm256_set1_epi8("
                          "char(x)))); return all[0]; }";
  constexpr char psign[] = "[x]() __attribute__((target(\"avx2\"))) { double all[4];"
                           " _mm256_storeu_si256((__m256i*)all, _mm256_sign_epi8("
                           "_mm256_set1_epi8(char(x)), _mm256_set1_epi8(1))); return all[0]; }";
  EXPECT_TRUE(isLinked(wide, "-O2 -mavx2"));
  EXPECT_TRUE(isLinked(psign, "-O2 -mavx2"));
  EXPECT_FALSE(isLinked(psign, "-O2"));
}

TEST(LinkedSlices, AreNotThereForPeerLocalVariablesAndCapturedFunctions) {
  EXPECT_FALSE(isLinked("[] { return ++visits; }", "-O2"));
  EXPECT_FALSE(isLinked("[f = (int (*)(int))nullptr] { return f(1); }", "-O2"));
}

} // namespace
} // namespace roam::plugin::testing
