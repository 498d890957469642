// `roam push`: functions of source files behind the names of a running cluster.
#include "tests/e2e/peers.h"
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <roam/live.h>
#include <roam/roam.h>

namespace roam::e2e {
namespace {

class Push : public EndToEnd {
 protected:
  Push() {
    peers_.push_back(std::make_unique<PeerProcess>(1));
    peers_.push_back(
        std::make_unique<PeerProcess>(1, std::vector<std::string>{"--join", peers_[0]->address()}));
  }

  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
  /// As editors do it: another file in the place of the old one.
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name) + "~") << text;
    std::filesystem::rename(path(name) + "~", path(name));
    return path(name);
  }
  /// A file whose functions return `value`.
  std::string versions(int value) const {
    std::string text = std::to_string(value);
    return write("versions.cpp",
                 "#include <roam/roam.h>\n"
                 "[[roam::live(\"version.of\")]] int of(int x) { return x + " +
                     text +
                     "; }\n"
                     "[[roam::live(\"version.all\")]] static std::vector<int> all() { return {" +
                     text + ", " + text + "}; }\n");
  }
  std::vector<std::string> words(std::vector<std::string> more) const {
    more.insert(more.begin(), {builtProgram("roam"), "push", "--join", peers_[0]->address()});
    return more;
  }
  std::vector<std::string> cache() const { return {"XDG_CACHE_HOME=" + path("cache")}; }
  Ended push(std::vector<std::string> more) const { return run(words(std::move(more)), cache()); }
  roam::Cluster connect() const { return roam::connect(peers_[0]->address()); }
  static void says(const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << "'" << part << "' is not in:\n" << text;
  }

  std::vector<std::unique_ptr<PeerProcess>> peers_;
  TemporaryFolder folder_;
};

TEST_F(Push, BindsNamesThatProgramsCall) {
  Ended ended = push({versions(100)});
  ASSERT_EQ(ended.status, 0) << ended.errors;
  says(ended.output, "version.of  revision 1  ");
  says(ended.output, "version.all  revision 1  ");
  EXPECT_EQ(std::ranges::count(ended.output, '\n'), 2) << ended.output;

  roam::Cluster cluster = connect();
  auto of = cluster.live<int(int)>("version.of");
  auto all = cluster.live<std::vector<int>()>("version.all");
  EXPECT_EQ(of(1), 101);
  EXPECT_EQ(all(), (std::vector{100, 100}));
  ended = push({versions(200)});
  says(ended.output, "version.of  revision 2  ");
  await("the new revision is called", [&] { return of(1) == 201; });
  EXPECT_EQ(all(), (std::vector{200, 200}));
  EXPECT_THROW(cluster.live<double(int)>("version.of")(1), std::exception);
}

TEST_F(Push, ThatDoesNotCompileChangesNothing) {
  ASSERT_EQ(push({versions(1)}).status, 0);
  write("broken.cpp", "#include <roam/roam.h>\n[[roam::live(\"broken\")]] int f() { return x; }\n");
  Ended ended = push({versions(2), path("broken.cpp")});
  EXPECT_EQ(ended.status, 1);
  EXPECT_EQ(ended.output, "");
  says(ended.errors, "broken.cpp:2:43: error: use of undeclared identifier 'x'");
  says(ended.errors, "nothing was changed");
  roam::Cluster cluster = connect();
  EXPECT_EQ(cluster.live<int(int)>("version.of")(0), 1);
}

TEST_F(Push, RefusesOneNameForTwoFunctions) {
  for (const char* name : {"one.cpp", "two.cpp"})
    write(name, "#include <roam/roam.h>\n[[roam::live(\"same\")]] int f() { return 1; }\n");
  Ended ended = push({path("one.cpp"), path("two.cpp")});
  EXPECT_EQ(ended.status, 1);
  says(ended.errors, "two functions have the live name 'same', at " + path("one.cpp") +
                         ":2 and at " + path("two.cpp") + ":2");
}

TEST_F(Push, SaysThatNothingIsMarked) {
  Ended ended = push({write("plain.cpp", "int f() { return 1; }\n")});
  EXPECT_EQ(ended.status, 1);
  says(ended.errors, "there is nothing to push: no function in " + path("plain.cpp") +
                         " is marked [[roam::live(\"name\")]]");
}

bool thisMachineHas(const std::string& feature) {
  std::ifstream file("/proc/cpuinfo");
  std::string text(std::istreambuf_iterator<char>(file), {});
  return text.find(" " + feature + " ") != std::string::npos;
}

TEST_F(Push, SwitchesNothingIfAPeerCannotRunOneOfTheFunctions) {
  if (thisMachineHas("sha512"))
    GTEST_SKIP() << "this CPU has every feature that the test knows";
  ASSERT_EQ(push({versions(1)}).status, 0);
  std::string hash = write("hash.cpp", R"(#include <immintrin.h>
#include <roam/roam.h>
[[gnu::target("sha512,avx2")]] static long hash(long x) {
  __m256i a = _mm256_set1_epi64x(x);
  return _mm256_extract_epi64(_mm256_sha512msg2_epi64(a, a), 0);
}
[[roam::live("hash")]] long hashOf(long x) { return hash(x); }
)");
  Ended ended = push({versions(2), hash});
  EXPECT_EQ(ended.status, 1);
  says(ended.errors, "sha512");
  EXPECT_TRUE(ended.errors.find(peers_[0]->address()) != std::string::npos ||
              ended.errors.find(peers_[1]->address()) != std::string::npos)
      << ended.errors;
  says(ended.errors, "nothing was changed");
  roam::Cluster cluster = connect();
  EXPECT_EQ(cluster.live<int(int)>("version.of")(0), 1);
}

// One calls the other, and both are of one push.
TEST_F(Push, TakesSeveralFilesAsOneProgram) {
  write("tax.cpp", "int tax(int price) { return price / 5; }\n");
  write("gross.cpp", "#include <roam/roam.h>\nint tax(int);\n"
                     "[[roam::live(\"gross\")]] int gross(int x) { return x + tax(x); }\n");
  Ended ended = push({path("gross.cpp"), path("tax.cpp")});
  ASSERT_EQ(ended.status, 0) << ended.errors;
  roam::Cluster cluster = connect();
  EXPECT_EQ(cluster.live<int(int)>("gross")(100), 120);
  ended = push({path("gross.cpp")});
  EXPECT_EQ(ended.status, 1);
  says(ended.errors, "tax(int)");
}

TEST_F(Push, CompilesAsTheProjectDoes) {
  std::string file = write("sized.cpp", "#include <roam/roam.h>\n"
                                        "[[roam::live(\"size\")]] int size() { return SIZE; }\n");
  write("compile_commands.json",
        "[{\"directory\": \"" + folder_.path() + "\", \"file\": \"sized.cpp\", \"command\": " +
            "\"clang++ -std=c++20 -O2 -g -I" ROAM_TEST_TREE "/runtime/include -DSIZE=7 -MD -MF "
            "sized.d -o sized.o -c sized.cpp\"}]");
  Ended ended = push({"-p", folder_.path(), file});
  ASSERT_EQ(ended.status, 0) << ended.errors;
  roam::Cluster cluster = connect();
  EXPECT_EQ(cluster.live<int()>("size")(), 7);
}

// [[roam::peer_local]] variables are the peer's: other code finds them as they were left.
TEST_F(Push, LeavesPeerLocalVariablesAsTheyAre) {
  std::string header = write("visits.h", "#pragma once\n"
                                         "[[roam::peer_local]] inline int visits = 5;\n");
  auto pushed = [&](int step) {
    return push({write("visit.cpp", "#include \"visits.h\"\n#include <roam/roam.h>\n"
                                    "[[roam::live(\"visit\")]] int visit() { return visits += " +
                                        std::to_string(step) + "; }\n")})
        .status;
  };
  auto onFirst = [&](const std::string& expression) {
    return run({builtProgram("roam"), "eval", "--join", peers_[0]->address(), "-i", header,
                expression},
               cache())
        .output;
  };
  ASSERT_EQ(pushed(1), 0);
  roam::Cluster cluster = connect();
  auto visit = cluster.live<int()>("visit");
  int sum = 0;
  for (int i = 0; i < 4; ++i)
    visit();
  ASSERT_EQ(pushed(100), 0);
  for (roam::Member& peer : cluster.peers()) {
    std::string line = onFirst("visits");
    std::size_t at = line.find("(" + peer.address + "): ");
    ASSERT_NE(at, std::string::npos) << line;
    sum += std::stoi(line.substr(at + peer.address.size() + 4)) - 5;
  }
  EXPECT_EQ(sum, 4) << "each visit was counted on some peer";
  await("the second version is called", [&] { return visit() > 100; });
}

class PushWatch : public Push {
 protected:
  /// What it says on standard error, too.
  std::vector<std::string> watching(const std::string& file) const {
    return {"/bin/sh", "-c",
            "XDG_CACHE_HOME=" + path("cache") + " exec " + builtProgram("roam") +
                " push --watch --join " + peers_[0]->address() + " " + file + " 2>&1"};
  }
  /// Reads on until a line has this in it.
  static void awaitLine(Process& process, const std::string& part) {
    while (process.line().find(part) == std::string::npos)
      ;
  }
};

TEST_F(PushWatch, PushesWhateverIsSaved) {
  write("step.h", "#pragma once\ninline int step() { return 1; }\n");
  std::string file =
      write("go.cpp", "#include \"step.h\"\n#include <roam/roam.h>\n"
                      "[[roam::live(\"go\")]] int go(int x) { return x + step(); }\n");
  Process process(watching(file));
  awaitLine(process, "go  revision 1  ");
  awaitLine(process, "waiting for a file to be saved");
  roam::Cluster cluster = connect();
  auto go = cluster.live<int(int)>("go");
  EXPECT_EQ(go(0), 1);

  write("step.h", "#pragma once\ninline int step() { return 20; }\n"); // renamed into place
  awaitLine(process, "go  revision 2  ");
  await("the header's change counts", [&] { return go(0) == 20; });

  std::ofstream(path("step.h")) << "#pragma once\ninline int step() { return }\n"; // in place
  awaitLine(process, "step.h:2:28: error: expected expression");
  awaitLine(process, "nothing was changed: what was pushed before is in force");
  EXPECT_EQ(go(0), 20);

  write("step.h", "#pragma once\ninline int step() { return 300; }\n");
  awaitLine(process, "go  revision 3  ");
  await("it works again", [&] { return go(0) == 300; });
  EXPECT_EQ(process.end(SIGTERM), 128 + SIGTERM);
}

} // namespace
} // namespace roam::e2e
