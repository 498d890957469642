// A program compiled without the plugin, or with another compiler, gets one error, and it says what
// to do.
#include "tests/repository/command.h"
#include "tests/support/temporary-folder.h"
#include <fstream>
#include <gtest/gtest.h>

namespace roam::test {
namespace {

constexpr const char* program = R"(#include <roam/roam.h>
#include <vector>
int main() {
  roam::Cluster cluster = roam::connect();
  std::vector<int> numbers = {1, 2, 3};
  int k = 4;
  return cluster.map(numbers, [=](int n) { return n + k; })[0];
}
)";

CommandResult compile(const std::string& compiler) {
  TemporaryFolder folder;
  std::ofstream(folder.path() + "/program.cpp") << program;
  return run("cd '" + folder.path() + "' && '" + compiler + "' -std=c++20 -fsyntax-only -I '" +
             ROAM_TEST_TREE "/runtime/include' program.cpp");
}

std::size_t errorsIn(const std::string& output) {
  std::size_t count = 0;
  for (std::size_t at = output.find("error:"); at != std::string::npos;
       at = output.find("error:", at + 1))
    ++count;
  return count;
}

} // namespace

TEST(PluginMissing, IsOneErrorThatSaysHowToLoadIt) {
  CommandResult result = compile(ROAM_TEST_CLANG);
  EXPECT_NE(result.status, 0);
  EXPECT_EQ(errorsIn(result.output), 1u) << result.output;
  EXPECT_NE(result.output.find("Roam's compiler plugin is not loaded: link roam::roam"),
            std::string::npos)
      << result.output;
}

TEST(PluginMissing, GccIsToldWhichCompilerToUse) {
  CommandResult result = compile(ROAM_TEST_GCC);
  EXPECT_NE(result.status, 0);
  EXPECT_EQ(errorsIn(result.output), 1u) << result.output;
  EXPECT_NE(result.output.find("Roam needs clang 19"), std::string::npos) << result.output;
}

} // namespace roam::test
