// Ways to compile: precompiled headers, coroutines, and other things that two code generations over
// one AST must survive.
#include "tests/plugin/workspace.h"
#include <gtest/gtest.h>

namespace roam::plugin::testing {
namespace {

TEST(Programs, CanAskWhetherThePluginIsThere) {
  Workspace workspace;
  workspace.write("ask.cpp", "#ifndef __ROAM_PLUGIN__\n#error no plugin\n#endif\n");
  EXPECT_TRUE(workspace.clang("-fsyntax-only ask.cpp").ok());
  EXPECT_FALSE(workspace.clangWithoutPlugin("-fsyntax-only ask.cpp").ok());
  EXPECT_TRUE(workspace.clang("-x c++-header ask.cpp -o ask.pch").ok());
  workspace.write("use.cpp", "#ifndef __ROAM_PLUGIN__\n#error no plugin\n#endif\n");
  Ran ran = workspace.clang("-fsyntax-only -include-pch ask.pch use.cpp");
  EXPECT_TRUE(ran.ok()) << ran.output;
  // A precompiled header made without the plugin.
  workspace.write("plain.h", "inline int one() { return 1; }\n");
  ASSERT_TRUE(workspace.clangWithoutPlugin("-x c++-header plain.h -o plain.pch").ok());
  ran = workspace.clang("-fsyntax-only -include-pch plain.pch use.cpp");
  EXPECT_TRUE(ran.ok()) << ran.output;
}

TEST(Programs, MayBePreprocessedInAStepOfItsOwn) {
  Workspace workspace;
  workspace.write("ask.cpp", R"(#include "roam/presence.h"
#ifndef __ROAM_PLUGIN__
#error no plugin
#endif
#include "ship.h"
int main() { return ship([] { return 1; }) == nullptr; }
)");
  Ran ran = workspace.clang("-save-temps ask.cpp -o ask");
  ASSERT_TRUE(ran.ok()) << ran.output;
  EXPECT_TRUE(workspace.run("./ask").ok());
  EXPECT_FALSE(workspace.clangWithoutPlugin("-E ask.cpp -o ask.out").ok());
}

TEST(PrecompiledHeaders, KeepTheirEntriesApartFromThoseOfTheFile) {
  Workspace workspace;
  workspace.write("common.h", R"(#pragma once
#include "ship.h"
#include <string>
inline const roam::EntryRecord* ofHeader(int a) { return ship([a] { return a + 1000; }); }
inline const roam::EntryRecord* alsoOfHeader(int a) { return ship([a] { return a + 2000; }); }
)");
  workspace.write("file.cpp", R"(#include "common.h"
#include <cstdio>
struct roam::EntryRecord { unsigned char digest[32]; };
int main() {
  int a = 3;
  for (auto* record : {ofHeader(1), ship([a] { return a + 3000; }), alsoOfHeader(1), ship([a] { return a + 4000; })}) {
    for (unsigned char byte : record->digest) std::printf("%02x", byte);
    std::printf("\n");
  }
}
)");
  ASSERT_TRUE(workspace.clang("-O1 file.cpp -o plain").ok());
  Ran made = workspace.clang("-O1 -x c++-header common.h -o common.h.pch");
  ASSERT_TRUE(made.ok()) << made.output;
  Ran used = workspace.clang("-O1 -include-pch common.h.pch file.cpp -o precompiled");
  ASSERT_TRUE(used.ok()) << used.output;
  Ran plain = workspace.run("./plain"), precompiled = workspace.run("./precompiled");
  EXPECT_EQ(plain.output.size(), 4 * 65u);
  EXPECT_EQ(plain.output, precompiled.output);
}

TEST(Coroutines, SurviveTheSecondCodeGeneration) {
  Workspace workspace;
  workspace.write("coroutine.cpp", R"(#include "ship.h"
#include <coroutine>
#include <cstdio>
#include <exception>
struct Numbers {
  struct promise_type {
    int value = 0;
    Numbers get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    std::suspend_always yield_value(int v) { value = v; return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
  std::coroutine_handle<promise_type> handle;
  ~Numbers() { handle.destroy(); }
  int next() { handle.resume(); return handle.promise().value; }
};
Numbers counting(int from) { for (;;) co_yield from++; }
inline int third(int a) { Numbers n = counting(a); n.next(); n.next(); return n.next(); }
int main() {
  int a = 5;
  std::printf("%d %d\n", ship([a] { return third(a); }) != nullptr, third(a));
}
)");
  for (const char* level : {"-O0", "-O2"}) {
    Ran ran = workspace.clang(std::string(level) + " coroutine.cpp -o program");
    ASSERT_TRUE(ran.ok()) << ran.output;
    EXPECT_EQ(workspace.run("./program").output, "1 7\n");
  }
}

TEST(Languages, OfEveryKindCompile) {
  Workspace workspace;
  workspace.write("plain.cpp", R"(#include "ship.h"
struct Base { virtual int f() { return 1; } };
struct Derived : Base { int f() override { return 2; } };
int main() { int a = 3; return ship([a] { Derived d; Base& b = d; return a + b.f(); }) == nullptr; }
)");
  for (const char* flags :
       {"-fno-rtti", "-std=c++23", "-std=gnu++20 -fwrapv",
        "-fno-threadsafe-statics -fno-strict-aliasing", "-m64 -mavx2 -fopenmp-simd",
        "-fno-plt -fno-common -fshort-enums -funsigned-char"}) {
    Ran ran = workspace.clang(std::string("-O1 plain.cpp -o plain ") + flags);
    ASSERT_TRUE(ran.ok()) << flags << "\n" << ran.output;
    EXPECT_TRUE(workspace.run("./plain").ok()) << flags;
  }
}

TEST(Multiplication, IsNotFusedWithAdditionUnlessTheUserAsks) {
  Workspace workspace;
  workspace.write("fused.cpp", R"(#include "ship.h"
void f(double a, double b, double c) { ship([a, b, c] { return a * b + c; }); }
)");
  auto ir = [&](const char* flags) {
    std::filesystem::remove_all(workspace.path() / "out");
    std::filesystem::create_directory(workspace.path() / "out");
    Ran ran =
        workspace.clang(std::string(flags) + " -c fused.cpp -o f.o -fplugin-arg-roam-dump=out");
    EXPECT_TRUE(ran.ok()) << ran.output;
    return workspace.run("$(dirname $(readlink -f '" ROAM_TEST_CLANG "'))/llvm-dis out/*.bc -o -")
        .output;
  };
  std::string plain = ir("-O2 -march=haswell");
  EXPECT_NE(plain.find("fmul double"), std::string::npos) << plain;
  EXPECT_EQ(plain.find("fmuladd"), std::string::npos) << plain;
  EXPECT_NE(ir("-O2 -ffp-contract=fast").find("fmul contract double"), std::string::npos);
}

TEST(Slices, NameNoSourceOfTheirProgram) {
  Workspace workspace;
  workspace.write("secret-file.cpp", R"(#include "ship.h"
#include <string>
struct SecretType { int secretField; int secretMethod() const { return secretField + 1; } };
inline int secretCallee(const SecretType& t) { static int secretStatic; return t.secretMethod() + ++secretStatic; }
void secretFunction(int secretParameter) {
  int secretCapture = secretParameter;
  ship([secretCapture] { SecretType secretLocal{secretCapture}; return secretCallee(secretLocal); });
}
)");
  std::filesystem::create_directory(workspace.path() / "out");
  Ran ran = workspace.clang("-O0 -g -c secret-file.cpp -o s.o -fplugin-arg-roam-dump=out");
  ASSERT_TRUE(ran.ok()) << ran.output;
  Ran found = workspace.run("grep -il secret out/*.bc");
  EXPECT_EQ(found.output, "");
}

TEST(Slices, KeepTheNamesOfTypesThatOtherFilesCanName) {
  Workspace workspace;
  workspace.write("thrown.cpp", R"(#include "ship.h"
struct Ulysses { int v; };
template <class T> struct Wrapped { T v; };
namespace { struct Hidden { int v; }; }
int secretFunction(int a) {
  struct Ultra { int v; };
  ship([a] {
    if (a == 1) throw Ulysses{a};
    if (a == 2) throw Wrapped<Ulysses>{a};
    if (a == 3) throw Hidden{a};
    if (a == 4) throw Wrapped<Ultra>{a};
    if (a == 5) throw [a] { return a; };
    if (a == 6) throw Ultra{a};
    return a;
  });
  return a;
}
)");
  std::filesystem::create_directory(workspace.path() / "out");
  Ran ran = workspace.clang("-c thrown.cpp -o t.o -fplugin-arg-roam-dump=out");
  ASSERT_TRUE(ran.ok()) << ran.output;
  std::string text =
      workspace.run("$(dirname $(readlink -f '" ROAM_TEST_CLANG "'))/llvm-dis out/*.bc -o -")
          .output;
  for (const char* name : {"\"7Ulysses\\00\"", "\"7WrappedI7UlyssesE\\00\"", "\"roam.local.Hidden.",
                           "\"roam.local.Wrapped.", "\"roam.local.lambda.", "\"roam.local.Ultra."})
    EXPECT_NE(text.find(name), std::string::npos) << name << "\n" << text;
  EXPECT_EQ(text.find("secretFunction"), std::string::npos) << text;
}

TEST(Slices, HoldMembersOfTheUsersOwnExternTemplates) {
  Workspace workspace;
  workspace.write("extern.cpp", R"(#include "ship.h"
#include <sstream>
template <class T> struct Foo {
  T v;
  T big(int n) const { if (n) return big(n - 1) + v; std::string s(n, 'x'); return s.size(); }
};
extern template struct Foo<int>;
void f(int a) { ship([a] { return Foo<int>{a}.big(a) + int(std::ostringstream("y").str().size()); }); }
)");
  ASSERT_TRUE(workspace.clang("-c extern.cpp -o extern.o").ok());
  std::string object = workspace.read("extern.o");
  auto entries = readManifest(object);
  ASSERT_EQ(entries.size(), 1u);
  bool needsStream = false;
  for (auto& need : entries[0].needs) {
    EXPECT_EQ(need.find("3FooIiE"), std::string::npos) << need;
    needsStream |= need.find("basic_ostringstream") != std::string::npos;
  }
  EXPECT_TRUE(needsStream); // of the standard library's
}

TEST(Slices, LeaveWeakVariablesWeak) {
  Workspace workspace;
  workspace.write("weak.cpp", R"(#include "ship.h"
extern const int maybe __attribute__((weak));
void f(int a) { ship([a] { return &maybe ? maybe : a; }); }
)");
  ASSERT_TRUE(workspace.clang("-c weak.cpp -o weak.o").ok());
  std::string object = workspace.read("weak.o");
  auto entries = readManifest(object);
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_TRUE(entries[0].needs.empty());
}

/// A library that another compiler built has older names for constrained templates; the host says
/// so.
TEST(Slices, NameSymbolsAsTheHostDoes) {
  Workspace workspace;
  workspace.write("library.cpp", R"(#include "ship.h"
template <class T> int half(T x) requires(sizeof(T) > 1);
void f(int a) { ship([a] { return half(a); }); }
)");
  for (const char* flag : {"", "-fclang-abi-compat=17"}) {
    ASSERT_TRUE(workspace.clang(std::string("-c library.cpp -o library.o ") + flag).ok());
    std::string object = workspace.read("library.o");
    auto entries = readManifest(object);
    ASSERT_EQ(entries.size(), 1u);
    ASSERT_EQ(entries[0].needs.size(), 1u);
    EXPECT_EQ(entries[0].needs[0], *flag ? "_Z4halfIiEiT_" : "_Z4halfIiEiT_QgtstS0_Li1E");
  }
}

TEST(Options, PrintAndTimeSpeakOfEachEntry) {
  Workspace workspace;
  workspace.write("a.cpp", "#include \"ship.h\"\nvoid f(int a) { ship([a] { return a; }); }\n");
  Ran ran = workspace.clang("-c a.cpp -o a.o -fplugin-arg-roam-print -fplugin-arg-roam-time");
  ASSERT_TRUE(ran.ok()) << ran.output;
  std::string object = workspace.read("a.o");
  auto entries = readManifest(object);
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_NE(ran.output.find(entries[0].digest.toString()), std::string::npos) << ran.output;
  EXPECT_NE(ran.output.find("canonical form"), std::string::npos) << ran.output;
}

} // namespace
} // namespace roam::plugin::testing
