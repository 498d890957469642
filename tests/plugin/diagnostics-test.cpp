// What the plugin says: each file in diagnostics/ holds the errors and notes it must give, as
// comments for clang's -verify.
#include "tests/plugin/workspace.h"
#include <gtest/gtest.h>

namespace roam::plugin::testing {
namespace {

class Diagnostics : public ::testing::TestWithParam<const char*> {};

TEST_P(Diagnostics, AreThoseTheFileExpects) {
  Workspace workspace;
  Ran ran = workspace.clang(
      std::string("-w -fsyntax-only -ferror-limit=0 -Xclang -verify '" ROAM_TEST_SOURCES
                  "/diagnostics/") +
      GetParam() + ".cpp'");
  EXPECT_TRUE(ran.ok()) << ran.output;
}

INSTANTIATE_TEST_SUITE_P(, Diagnostics,
                         ::testing::Values("references", "pointers", "members", "standard-types",
                                           "nested", "variables", "ways-to-variables", "calls",
                                           "classes", "versions", "peer-local", "peer-local-names",
                                           "live", "live-headers", "live-state", "accepted",
                                           "incomplete"),
                         [](const auto& file) {
                           std::string name = file.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(Errors, LeaveNoObjectFile) {
  Workspace workspace;
  workspace.write("bad.cpp",
                  "#include \"ship.h\"\nint hits;\nvoid f() { ship([] { return ++hits; }); }\n");
  Ran ran = workspace.clang("-O2 -c bad.cpp -o bad.o");
  EXPECT_FALSE(ran.ok());
  EXPECT_NE(ran.output.find("'hits' is a variable of this program"), std::string::npos)
      << ran.output;
  EXPECT_FALSE(std::filesystem::exists(workspace.path() / "bad.o"));
}

TEST(Errors, AreNotFollowedByErrorsOfTheHeaders) {
  Workspace workspace;
  workspace.write("bad.cpp", "#include \"ship.h\"\nvoid f(int* p) { ship([p] { return *p; }); }\n");
  Ran ran = workspace.clang("-O2 -c bad.cpp -o bad.o");
  EXPECT_FALSE(ran.ok());
  EXPECT_NE(ran.output.find("1 error generated"), std::string::npos) << ran.output;
  EXPECT_EQ(ran.output.find("wrapper.h"), std::string::npos) << ran.output;
}

TEST(Errors, HaveFixItsThatRepairTheCapture) {
  Workspace workspace;
  workspace.write("bad.cpp", R"(#include "ship.h"
struct Scale { int by = 2; void use() { int x = 1; ship([&x, this] { return x * by; }); } };
void f() { Scale().use(); }
void g(int x) {    ship([&] { return x; }); }
)");
  Ran ran = workspace.clang("-fsyntax-only -fdiagnostics-parseable-fixits bad.cpp");
  EXPECT_FALSE(ran.ok());
  EXPECT_NE(ran.output.find("fix-it:\"bad.cpp\":{2:58-2:59}:\"\""), std::string::npos)
      << ran.output;
  EXPECT_NE(ran.output.find("fix-it:\"bad.cpp\":{2:62-2:66}:\"*this\""), std::string::npos)
      << ran.output;
  EXPECT_NE(ran.output.find("fix-it:\"bad.cpp\":{4:26-4:27}:\"=\""), std::string::npos)
      << ran.output;
}

TEST(Errors, OfCodeGenerationAreToldAtTheirPlace) {
  Workspace workspace;
  workspace.write("wide.cpp", R"(#include "ship.h"
#include <immintrin.h>
void f(double a) {
  ship([a] {
    __m256d x = _mm256_set1_pd(a);
    x = _mm256_add_pd(x, x);
    return x[0];
  });
}
)");
  Ran ran = workspace.clang("-O2 -c wide.cpp -o wide.o");
  EXPECT_FALSE(ran.ok());
  EXPECT_NE(ran.output.find("wide.cpp:6:9: error: always_inline function '_mm256_add_pd' requires "
                            "target feature 'avx'"),
            std::string::npos)
      << ran.output;
  EXPECT_NE(ran.output.find("while making the code of lambdas ready to travel"), std::string::npos)
      << ran.output;
  EXPECT_FALSE(std::filesystem::exists(workspace.path() / "wide.o"));
}

TEST(Errors, SpeakOfVariablesInOtherLibrariesHeadersToo) {
  Workspace workspace;
  workspace.write("other/lib.h",
                  "inline int counter = 0; inline int bump() { return ++counter; }\n");
  workspace.write("bad.cpp", "#include \"ship.h\"\n#include <lib.h>\n"
                             "void f() { ship([] { return bump(); }); }\n");
  Ran ran = workspace.clang("-isystem other -c bad.cpp -o bad.o");
  EXPECT_FALSE(ran.ok());
  EXPECT_NE(ran.output.find("'counter' is a variable of this program"), std::string::npos)
      << ran.output;
}

TEST(Errors, RefuseLambdasOfSeveralModulesInOneFile) {
  Workspace workspace;
  for (std::string name : {"one", "two"}) {
    workspace.write(name + ".cppm", "module;\n#include \"ship.h\"\nexport module " + name +
                                        ";\nexport inline const roam::EntryRecord* " + name +
                                        "Ship(int a) { return roam::ship([a] { return a; }); }\n");
    Ran made = workspace.clang("--precompile " + name + ".cppm -o " + name + ".pcm");
    ASSERT_TRUE(made.ok()) << made.output;
  }
  workspace.write("both.cpp", R"(#include "ship.h"
import one;
import two;
bool both() { return oneShip(1) == twoShip(1); }
)");
  Ran ran =
      workspace.clang("-fmodule-file=one=one.pcm -fmodule-file=two=two.pcm -c both.cpp -o b.o");
  EXPECT_FALSE(ran.ok());
  EXPECT_NE(ran.output.find("does not support lambdas of several modules in one file"),
            std::string::npos)
      << ran.output;
}

TEST(Errors, NameAnUnknownOption) {
  Workspace workspace;
  workspace.write("empty.cpp", "");
  Ran ran = workspace.clang("-fsyntax-only -fplugin-arg-roam-nonsense empty.cpp");
  EXPECT_FALSE(ran.ok());
  EXPECT_NE(ran.output.find("unknown option of the roam plugin: 'nonsense'"), std::string::npos)
      << ran.output;
}

TEST(Remarks, TellWhatTravelsWhereTheyAreAskedFor) {
  Workspace workspace;
  workspace.write("ship.cpp", R"(#include "ship.h"
int twice(int x);
void f(int a, long b) {
  ship([a, b] { static int calls = 0; return twice(a) + b + ++calls; });
}
)");
  Ran quiet = workspace.clang("-Wno-undefined-inline -c ship.cpp -o ship.o");
  EXPECT_EQ(quiet.output, "");
  Ran ran = workspace.clang("-fplugin-arg-roam-report -c ship.cpp -o ship.o");
  EXPECT_TRUE(ran.ok());
  for (const char* part :
       {"ship.cpp:4:8: remark: this lambda travels as slice ",
        "  call      (std::tuple<>) -> long\n",
        "  closure   16 bytes, 2 captures\n    +0    a : int (4 bytes)\n    +8    b : long (8 "
        "bytes)\n",
        "  code      1 function, ", "  the entry and what was inlined into it\n",
        "  state     static f(int, long)::", "::calls\n", "\n    twice(int)\n"})
    EXPECT_NE(ran.output.find(part), std::string::npos) << part << " is not in:\n" << ran.output;
}

TEST(Statics, AreToldAsLoudlyAsIsAsked) {
  Workspace workspace;
  workspace.write("ship.cpp", R"(#include "ship.h"
inline int next() { static int calls = 0; return ++calls; }
void f() { ship([] { return next(); }); ship([] { return -next(); }); }
)");
  const std::string said = ": each worker of a peer has a 'calls' of its own";
  auto told = [&](const std::string& flag) {
    return workspace.clang("-c " + flag + " ship.cpp -o ship.o");
  };
  EXPECT_EQ(told("").output, "");
  EXPECT_EQ(told("-fplugin-arg-roam-statics=off").output, "");
  for (std::string level : {"remark", "warning", "error"}) {
    Ran ran = told("-fplugin-arg-roam-statics=" + level);
    EXPECT_EQ(ran.ok(), level != "error");
    std::size_t at = ran.output.find("ship.cpp:2:32: " + level + said);
    EXPECT_NE(at, std::string::npos) << ran.output;
    EXPECT_EQ(ran.output.find(said, at + 40), std::string::npos) << "twice: " << ran.output;
  }
  EXPECT_NE(told("-fplugin-arg-roam-remarks").output.find("remark" + said), std::string::npos);
  EXPECT_NE(told("-fplugin-arg-roam-statics=loud").output.find("unknown option"),
            std::string::npos);
}

} // namespace
} // namespace roam::plugin::testing
