// roam-clang --precompile: what a file includes first is read once, and nothing else is different.
#include "tests/plugin/corpus.h"
#include "tests/plugin/workspace.h"
#include <algorithm>
#include <gtest/gtest.h>
#include <sstream>

namespace roam::plugin::testing {
namespace {

namespace fs = std::filesystem;

class Precompiled : public ::testing::Test {
 protected:
  Precompiled() { fs::create_directories(workspace.path() / "objects"); }

  /// Errors are in the output, too.
  Ran compile(const std::string& file, const std::string& words = "--precompile") const {
    return workspace.run("XDG_CACHE_HOME=$PWD/cache '" ROAM_TEST_CLANG_PROGRAM "' -o objects " +
                         words + " " + file + " -- -I. 2>&1");
  }
  std::vector<ManifestEntry> entries(const std::string& file,
                                     const std::string& words = "--precompile") {
    Ran ran = compile(file + ".cpp", words);
    EXPECT_TRUE(ran.ok()) << ran.output;
    objects_.push_back(std::make_unique<std::string>(
        ran.ok() ? workspace.read("objects/0-" + file + ".o") : std::string()));
    return ran.ok() ? readManifest(*objects_.back()) : std::vector<ManifestEntry>();
  }
  /// How many there are of what is kept.
  std::ptrdiff_t kept() const {
    fs::path folder = workspace.path() / "cache/roam/headers";
    if (!fs::exists(folder))
      return 0;
    return std::count_if(fs::directory_iterator(folder), {},
                         [](auto& file) { return file.path().extension() == ".pch"; });
  }
  /// Names of headers become absolute when they are read from a precompiled one.
  static std::string textOf(Description description) {
    description.file = fs::path(description.file).filename();
    return description.toText();
  }
  void expectSameEntries(const std::string& file) {
    auto without = entries(file, ""), first = entries(file), again = entries(file);
    EXPECT_EQ(kept(), 1);
    ASSERT_GT(without.size(), 0u);
    ASSERT_EQ(first.size(), without.size());
    ASSERT_EQ(again.size(), without.size());
    for (std::size_t i = 0; i < without.size(); ++i) {
      EXPECT_EQ(first[i].digest, without[i].digest) << without[i].description.toText();
      EXPECT_EQ(again[i].digest, without[i].digest);
      EXPECT_EQ(textOf(again[i].description), textOf(without[i].description));
    }
  }

  Workspace workspace;

 private:
  std::vector<std::unique_ptr<std::string>> objects_;
};

TEST_F(Precompiled, GivesTheSameSlicesForLambdasOfAllKinds) {
  workspace.write("program.cpp", CorpusProgram().text());
  expectSameEntries("program");
}

constexpr char shop[] = R"(#pragma once
#include <cassert>
#include <map>
#include <roam/roam.h>
#include <string>
namespace shop {
[[roam::peer_local]] inline int sold = 3;
inline const std::string title = "a title that does not fit into the object";
template <class T> T twice(T x) { static int calls = 0; ++calls; return x + x; }
inline int sell(int count) { assert(count > 0); return sold += count; }
[[roam::live("shop.header")]] inline int fromHeader(int x) { return twice(x) + int(title.size()); }
inline auto lambda(roam::Cluster& cluster, int by) {
  return cluster.async([by](int x) { return twice(x) * by; }, 1);
}
}
)";

TEST_F(Precompiled, GivesTheSameSlicesForWhatIsInHeaders) {
  workspace.write("shop.h", shop);
  workspace.write("program.cpp", R"(#include "shop.h"
#include <vector>
[[roam::live("shop.sell")]] int sell(std::vector<int> counts) {
  int all = 0;
  for (int count : counts) all = shop::sell(shop::twice(count));
  return all;
}
void run(roam::Cluster& cluster) {
  shop::lambda(cluster, 2);
  cluster.async([](std::map<int, std::string> m) { return m.size() + shop::title.size(); },
                std::map<int, std::string>());
}
)");
  expectSameEntries("program");
}

TEST_F(Precompiled, IsMadeAnewWhenAHeaderChanges) {
  workspace.write("price.h", "#pragma once\ninline int price() { return 1; }\n");
  workspace.write("program.cpp", "#include <roam/roam.h>\n#include \"price.h\"\n"
                                 "[[roam::live(\"price\")]] int priced() { return price(); }\n");
  Digest before = entries("program").at(0).digest;
  workspace.write("price.h", "#pragma once\ninline int price() { return 2222; }\n");
  Digest after = entries("program").at(0).digest;
  EXPECT_NE(after, before);
  EXPECT_EQ(after, entries("program", "").at(0).digest);
}

TEST_F(Precompiled, IsSharedByFilesThatBeginAlike) {
  for (std::string name : {"one", "two"})
    workspace.write(name + ".cpp", "#include <roam/roam.h>\n[[roam::live(\"" + name +
                                       "\")]] int f() { return 1; }\n");
  entries("one");
  entries("two");
  EXPECT_EQ(kept(), 1);
}

// What may be included several times is not there twice.
TEST_F(Precompiled, ReadsNoLineTwice) {
  workspace.write("counted.inc", "inline int X(counted) = 1;\n");
  workspace.write("program.cpp", "#include <roam/roam.h>\n#define X(name) name\n"
                                 "#include \"counted.inc\"\n"
                                 "[[roam::live(\"count\")]] int count() { return 1; }\n");
  EXPECT_EQ(entries("program").size(), 1u);
  EXPECT_EQ(kept(), 1);
}

TEST_F(Precompiled, LeavesErrorsToTheFileItself) {
  workspace.write("broken.h", "int broken = ;\n");
  workspace.write("program.cpp", "#include <roam/roam.h>\n#include \"broken.h\"\nint x;\n");
  Ran ran = compile("program.cpp");
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.output.find("program.cpp:2:"), ran.output.rfind("program.cpp:2:"));
  EXPECT_NE(ran.output.find("broken.h:1:14: error: expected expression"), std::string::npos)
      << ran.output;
  EXPECT_EQ(kept(), 0);
}

TEST_F(Precompiled, StillTellsWhichFilesWereRead) {
  workspace.write("price.h", "#pragma once\n");
  workspace.write("late.h", "#pragma once\n");
  workspace.write("program.cpp", "#include \"price.h\"\nint x;\n#include \"late.h\"\n");
  std::string folder = fs::canonical(workspace.path()).string() + "/";
  for (const char* words : {"", "--precompile", "--precompile"}) {
    ASSERT_TRUE(compile("program.cpp", words).ok());
    std::string list = workspace.read("objects/0-program.o.files");
    for (const char* file : {"program.cpp", "price.h", "late.h"})
      EXPECT_NE(list.find(folder + file + "\n"), std::string::npos) << file << " in:\n" << list;
    EXPECT_EQ(list.find("/cache/"), std::string::npos) << list;
  }
}

} // namespace
} // namespace roam::plugin::testing
