// connect() with nothing configured: peers of the program's own, which end with it.
#include "tests/e2e/gate.h"
#include "tests/e2e/peers.h"
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <optional>
#include <ranges>
#include <roam/roam.h>
#include <sstream>
#include <unistd.h>

namespace roam::e2e {
namespace {

class PrivateClusters : public EndToEnd {
 protected:
  /// The supervisors and workers of all its peers.
  static std::vector<pid_t> processesOf(Cluster& cluster) {
    std::vector<pid_t> processes;
    for (auto& [peer, result] : cluster.onAll([] { return std::pair(getppid(), getpid()); })) {
      auto [supervisor, worker] = result.get();
      processes.insert(processes.end(), {supervisor, worker});
    }
    return processes;
  }
  static void awaitEnd(const std::vector<pid_t>& processes) {
    for (pid_t process : processes)
      await("the process of a private cluster is gone", [&] { return isGone(process); });
  }
};

TEST_F(PrivateClusters, RunLambdas) {
  Cluster cluster = connect();
  double rate = 1.65;
  auto pounds = cluster.map(std::views::iota(0, 1000), [=](int euros) { return euros * rate; });
  for (int i = 0; i < 1000; ++i)
    EXPECT_EQ(pounds[std::size_t(i)], i * rate);
}

TEST_F(PrivateClusters, HaveAWorkerForEachProcessor) {
  Cluster cluster = connect();
  unsigned workers = 0;
  for (const Member& peer : cluster.peers())
    workers += peer.workers;
  EXPECT_GE(workers, std::thread::hardware_concurrency());
}

TEST_F(PrivateClusters, EndWithTheirObject) {
  std::optional<Cluster> cluster = connect();
  std::vector<pid_t> processes = processesOf(*cluster);
  EXPECT_GE(processes.size(), 2u);
  std::string socket = cluster->peers()[0].address.substr(sizeof "unix:" - 1);
  EXPECT_TRUE(std::filesystem::exists(socket));
  cluster.reset();
  awaitEnd(processes);
  EXPECT_FALSE(std::filesystem::exists(std::filesystem::path(socket).parent_path()));
}

TEST_F(PrivateClusters, EndWithTheirObjectThoughALambdaStillRuns) {
  std::optional<Cluster> cluster = connect();
  std::vector<pid_t> processes = processesOf(*cluster);
  Gate gate;
  auto future = cluster->async([entrance = gate.entrance()] {
    entrance.wait();
    return 1;
  });
  cluster.reset();
  awaitEnd(processes);
  EXPECT_THROW(future.get(), Cancelled);
}

TEST_F(PrivateClusters, EndWithTheirProgramHoweverItEnds) {
  for (int signal : {SIGKILL, SIGTERM, SIGABRT}) {
    Process program({builtProgram("roam-e2e-program"), "private"});
    std::istringstream numbers(program.line());
    std::vector<pid_t> processes;
    for (pid_t process; numbers >> process;)
      processes.push_back(process);
    ASSERT_GE(processes.size(), 2u);
    for (pid_t process : processes)
      EXPECT_FALSE(isGone(process));
    EXPECT_EQ(program.end(signal), 128 + signal);
    awaitEnd(processes);
  }
}

TEST_F(PrivateClusters, AreSeveralWhenSeveralAreAskedFor) {
  Cluster one = connect(), other = connect();
  std::vector<pid_t> ofOne = processesOf(one), ofOther = processesOf(other);
  for (pid_t process : ofOne)
    EXPECT_EQ(std::count(ofOther.begin(), ofOther.end(), process), 0);
}

TEST_F(PrivateClusters, AreNotStartedIfRoamJoinNamesPeers) {
  Peers peers(2);
  setenv("ROAM_JOIN", peers.addresses().c_str(), 1);
  Cluster cluster = connect();
  ASSERT_EQ(cluster.peers().size(), 2u);
  EXPECT_EQ(cluster.peers()[0].address, peers[0].address());
}

TEST_F(PrivateClusters, ThatCannotStartSayWhatIsMissing) {
  setenv("ROAM_COMMAND", "/does/not/exist/roam", 1);
  try {
    connect();
    ADD_FAILURE() << "there is no such command";
  } catch (const ConfigurationError& error) {
    EXPECT_NE(std::string(error.what()).find("/does/not/exist/roam"), std::string::npos)
        << error.what();
  }
  setenv("ROAM_COMMAND", "/bin/true", 1);
  try {
    connect();
    ADD_FAILURE() << "it is no peer";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("/bin/true"), std::string::npos) << error.what();
  }
  unsetenv("ROAM_COMMAND");
}

} // namespace
} // namespace roam::e2e
