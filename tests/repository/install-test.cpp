// The installed tree serves a project outside of this one. Each test installs this build into a
// folder of its own, and then moves it, since people do.
#include "tests/repository/command.h"
#include "tests/support/temporary-folder.h"
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <set>

namespace roam::test {
namespace {

namespace fs = std::filesystem;

class Install : public testing::Test {
 protected:
  void SetUp() override {
    fs::path first = folder_.path() + "/first place";
    CommandResult installed = run(fmt::format("'{}' --install '{}' --prefix '{}'", ROAM_TEST_CMAKE,
                                              ROAM_TEST_BUILD, first.string()));
    ASSERT_EQ(installed.status, 0) << installed.output;
    fs::rename(first, prefix());
  }

  fs::path prefix() const { return folder_.path() + "/prefix"; }
  fs::path buildFolder() const { return folder_.path() + "/build"; }

  /// Configures the project in tests/repository/PROJECT with a compiler, as a person would.
  CommandResult configure(const std::string& project, const std::string& compiler,
                          const std::string& more = "") {
    std::string sanitize =
        *ROAM_TEST_SANITIZE ? "-DCMAKE_CXX_FLAGS=-fsanitize=" ROAM_TEST_SANITIZE : "";
    return run(
        fmt::format("'{}' -G Ninja -S '{}/tests/repository/{}' -B '{}' -DCMAKE_CXX_COMPILER='{}' "
                    "-DCMAKE_PREFIX_PATH='{}' {} {}",
                    ROAM_TEST_CMAKE, ROAM_TEST_TREE, project, buildFolder().string(), compiler,
                    prefix().string(), sanitize, more));
  }

  /// A program of that project, whatever is configured for us.
  CommandResult runBuilt(const std::string& program) {
    return run(fmt::format("unset ROAM_JOIN ROAM_COMMAND; XDG_CACHE_HOME='{0}/cache' "
                           "XDG_STATE_HOME='{0}/state' XDG_CONFIG_HOME='{0}' '{0}/{1}'",
                           buildFolder().string(), program));
  }

 private:
  TemporaryFolder folder_;
};

std::set<std::string> namesIn(const fs::path& folder) {
  std::set<std::string> names;
  for (auto& entry : fs::directory_iterator(folder))
    names.insert(entry.path().filename());
  return names;
}

} // namespace

TEST_F(Install, GivesAProjectOutsideAllItNeedsToRun) {
  CommandResult configured = configure("consumer", ROAM_TEST_CLANG);
  ASSERT_EQ(configured.status, 0) << configured.output;
  CommandResult built =
      run(fmt::format("'{}' --build '{}'", ROAM_TEST_CMAKE, buildFolder().string()));
  ASSERT_EQ(built.status, 0) << built.output;
  EXPECT_EQ(built.output.find("warning:"), std::string::npos) << built.output;
  CommandResult ran = runBuilt("consumer");
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.output, "41\n42\n43\n");
  CommandResult embedding = runBuilt("embedding");
  EXPECT_EQ(embedding.status, 0);
  EXPECT_EQ(embedding.output, "here\n");
}

TEST_F(Install, AProjectOutsideInstallsABundleOfItsPrograms) {
  ASSERT_EQ(configure("consumer", ROAM_TEST_CLANG).status, 0);
  std::string installed = (buildFolder() / "installed").string();
  CommandResult built =
      run(fmt::format("'{0}' --build '{1}' && '{0}' --install '{1}' --prefix '{2}'",
                      ROAM_TEST_CMAKE, buildFolder().string(), installed));
  ASSERT_EQ(built.status, 0) << built.output;
  CommandResult shown =
      run(fmt::format("'{0}/bin/roam' bundle verify '{1}/lib/roam/shared.roam' && "
                      "'{0}/bin/roam' bundle show '{1}/lib/roam/shared.roam'",
                      prefix().string(), installed));
  EXPECT_EQ(shown.status, 0) << shown.output;
  EXPECT_NE(shown.output.find(" main.cpp:"), std::string::npos) << shown.output;
  EXPECT_NE(shown.output.find("objects for "), std::string::npos) << shown.output;
}

TEST_F(Install, GccIsRefusedWhenTheProjectIsConfigured) {
  CommandResult configured = configure("consumer", ROAM_TEST_GCC);
  EXPECT_NE(configured.status, 0);
  // CMake breaks the lines of the message where it likes.
  std::string words;
  for (char c : configured.output)
    if (c != '\n' || !words.ends_with(' '))
      words += c == '\n' ? ' ' : c;
  while (words.find("  ") != std::string::npos)
    words.erase(words.find("  "), 1);
  EXPECT_NE(words.find("is built for Clang 19, and this project is configured for GNU"),
            std::string::npos)
      << words;
  EXPECT_NE(words.find("-DCMAKE_CXX_COMPILER=clang++-19"), std::string::npos) << words;
}

TEST_F(Install, HoldsThePublicHeadersAndNoOthers) {
  EXPECT_EQ(namesIn(prefix() / "include"), std::set<std::string>{"roam"});
  EXPECT_EQ(namesIn(prefix() / "include/roam"), namesIn(ROAM_TEST_TREE "/runtime/include/roam"));
}

TEST_F(Install, TheCommandFindsItsWorker) {
  EXPECT_EQ(namesIn(prefix() / "bin"), std::set<std::string>{"roam"});
  EXPECT_EQ(namesIn(prefix() / "libexec/roam"),
            (std::set<std::string>{"roam-clang", "roam-compiler", "roam-worker"}));
  CommandResult version = run("'" + (prefix() / "bin/roam").string() + "' version");
  EXPECT_EQ(version.status, 0) << version.output;
}

TEST_F(Install, ASubdirectoryGivesTheSameTarget) {
  CommandResult configured =
      configure("subdirectory", ROAM_TEST_CLANG,
                "-DCMAKE_C_COMPILER=clang-19 -DROAM_TREE='" ROAM_TEST_TREE "'");
  ASSERT_EQ(configured.status, 0) << configured.output;
  // What would be built for the program's one object: the plugin comes first, and is named in its
  // command.
  CommandResult plan = run(fmt::format(
      "cd '{}' && object=$(ninja -t targets all | grep -o '^CMakeFiles/consumer.dir/[^:]*') && "
      "ninja -n -v $object",
      buildFolder().string()));
  ASSERT_EQ(plan.status, 0) << plan.output;
  std::size_t linked = plan.output.find("-o roam/lib/roam-plugin.so");
  std::size_t compiled =
      plan.output.find(fmt::format("-fplugin={}/roam/lib/roam-plugin.so", buildFolder().string()));
  EXPECT_NE(linked, std::string::npos) << plan.output;
  EXPECT_NE(compiled, std::string::npos) << plan.output;
  EXPECT_LT(linked, compiled);
}

} // namespace roam::test
