// Calls that nobody waits for any more: the code that runs hears of it, whatever the reason.
#include "tests/e2e/peers.h"
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <roam/roam.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace roam::e2e {
namespace {

using namespace std::chrono_literals;

class Cancel : public EndToEnd {
 protected:
  std::string file(const char* name) const { return folder_.path() + "/" + name; }
  bool exists(const char* name) const { return std::filesystem::exists(file(name)); }

  /// Runs until it is cancelled; files say that it has begun, and that it has heard.
  auto untilCancelled() const {
    return [begun = file("begun"), heard = file("heard")](int) {
      std::ofstream(begun).put('\n');
      while (!roam::cancelled())
        std::this_thread::sleep_for(1ms);
      std::ofstream(heard).put('\n');
      return 0;
    };
  }

  PeerProcess peer_{1};

 private:
  TemporaryFolder folder_;
};

TEST_F(Cancel, OfAFutureReachesTheCodeThatRuns) {
  Cluster cluster = connect(peer_.address());
  auto future = cluster.async(untilCancelled(), 1);
  await("the call runs", [&] { return exists("begun"); });
  EXPECT_FALSE(exists("heard"));
  future.cancel();
  await("the code hears of it", [&] { return exists("heard"); });
  EXPECT_EQ(peer_.counters().workersLost, 0u);
}

TEST_F(Cancel, ByItsDeadlineReachesTheCodeThatRuns) {
  Cluster cluster = connect(peer_.address());
  Options options;
  options.deadline = 3s;
  EXPECT_THROW(cluster.map(std::vector<int>{1}, untilCancelled(), options), Timeout);
  await("the code hears of it", [&] { return exists("heard"); });
}

TEST_F(Cancel, ByTheEndOfTheProgramReachesTheCodeThatRuns) {
  pid_t program = fork();
  if (program == 0) {
    Cluster cluster = connect(peer_.address());
    cluster.async(untilCancelled(), 1).get();
    _exit(0);
  }
  await("the call runs", [&] { return exists("begun"); });
  kill(program, SIGKILL);
  await("the code hears of it", [&] { return exists("heard"); });
}

TEST_F(Cancel, EndsTheWorkerOfCodeThatDoesNotAsk) {
  Cluster cluster = connect(peer_.address());
  auto future = cluster.async([begun = file("begun")] {
    std::ofstream(begun).put('\n');
    for (;;)
      std::this_thread::sleep_for(1ms);
  });
  await("the call runs", [&] { return exists("begun"); });
  future.cancel();
  EXPECT_EQ(cluster.async([] { return 7; }).get(), 7); // the only worker was busy
}

TEST_F(Cancel, IsNothingThatAProgramHearsItself) {
  EXPECT_FALSE(roam::cancelled());
}

} // namespace
} // namespace roam::e2e
