// The registry in every kind of link: each closure finds its record, each record its slice, and
// start-up does nothing.
#include "tests/plugin/link.h"
#include "tests/plugin/workspace.h"
#include <algorithm>
#include <gtest/gtest.h>
#include <sstream>

namespace roam::plugin::testing {
namespace {

constexpr char one[] = R"(#include "ship.h"
#include <string>
#include <vector>
void shipTwo(std::vector<const roam::EntryRecord*>& to) {
  int a = int(to.size()); std::string who = "w";
  to.push_back(ship([a] { return a * 3; }));
  to.push_back(ship([who, a] { return who + std::to_string(a); }));
}
)";
constexpr char two[] = R"(#include "ship.h"
#include <cstdio>
#include <string>
#include <vector>
void shipTwo(std::vector<const roam::EntryRecord*>& to);
struct roam::EntryRecord { unsigned char digest[32]; };
template <class T> const roam::EntryRecord* viaTemplate(T t) { return ship([t] { return t + 1; }); }
int main() {
  std::vector<const roam::EntryRecord*> all;
  shipTwo(all);
  int a = 5; std::string who = "w";
  all.push_back(ship([who, b = a] { return who + std::to_string(b); })); // the same as in the other file
  all.push_back(viaTemplate(1));
  all.push_back(viaTemplate(2L));
  for (auto* record : all) {
    for (unsigned char byte : record->digest) std::printf("%02x", byte);
    std::printf("\n");
  }
}
)";

class Linked : public ::testing::TestWithParam<Link> {};

TEST_P(Linked, EveryClosureFindsItsRecordInTheManifest) {
  Workspace workspace;
  workspace.write("one.cpp", one);
  workspace.write("two.cpp", two);
  for (const char* file : {"one", "two"}) {
    Ran ran =
        workspace.clang(std::string(GetParam().compile) + " -c " + file + ".cpp -o " + file + ".o");
    ASSERT_TRUE(ran.ok()) << ran.output;
  }
  Ran linked =
      workspace.clangWithoutPlugin(std::string(GetParam().link) + " one.o two.o -o program");
  ASSERT_TRUE(linked.ok()) << linked.output;
  Ran ran = workspace.run("./program");
  ASSERT_TRUE(ran.ok()) << ran.output;

  // readManifest checks that each slice hashes to its digest.
  std::vector<std::string> inManifest;
  for (const ManifestEntry& entry : readManifest(workspace.read("program"))) {
    inManifest.push_back(entry.digest.toString());
    EXPECT_NE(entry.description.file, "");
  }
  std::vector<std::string> printed;
  std::istringstream lines(ran.output);
  for (std::string line; std::getline(lines, line);)
    printed.push_back(line);
  ASSERT_EQ(printed.size(), 5u) << ran.output;
  EXPECT_EQ(printed[1], printed[2]) << "the same lambda in two files";
  std::sort(printed.begin(), printed.end());
  printed.erase(std::unique(printed.begin(), printed.end()), printed.end());
  std::sort(inManifest.begin(), inManifest.end());
  EXPECT_EQ(inManifest, printed) << "one record a digest";

  // The same digests as without any of these flags.
  ASSERT_TRUE(workspace.clang("-O0 -c one.cpp -o plain.o").ok());
  for (const ManifestEntry& entry : readManifest(workspace.read("plain.o")))
    EXPECT_TRUE(std::binary_search(inManifest.begin(), inManifest.end(), entry.digest.toString()));

  // Read-only sections need no relocation.
  Ran sections = workspace.run("readelf -SW program | grep -E ' (roam_registry|\\.roam\\.code) '");
  EXPECT_EQ(sections.output.find("WA"), std::string::npos) << sections.output;
}

#define LLD "-fuse-ld=" ROAM_TEST_LLD
INSTANTIATE_TEST_SUITE_P(
    , Linked,
    ::testing::Values(Link{"O0", "-O0", "-fuse-ld=bfd"}, Link{"O1Static", "-O1", "-static"},
                      Link{"O2Debug", "-O2 -g", LLD}, Link{"O3Stripped", "-O3", "-s -fuse-ld=bfd"},
                      Link{"GcSectionsBfd", "-O2 -ffunction-sections -fdata-sections",
                           "-Wl,--gc-sections -fuse-ld=bfd"},
                      Link{"GcSectionsLldStripped", "-O2 -ffunction-sections -fdata-sections",
                           "-Wl,--gc-sections -s " LLD},
                      Link{"FullLto", "-O2 -flto", "-O2 -flto " LLD},
                      Link{"FullLtoO0", "-O0 -flto", "-flto " LLD},
                      Link{"ThinLto", "-O2 -flto=thin", "-O2 -flto=thin -Wl,--gc-sections " LLD},
                      Link{"NotPositionIndependent", "-O2 -fno-pic", "-no-pie " LLD}),
    [](const auto& link) { return std::string(link.param.name); });

TEST(Objects, HaveNoConstructorBecauseOfTheirEntries) {
  Workspace workspace;
  workspace.write("one.cpp", one);
  Ran ran = workspace.clang("-O2 -c one.cpp -o one.o");
  ASSERT_TRUE(ran.ok()) << ran.output;
  Ran sections = workspace.run("readelf -SW one.o");
  EXPECT_NE(sections.output.find("roam_registry"), std::string::npos);
  EXPECT_EQ(sections.output.find("init_array"), std::string::npos) << sections.output;
  Ran symbols = workspace.run("nm one.o");
  EXPECT_EQ(symbols.output.find("roamRecord"), std::string::npos) << symbols.output;
}

TEST(Objects, DoNotHoldTheEntryTwice) {
  Workspace workspace;
  workspace.write("one.cpp", one);
  ASSERT_TRUE(workspace.clang("-O0 -c one.cpp -o one.o").ok());
  Ran symbols = workspace.run("nm -C one.o");
  EXPECT_EQ(symbols.output.find("::entry("), std::string::npos) << symbols.output;
}

TEST(Objects, WithoutEntriesAndExportsAreLeftAlone) {
  Workspace workspace;
  workspace.write("plain.cpp", "#include \"ship.h\"\ninline int twice(int x) { return x * 2; }\n"
                               "static int n; int main() { return twice(n); }\n");
  ASSERT_TRUE(workspace.clang("-O2 -c plain.cpp -o plain.o").ok());
  Ran sections = workspace.run("readelf -SW plain.o");
  EXPECT_EQ(sections.output.find("roam"), std::string::npos) << sections.output;
}

TEST(Objects, DescribeTheirEntries) {
  Workspace workspace;
  workspace.write("place.cpp", R"(#include "roam/wrapper.h"
#include <string>
const roam::EntryRecord* shipIt(double rate, std::string name) {
  auto f = [rate, name, n = 3](long x) { return float(x * rate + n + name.size()); };
  return roam::recordOf<roam::MapShape<decltype(f), long>>();
}
)");
  Ran ran = workspace.clang("-O2 -c place.cpp -o place.o");
  ASSERT_TRUE(ran.ok()) << ran.output;
  std::string object = workspace.read("place.o");
  auto entries = readManifest(object);
  ASSERT_EQ(entries.size(), 1u);
  const Description& description = entries[0].description;
  EXPECT_EQ(description.file, "place.cpp");
  EXPECT_EQ(description.line, 4u);
  EXPECT_EQ(description.column, 12u);
  EXPECT_EQ(description.closureSize, 48u);
  EXPECT_EQ(description.closureAlignment, 8u);
  EXPECT_EQ(description.argumentType, "long");
  EXPECT_EQ(description.resultType, "float");
  ASSERT_EQ(description.captures.size(), 3u);
  EXPECT_EQ(description.captures[0].name, "rate");
  EXPECT_EQ(description.captures[0].type, "double");
  EXPECT_EQ(description.captures[1].name, "name");
  EXPECT_EQ(description.captures[1].offset, 8u);
  EXPECT_EQ(description.captures[1].size, 32u);
  EXPECT_EQ(description.captures[2].name, "n");
  EXPECT_EQ(description.captures[2].offset, 40u);
  EXPECT_TRUE(std::is_sorted(entries[0].needs.begin(), entries[0].needs.end()));
}

TEST(Objects, PlaceAReductionAtItsFirstLambda) {
  Workspace workspace;
  workspace.write("reduce.cpp", R"(#include "roam/wrapper.h"
const roam::EntryRecord* shipIt(int n) {
  auto map = [n](int x) { return x + n; };
  auto reduce = [](int a, int b) { return a + b; };
  return roam::recordOf<roam::ReduceShape<decltype(map), decltype(reduce), int>>();
}
)");
  ASSERT_TRUE(workspace.clang("-O2 -c reduce.cpp -o reduce.o").ok());
  std::string object = workspace.read("reduce.o");
  auto entries = readManifest(object);
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].description.file, "reduce.cpp");
  EXPECT_EQ(entries[0].description.line, 3u);
}

} // namespace
} // namespace roam::plugin::testing
