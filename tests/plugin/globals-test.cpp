// Slices with variables that are built when a program starts: what their digests depend on.
#include "tests/plugin/workspace.h"
#include <algorithm>
#include <gtest/gtest.h>

namespace roam::plugin::testing {
namespace {

constexpr char tables[] = R"(#include "ship.h"
#include <map>
#include <string>
#include <vector>
inline std::vector<int> upTo(int n) { std::vector<int> all; while (n) all.push_back(n--); return all; }
const std::string prefix = "a prefix that does not fit into the object";
const std::map<int, std::string> names{{1, prefix + "one"}, {2, "two"}};
inline const std::vector<int> sizes = upTo(9);
struct Constants { static const std::vector<int> odd; inline static const std::string name = prefix + "s"; };
const std::vector<int> Constants::odd = upTo(sizes[0]);
template <class T> const std::vector<T> filled(3, T(2));
const std::string& reference = prefix + "kept";
const int sum = sizes[1] + Constants::odd[0];
)";

const std::map<std::string, std::string> lambdas{
    {"names", "[x] { return names.at(x); }"},
    {"reference", "[x] { return reference[x]; }"},
    {"odd", "[x] { return Constants::odd[x] + sizes[x]; }"},
    {"member", "[x] { return Constants::name[x]; }"},
    {"filled", "[x] { return filled<int>[x] + filled<long>[x]; }"},
    {"sum", "[x] { return x + sum; }"},
    {"none", "[x] { return x + 1; }"},
};

/// A program that ships these lambdas, one a line.
std::string program(const std::vector<std::string>& names, const std::string& before = tables) {
  std::string text = before + "void shipAll(int x) {\n";
  for (const std::string& name : names)
    text += "  ship(/*" + name + "*/ " + lambdas.at(name) + ");\n";
  return text + "}\n";
}

std::vector<std::string> all() {
  std::vector<std::string> names;
  for (auto& [name, lambda] : lambdas)
    names.push_back(name);
  return names;
}

std::map<std::string, Digest> compile(const std::string& source, const std::string& flags = "-O1") {
  Workspace workspace;
  workspace.write("program.cpp", source);
  Ran ran = workspace.clang(flags + " -w -c program.cpp -o object.o");
  EXPECT_TRUE(ran.ok()) << ran.output;
  std::map<std::string, Digest> digests;
  if (ran.ok())
    digests = digestsByName(workspace.read("object.o"), source);
  return digests;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

std::string changed(const std::map<std::string, Digest>& before,
                    const std::map<std::string, Digest>& after) {
  std::string names;
  for (auto& [name, digest] : before)
    if (auto found = after.find(name); found == after.end() || found->second != digest)
      names += (names.empty() ? "" : ", ") + name;
  return names;
}

TEST(Tables, GiveTheSameDigestAloneAndTogether) {
  auto together = compile(program(all()));
  ASSERT_EQ(together.size(), lambdas.size());
  for (auto& [name, lambda] : lambdas)
    EXPECT_EQ(compile(program({name})).at(name), together.at(name)) << name;
  auto names = all();
  std::reverse(names.begin(), names.end());
  EXPECT_EQ(changed(together, compile(program(names), "-O0 -g")), "");
}

TEST(Tables, DoNotShowInOthersSlices) {
  auto before = compile(program(all()));
  std::string unrelated = replaced(tables, "const std::string prefix",
                                   "const std::string other = std::string(99, 'x');\n"
                                   "const std::string prefix");
  unrelated += "const std::vector<int> more = upTo(int(other.size() + names.size() + sum));\n";
  EXPECT_EQ(changed(before, compile(program(all(), unrelated))), "");
  unrelated += "void otherToo() { ship([] { return more[other[1]]; }); }\n";
  EXPECT_EQ(changed(before, compile(program(all(), unrelated))), "");
}

TEST(Tables, ArePartOfTheDigest) {
  auto before = compile(program(all()));
  auto edited = [&](const std::string& from, const std::string& to) {
    return changed(before, compile(program(all(), replaced(tables, from, to))));
  };
  EXPECT_EQ(edited("{2, \"two\"}", "{2, \"zwo\"}"), "names");
  EXPECT_EQ(edited("T(2)", "T(3)"), "filled");
  EXPECT_EQ(edited("upTo(9)", "upTo(10)"), "odd, sum");
  EXPECT_EQ(edited("a prefix", "A prefix"), "member, names, reference");
  EXPECT_EQ(edited("while (n)", "while (n > 1)"), "odd, sum"); // what an initialiser calls
}

TEST(Tables, AreBuiltInTheOrderOfTheirDefinitions) {
  const std::string first = "const std::vector<int> first = upTo(3);\n";
  const std::string second = "const std::vector<int> second = upTo(4);\n";
  auto digest = [&](const std::string& definitions) {
    std::string source = "#include \"ship.h\"\n#include <vector>\n"
                         "std::vector<int> upTo(int n) { return std::vector<int>(n, n); }\n" +
                         definitions +
                         "void f() { ship(/*both*/ [] { return first[0] + second[0]; }); }\n";
    return compile(source).at("both");
  };
  EXPECT_EQ(digest(first + "\n" + second), digest(first + second));
  EXPECT_NE(digest(second + first), digest(first + second));
}

} // namespace
} // namespace roam::plugin::testing
