// What ended a worker is kept by the peer, and ends a worker of `roam replay` in the same way.
#include "roam/roam.h"
#include "tests/e2e/peers.h"
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace roam::e2e {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class Replay : public EndToEnd {
 protected:
  /// The file that the error names, of a call that crashes for 7.
  std::string crash() {
    Cluster cluster = connect(peers.addresses());
    try {
      cluster
          .async(
              [](int x) {
                if (x == 7)
                  std::abort();
                return x;
              },
              7)
          .get();
      ADD_FAILURE() << "it came back";
      return "";
    } catch (const WorkerDied& died) {
      const std::string words = died.what(), mark = "roam replay ";
      std::size_t from = words.find(mark);
      EXPECT_NE(from, std::string::npos) << words;
      if (from == std::string::npos)
        return "";
      from += mark.size();
      return words.substr(from, words.find(" (closure", from) - from);
    }
  }

  Peers peers{1};
};

TEST_F(Replay, EndsAWorkerAsTheCallDid) {
  const std::string path = crash();
  Ended ended = run({builtProgram("roam"), "replay", path});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_TRUE(contains(ended.output, "signal 6")) << ended.output;
  EXPECT_TRUE(contains(ended.output, "the same end")) << ended.output;
}

TEST_F(Replay, RefusesAFileThatIsDamaged) {
  const std::string path = crash();
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  Ended ended = run({builtProgram("roam"), "replay", path});
  EXPECT_EQ(ended.status, 1);
  EXPECT_TRUE(contains(ended.errors, "damaged")) << ended.errors;
}

TEST_F(Replay, StopsInTheDebuggerWhereItCrashes) {
  if (run({"/bin/sh", "-c", "command -v gdb"}).status != 0)
    GTEST_SKIP() << "there is no gdb";
  Ended ended = run({builtProgram("roam"), "replay", "--gdb", crash()});
  EXPECT_TRUE(contains(ended.output + ended.errors, "received signal SIGABRT"))
      << ended.output << ended.errors;
}

} // namespace
} // namespace roam::e2e
