// Code travels to a peer once, is compiled there once, and is known to it from then on.
#include "tests/e2e/peers.h"
#include <ranges>
#include <roam/roam.h>

namespace roam::e2e {
namespace {

class Code : public EndToEnd {
 protected:
  static void runProgram(Peers& peers, const std::string& name = "roam-e2e-program") {
    Ended ended = run({builtProgram(name), "sum"}, {"ROAM_JOIN=" + peers.addresses()});
    EXPECT_EQ(ended.status, 0) << ended.errors;
    EXPECT_EQ(ended.output, "1800\n2000\n") << ended.errors;
  }
};

TEST_F(Code, TravelsToAPeerOnceForAllCallsOfAllPrograms) {
  Peers peers(2);
  for (int runs = 0; runs < 3; ++runs) { // each of them maps twice
    runProgram(peers);
    std::uint64_t compiled = 0;
    for (auto& peer : peers) {
      Counters counters = peer->counters();
      EXPECT_EQ(counters.slicesReceived, 1u);
      EXPECT_EQ(counters.compiled + counters.fromPeers, 1u);
      EXPECT_EQ(counters.workersLost, 0u);
      compiled += counters.compiled;
    }
    EXPECT_EQ(compiled, 1u) << "by one peer for both";
  }
  EXPECT_EQ(peers[0].counters().elementsDone + peers[1].counters().elementsDone, 3u * 2 * 200);
}

TEST_F(Code, OfASecondBuildIsCompiledNoMore) {
  Peers peers(1);
  runProgram(peers);
  runProgram(peers, "roam-e2e-program-elsewhere"); // another folder, another optimisation level
  EXPECT_EQ(peers[0].counters().slicesReceived, 1u);
  EXPECT_EQ(peers[0].counters().compiled, 1u);
  EXPECT_EQ(peers[0].counters().elementsDone, 2u * 2 * 200);
}

TEST_F(Code, OfALambdaThatMovedToAnotherProgramIsCompiledNoMore) {
  Peers peers(1);
  runProgram(peers);
  Cluster cluster = connect(peers.addresses());
  int more = 4;
  EXPECT_EQ(cluster.map(std::vector<int>{3, 5}, [more](int n) { return n * n + more; }),
            (std::vector<int>{13, 29}));
  EXPECT_EQ(peers[0].counters().slicesReceived, 1u);
  EXPECT_EQ(peers[0].counters().compiled, 1u);
}

TEST_F(Code, IsNotCompiledAgainByAPeerThatRestarts) {
  Peers peers(1);
  runProgram(peers);
  EXPECT_EQ(peers[0].counters().compiled, 1u);
  EXPECT_EQ(peers[0].counters().cacheHits, 0u);
  peers[0].restart();
  runProgram(peers);
  EXPECT_EQ(peers[0].counters().compiled, 0u);
  EXPECT_EQ(peers[0].counters().cacheHits, 1u);
}

TEST_F(Code, IsCompiledOnceForAllWorkersOfAPeer) {
  Peers peers(1, 4);
  runProgram(peers);
  EXPECT_EQ(peers[0].counters().compiled, 1u);
  EXPECT_EQ(peers[0].counters().slicesReceived, 1u);
}

TEST_F(Code, OfTwoLambdasTravelsAsTwoSlices) {
  Peers peers(1);
  Cluster cluster = connect(peers.addresses());
  EXPECT_EQ(cluster.async([](int x) { return x + 1; }, 1).get(), 2);
  EXPECT_EQ(cluster.async([](int x) { return x + 2; }, 1).get(), 3);
  EXPECT_EQ(peers[0].counters().slicesReceived, 2u);
}

TEST_F(Code, ThatIsTheSameAtTwoPlacesOfAProgramTravelsAsOneSlice) {
  Peers peers(1);
  Cluster cluster = connect(peers.addresses());
  EXPECT_EQ(cluster.async([](int x) { return x * 5; }, 1).get(), 5);
  auto elsewhere = [](int y) { return y * 5; };
  EXPECT_EQ(cluster.async(elsewhere, 2).get(), 10);
  EXPECT_EQ(peers[0].counters().slicesReceived, 1u);
  EXPECT_EQ(peers[0].counters().compiled, 1u);
}

TEST_F(Code, TravelsOnceThoughManyCallsBeginBeforeItHasArrived) {
  Peers peers(1);
  Cluster cluster = connect(peers.addresses());
  std::vector<Future<int>> futures;
  for (int i = 0; i < 100; ++i)
    futures.push_back(cluster.async([](int x) { return x - 1; }, i));
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(futures[std::size_t(i)].get(), i - 1);
  EXPECT_EQ(peers[0].counters().slicesReceived, 1u);
  EXPECT_EQ(peers[0].counters().compiled, 1u);
}

} // namespace
} // namespace roam::e2e
