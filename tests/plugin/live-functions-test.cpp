// Functions marked [[roam::live("name")]]: what an object says of them, and what their digests
// depend on.
#include "jit/slice/manifest.h"
#include "tests/plugin/workspace.h"
#include <algorithm>
#include <gtest/gtest.h>

namespace roam::plugin::testing {
namespace {

std::string compiled(const std::string& source, const std::string& flags = "-O1") {
  Workspace workspace;
  workspace.write("program.cpp", source);
  Ran ran = workspace.clang(flags + " -w -c program.cpp -o object.o");
  EXPECT_TRUE(ran.ok()) << ran.output;
  return ran.ok() ? workspace.read("object.o") : "";
}

struct Live {
  Digest digest;
  std::string signature;
  unsigned line;
};

std::map<std::string, Live> liveIn(const std::string& object) {
  std::map<std::string, Live> live;
  for (const ManifestEntry& entry : readManifest(object))
    if (const Description& about = entry.description; !about.liveName.empty())
      live.emplace(about.liveName, Live{entry.digest, about.signature, about.line});
  return live;
}

TEST(LiveFunctions, AreEntriesWithNameSignatureAndPlace) {
  auto live = liveIn(compiled(R"(#include <roam/roam.h>
namespace app {
static double twice(double x) { return 2 * x; }
[[roam::live("app.convert")]]
double convert(const double euros) { return twice(euros); }
struct Shop { [[roam::live("app/shop")]] static long open(int, char) noexcept; };
long Shop::open(int hour, char) noexcept { return hour; }
}
extern "C" [[roam::live("plain")]] void plain() {}
)"));
  ASSERT_EQ(live.size(), 3u);
  EXPECT_EQ(live.at("app.convert").signature, "double (double)");
  EXPECT_EQ(live.at("app.convert").line, 5u);
  EXPECT_EQ(live.at("app/shop").signature, "long (int, char)");
  EXPECT_EQ(live.at("plain").signature, "void ()");
}

TEST(LiveFunctions, OfOtherFilesAreLeftToThose) {
  EXPECT_TRUE(liveIn(compiled("#include <roam/roam.h>\n[[roam::live(\"x\")]] int f(int);\n"
                              "int g() { return f(1); }\n"))
                  .empty());
}

TEST(LiveFunctions, AreNamedByTheirCodeAlone) {
  auto digest = [](const std::string& before, const std::string& function,
                   const std::string& flags) {
    return liveIn(compiled("#include <roam/roam.h>\n" + before + function + "\n", flags))
        .begin()
        ->second.digest;
  };
  const Digest reference =
      digest("", R"([[roam::live("one")]] int scaled(int x) { return x * 3; })", "-O0");
  EXPECT_EQ(digest("", R"([[roam::live("another")]] int scaled(int x) { return x * 3; })", "-O2"),
            reference);
  EXPECT_EQ(digest("", R"([[roam::live("one")]] static int renamed(int y) { return y * 3; })",
                   "-O2 -fplugin-arg-roam-exports=none"),
            reference);
  EXPECT_EQ(digest("[[roam::peer_local]] int calls;\n[[maybe_unused]] static int other() { return "
                   "++calls; }\n",
                   R"([[roam::live("one")]] int scaled(int x) { return x * 3; })", "-O2 -g"),
            reference);
  EXPECT_NE(digest("", R"([[roam::live("one")]] int scaled(int x) { return x * 4; })", "-O2"),
            reference);
}

TEST(LiveFunctions, OfTheSameCodeKeepTheirNames) {
  const std::string source = R"(#include "ship.h"
#include <roam/roam.h>
[[roam::live("one")]] int one(int x) { return x; }
[[roam::live("two")]] int two(int x) { return x; }
)";
  for (const char* flags : {"-O1", "-O1 -fplugin-arg-roam-linked", "-O2 -save-temps"}) {
    auto live = liveIn(compiled(source, flags));
    ASSERT_EQ(live.size(), 2u) << flags;
    EXPECT_EQ(live.at("one").digest, live.at("two").digest);
  }
}

// What nothing refers to is not dropped when the program is linked.
TEST(LiveFunctions, StayInALinkedProgram) {
  Workspace workspace;
  workspace.write("program.cpp", "#include <roam/roam.h>\n"
                                 "[[roam::live(\"kept\")]] static int kept() { return 1; }\n"
                                 "int main() {}\n");
  Ran ran = workspace.clang("-O2 -Wl,--gc-sections program.cpp -o program");
  ASSERT_TRUE(ran.ok()) << ran.output;
  EXPECT_TRUE(liveIn(workspace.read("program")).contains("kept"));
}

constexpr char types[] = R"(#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>
namespace app {
struct Order { int amount; std::string of; };
enum class Colour { red };
enum Plain { one };
template <class T> struct Box { T value; };
using Prices = std::map<std::string, std::vector<double>>;
inline namespace v2 { struct Inline { int x; }; }
namespace deep::er { struct Nested { struct In { int y; }; }; }
template <int N, auto V> struct Numbered { int a; };
}
)";
const std::vector<std::pair<std::string, std::string>> signatures{
    {"double", "(double)"},
    {"void", "()"},
    {"bool", "(char, signed char, unsigned char, short, long long, unsigned long long, float)"},
    {"std::string", "(const std::string&)"},
    {"const int", "(const long double)"},
    {"std::vector<int>", "(std::vector<std::vector<bool>>)"},
    {"app::Prices", "(app::Prices&&)"},
    {"app::Order", "(const app::Order&, app::Colour, app::Plain)"},
    {"app::Box<app::Order>", "(app::Box<int>)"},
    {"app::Inline", "(app::v2::Inline)"},
    {"app::deep::er::Nested::In", "(int)"},
    {"std::optional<std::tuple<int, double>>", "(std::pair<const int, char>)"},
    {"std::array<std::uint8_t, 3>", "(std::size_t, std::int64_t)"},
    {"std::unique_ptr<int>", "(std::shared_ptr<app::Order>)"},
    {"app::Numbered<3, 'x'>", "(app::Numbered<-1, true>)"},
    {"std::map<int, std::string, std::greater<int>>", "(char32_t, char8_t, wchar_t)"},
};

TEST(LiveFunctions, HaveTheSignatureThatCallersSpell) {
  std::string functions = types, caller = types;
  functions += "#include <roam/roam.h>\n";
  caller += "#include <cstdio>\n#include <roam/signature.h>\nint main() {\n";
  for (std::size_t i = 0; i < signatures.size(); ++i) {
    auto& [result, parameters] = signatures[i];
    std::string name = "f" + std::to_string(i);
    functions +=
        "[[roam::live(\"" + name + "\")]] " + result + " " + name + parameters + " { throw 1; }\n";
    caller += "std::puts(std::string(roam::detail::nameOfSignature<" + result + parameters +
              ">()).c_str());\n";
  }
  Workspace workspace;
  workspace.write("caller.cpp", caller + "}\n");
  Ran ran = workspace.clangWithoutPlugin("-w caller.cpp -o caller && ./caller");
  ASSERT_TRUE(ran.ok()) << ran.output;
  std::istringstream spelled(ran.output);
  auto live = liveIn(compiled(functions));
  ASSERT_EQ(live.size(), signatures.size());
  for (std::size_t i = 0; i < signatures.size(); ++i) {
    std::string line;
    std::getline(spelled, line);
    EXPECT_EQ(live.at("f" + std::to_string(i)).signature, line);
  }
}

} // namespace
} // namespace roam::plugin::testing
