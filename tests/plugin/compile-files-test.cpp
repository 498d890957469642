// roam-clang: objects of a project's files, as its own commands would make them.
#include "tests/plugin/workspace.h"
#include <gtest/gtest.h>
#include <sstream>

namespace roam::plugin::testing {
namespace {

constexpr char source[] = R"(#include "ship.h"
int shipIt(int a) { return ship([a] { return a * FACTOR; }) ? 1 : 0; }
)";

/// A project with a folder of its own for the build.
class Project {
 public:
  Project() {
    workspace.write("source/one.cpp", source);
    workspace.write("source/other.cpp", "int other() { return 1; }\n");
    workspace.write(
        "build/compile_commands.json",
        "[" + command("one.cpp", "-DFACTOR=2 -O0 -MD -MF one.d -flto -o one.o") + "," +
            command("one.cpp", "-DFACTOR=3 -c -o again.o -fplugin=/gone/roam-plugin.so") + "," +
            command("other.cpp", "-g -o other.o") + "]");
    workspace.write("objects/README", "");
  }

  /// Files are named from within `source`.
  Ran compile(const std::string& files, const std::string& errors = "2>&1") const {
    return workspace.run("'" ROAM_TEST_CLANG_PROGRAM "' -p ../build -o ../objects " + files + " " +
                             errors,
                         "source");
  }

  Workspace workspace;

 private:
  std::string command(const std::string& file, const std::string& flags) const {
    std::string folder = workspace.path().string();
    return "{\"directory\": \"" + folder + "/build\", \"file\": \"" + folder + "/source/" + file +
           "\", \"command\": \"" ROAM_TEST_CLANG " -std=c++20 -I.. -I" ROAM_TEST_INCLUDE " " +
           flags + " -c " + folder + "/source/" + file + "\"}";
  }
};

std::vector<std::string> linesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    lines.push_back(line);
  return lines;
}

TEST(CompileFiles, GivesTheSlicesThatTheProjectsOwnCommandsWould) {
  Project project;
  Ran ran = project.compile("one.cpp other.cpp");
  ASSERT_TRUE(ran.ok()) << ran.output;
  std::vector<std::string> objects = linesOf(ran.output);
  ASSERT_EQ(objects.size(), 3u) << "one.cpp is compiled twice: " << ran.output;

  for (int factor : {2, 3}) {
    ASSERT_TRUE(
        project.workspace.clang("-O2 -c source/one.cpp -o own.o -DFACTOR=" + std::to_string(factor))
            .ok());
    std::string own = project.workspace.read("own.o");
    std::string made = project.workspace.read(objects.at(factor - 2));
    auto expected = readManifest(own), entries = readManifest(made);
    ASSERT_EQ(entries.size(), 1u);
    EXPECT_EQ(entries[0].digest, expected.at(0).digest);
  }
  EXPECT_EQ(readFunctions(project.workspace.read(objects.at(2))).size(), 1u);
  EXPECT_FALSE(std::filesystem::exists(project.workspace.path() / "build/one.d"))
      << "files of the project are left alone";
}

TEST(CompileFiles, PrintsWhatClangSaysAndCarriesOn) {
  Project project;
  project.workspace.write("source/one.cpp", "int broken( { }\n");
  Ran said = project.compile("one.cpp other.cpp");
  EXPECT_EQ(said.status, 1);
  EXPECT_NE(said.output.find("source/one.cpp:1:16: error: expected ')'"), std::string::npos) << said.output;
  Ran made = project.compile("one.cpp other.cpp", "2>/dev/null");
  ASSERT_EQ(linesOf(made.output).size(), 1u) << made.output;
  EXPECT_NE(made.output.find("-other.o\n"), std::string::npos);
}

TEST(CompileFiles, SaysWhichFileHasNoCommand) {
  Project project;
  project.workspace.write("source/new.cpp", "");
  Ran ran = project.compile("new.cpp");
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.output,
            "roam-clang: ../build/compile_commands.json has no command that compiles new.cpp\n");
}

TEST(CompileFiles, SaysThatThereAreNoCommands) {
  Project project;
  std::filesystem::remove(project.workspace.path() / "build/compile_commands.json");
  Ran ran = project.compile("one.cpp");
  EXPECT_EQ(ran.status, 1);
  EXPECT_NE(ran.output.find("can't read ../build/compile_commands.json"), std::string::npos);
  EXPECT_NE(ran.output.find("-DCMAKE_EXPORT_COMPILE_COMMANDS=ON"), std::string::npos) << ran.output;
}

TEST(CompileFiles, SaysHowItIsUsed) {
  Project project;
  Ran ran = project.compile("--fast one.cpp");
  EXPECT_EQ(ran.status, 2);
  EXPECT_NE(ran.output.find("roam-clang -o FOLDER [-p BUILD] [--precompile] FILE... [-- FLAG...]"), std::string::npos);
}

} // namespace
} // namespace roam::plugin::testing
