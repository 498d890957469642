// Slices with peer-local variables: what they leave undefined, and what their digests depend on.
#include "jit/slice/manifest.h"
#include "jit/slice/ship-report.h"
#include "tests/plugin/corpus.h"
#include "tests/plugin/workspace.h"
#include <algorithm>
#include <gtest/gtest.h>

namespace roam::plugin::testing {
namespace {

constexpr char variables[] = R"(#include "ship.h"
#include <map>
#include <string>
#include <vector>
[[roam::peer_local]] int counter = 3;
[[roam::peer_local]] inline std::map<int, std::string> cache{{1, "one"}};
inline int next() { [[roam::peer_local]] static int last = 8; return ++last; }
template <class T> struct Pool { [[roam::peer_local]] static std::vector<T> items; };
template <class T> std::vector<T> Pool<T>::items(2);
const std::string prefix = "a prefix that does not fit into the object";
)";

const std::vector<std::string> lambdas{
    "/*counter*/ [] { return ++counter; }",
    "/*cache*/ [] { return cache.size(); }",
    "/*static*/ [] { return next(); }",
    "/*pool*/ [] { return Pool<int>::items.size(); }",
    "/*both*/ [] { return cache.size() + ++counter; }",
};

std::string program(const std::vector<std::string>& shipped,
                    const std::string& before = variables) {
  std::string text = before + "void shipAll() {\n";
  for (const std::string& lambda : shipped)
    text += "  ship(" + lambda + ");\n";
  return text + "}\n";
}

std::string compiled(const std::string& source, const std::string& flags) {
  Workspace workspace;
  workspace.write("program.cpp", source);
  Ran ran = workspace.clang(flags + " -w -c program.cpp -o object.o");
  EXPECT_TRUE(ran.ok()) << ran.output;
  return ran.ok() ? workspace.read("object.o") : "";
}

std::map<std::string, Digest> digestsOf(const std::string& source,
                                        const std::string& flags = "-O1") {
  return digestsByName(compiled(source, flags), source);
}

TEST(PeerLocal, GivesTheSameDigestAloneAndWithOthers) {
  auto together = digestsOf(program(lambdas));
  ASSERT_EQ(together.size(), lambdas.size());
  for (const std::string& lambda : lambdas)
    for (auto& [name, digest] : digestsOf(program({lambda})))
      EXPECT_EQ(digest, together.at(name)) << name;
  auto reversed = lambdas;
  std::reverse(reversed.begin(), reversed.end());
  EXPECT_EQ(digestsOf(program(reversed), "-O0 -g"), together);
}

TEST(PeerLocal, HasItsInitialiserInTheDigest) {
  auto before = digestsOf(program(lambdas));
  std::string edited = variables;
  edited.replace(edited.find("counter = 3"), 11, "counter = 4");
  auto after = digestsOf(program(lambdas, edited));
  for (auto& [name, digest] : before)
    EXPECT_EQ(after.at(name) != digest, name == "counter" || name == "both") << name;
}

TEST(PeerLocal, IsStateThatTheReportNames) {
  std::string source = program({"[] { return cache.size() + next() + counter + prefix.size(); }"});
  auto entries = readManifest(compiled(source, "-O1"));
  ASSERT_EQ(entries.size(), 1u);
  std::vector<std::string> state;
  for (const StateDescription& variable : entries[0].description.code.state)
    state.push_back(variable.kind + " " + variable.name);
  std::sort(state.begin(), state.end());
  EXPECT_EQ(state,
            (std::vector<std::string>{"peer-local _Z5cacheB5cxx11", "peer-local _ZZ4nextvE4last",
                                      "peer-local counter"})); // and not prefix, a constant
  auto& needs = entries[0].needs;
  EXPECT_TRUE(std::ranges::count(needs, "roam.peer_local:counter:4:4:_ZTSi"));
  EXPECT_TRUE(std::ranges::count(needs, "roam.peer_local:counter.made:1:1:bool"));
}

TEST(PeerLocal, DoesNotKeepFunctionsFromOtherFiles) {
  Workspace workspace;
  workspace.write("exports.cpp", std::string(variables) + "int count() { return ++counter; }\n");
  ASSERT_TRUE(workspace.clang("-O1 -w -c exports.cpp -o object.o").ok());
  std::string object = workspace.read("object.o");
  bool found = false;
  for (const ManifestEntry& function : readFunctions(object))
    if (function.description.symbol == "_Z5countv") {
      found = true;
      EXPECT_EQ(function.description.refusal, "");
    }
  EXPECT_TRUE(found);
}

} // namespace
} // namespace roam::plugin::testing
