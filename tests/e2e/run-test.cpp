// `roam run`: a program from its source against peers.
#include "tests/e2e/peers.h"
#include <csignal>
#include <filesystem>
#include <fstream>

namespace roam::e2e {
namespace {

class Run : public EndToEnd {
 protected:
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  void SetUp() override {
    GTEST_SKIP() << "the libroam of this build needs a sanitizer's runtime, which the program that "
                    "`roam run` links does not have";
  }
#endif
  std::string file(const std::string& text) const {
    std::string path = folder_.path() + "/program.cpp";
    std::ofstream(path) << text;
    return path;
  }
  std::vector<std::string> words(std::vector<std::string> more) const {
    more.insert(more.begin(), {builtProgram("roam"), "run", "--join", peers_.addresses()});
    return more;
  }
  /// What commands leave behind in the folder for temporary files.
  std::size_t leftBehind() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(temporary_.path()), {}));
  }
  std::string temporaryFolder() const {
    return "TMPDIR=" + temporary_.path();
  }

  Peers peers_{1};
  TemporaryFolder folder_, temporary_;
};

TEST_F(Run, RunsAProgramAgainstTheCluster) {
  std::string source = file(R"(#include <cstdio>
#include <roam/roam.h>
#include <string>
#include <unistd.h>
int main(int argc, char** argv) {
  roam::Cluster cluster = roam::connect();
  int parent = cluster.async([] { return getppid(); }).get();
  std::printf("%d %d %s\n", parent, argc, argv[1]);
  return 7;
}
)");
  Ended ended = run(words({source, "--", "--first", "second"}), {temporaryFolder()});
  EXPECT_EQ(ended.status, 7) << ended.errors;
  EXPECT_EQ(ended.output, std::to_string(peers_[0].id()) + " 3 --first\n");
  EXPECT_EQ(leftBehind(), 0u);
}

TEST_F(Run, TellsWhatTheCompilerAndTheLinkerSay) {
  Ended ended = run(words({file("int main( {}\n")}), {temporaryFolder()});
  EXPECT_EQ(ended.status, 1);
  EXPECT_NE(ended.errors.find("program.cpp:1:13: error: expected ')'"), std::string::npos)
      << ended.errors;
  ended = run(words({file("int missing();\nint main() { return missing(); }\n")}));
  EXPECT_EQ(ended.status, 1);
  EXPECT_NE(ended.errors.find("the program could not be linked"), std::string::npos);
  EXPECT_NE(ended.errors.find("missing()"), std::string::npos) << ended.errors;
  EXPECT_EQ(leftBehind(), 0u);
}

TEST_F(Run, SaysThatThereIsNoLinker) {
  Ended ended = run(words({file("int main() {}\n")}), {"PATH=" + folder_.path()});
  EXPECT_EQ(ended.status, 1);
  EXPECT_NE(ended.errors.find("there is no clang++-19, clang++, c++ or g++ on PATH"),
            std::string::npos)
      << ended.errors;
}

TEST_F(Run, LeavesSignalsToTheProgram) {
  std::string source = file(R"(#include <csignal>
#include <cstdio>
#include <unistd.h>
int main() {
  std::signal(SIGTERM, [](int) { _exit(5); });
  std::puts("ready");
  std::fflush(stdout);
  for (;;) pause();
}
)");
  Process process(words({source}));
  EXPECT_EQ(process.line(), "ready");
  EXPECT_EQ(process.end(SIGTERM), 5);
}

TEST_F(Run, EndsAsTheProgramDoes) {
  Ended ended = run(words({file("#include <cstdlib>\nint main() { std::abort(); }\n")}));
  EXPECT_EQ(ended.status, 128 + SIGABRT);
}

} // namespace
} // namespace roam::e2e
