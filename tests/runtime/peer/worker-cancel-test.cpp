// Chunks that nobody waits for any more: their code hears of it, or ends with its worker.
#include "tests/runtime/peer/pool-fixture.h"
#include <algorithm>
#include <csignal>

namespace roam::peer {
namespace {

class WorkerCancelTest : public PoolTest {
 protected:
  ~WorkerCancelTest() noexcept override {}

  bool exists(const std::string& file) { return std::filesystem::exists(file); }
  /// Begins a chunk that never ends by itself, and forgets it once it runs.
  void abandon(const TestSlice& slice, const std::string& path, const std::string& sign) {
    auto promise = begin(slice, path, nothing, 1);
    ASSERT_TRUE(until([&] { return exists(path + sign); }));
  }
  void expectWork() {
    EXPECT_EQ(decoded<std::int64_t>(run(TestSlice::of("square"), encoded<std::int64_t>({0}),
                                        encoded<std::int64_t>({9}), 1)
                                        .results),
              (std::vector<std::int64_t>{81}));
  }

  const std::string nothing; // begin() wants bytes that stay
};

TEST_F(WorkerCancelTest, CodeThatAsksHearsThatNobodyWaitsAndItsWorkerLivesOn) {
  open(1);
  pid_t worker = pool->processes()[0];
  std::string path = directory.file("a");
  abandon(TestSlice::of("asks"), path, ".begun");
  EXPECT_TRUE(until([&] { return exists(path + ".heard"); }));
  expectWork();
  EXPECT_EQ(pool->processes()[0], worker);
}

TEST_F(WorkerCancelTest, AChunkIsNotCancelledSinceTheOneBeforeItWas) {
  open(1);
  std::string first = directory.file("a"), second = directory.file("b");
  TestSlice asks = TestSlice::of("asks");
  for (int i = 0; i < 8; ++i) { // every slot of the worker has had one that was cancelled
    std::string path = directory.file("a" + std::to_string(i));
    abandon(asks, path, ".begun");
    ASSERT_TRUE(until([&] { return exists(path + ".heard"); }));
    expectWork();
  }
  auto wanted = begin(asks, second, nothing, 1);
  ASSERT_TRUE(until([&] { return exists(second + ".begun"); }));
  EXPECT_FALSE(exists(second + ".heard"));
  EXPECT_FALSE(wanted.poll(io.waitScope));
}

TEST_F(WorkerCancelTest, CodeThatRunsOnEndsWithItsWorkerWhichIsNotCountedAsLost) {
  open(1);
  pid_t worker = pool->processes()[0];
  std::string path = directory.file("a");
  abandon(TestSlice::of("waits"), path, ".begun");
  expectWork(); // on a new worker
  EXPECT_NE(pool->processes()[0], worker);
  EXPECT_EQ(kill(worker, 0), -1);
  EXPECT_EQ(pool->counters().workersLost, 0u);
  EXPECT_TRUE(log.has("nobody waited for"));
}

TEST_F(WorkerCancelTest, WhatWaitsBehindCodeThatIsEndedRuns) {
  open(1);
  TestSlice square = TestSlice::of("square");
  std::string path = directory.file("a"), n = encoded<std::int64_t>({0}),
              nine = encoded<std::int64_t>({9});
  auto promise = kj::heap(begin(TestSlice::of("waits"), path, nothing, 1));
  ASSERT_TRUE(until([&] { return exists(path + ".begun"); }));
  auto behind = begin(square, n, nine, 1); // lies ready at the worker that ends
  promise = nullptr;
  EXPECT_EQ(decoded<std::int64_t>(wait(kj::mv(behind)).results), (std::vector<std::int64_t>{81}));
}

int processIn(const std::string& path) {
  int id = 0;
  std::ifstream(path) >> id;
  return id;
}

/// Gone, or dead and not yet waited for by whoever inherited it.
bool isGone(int process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string number, name, state;
  return !(file >> number >> name >> state) || state == "Z" || state == "X";
}

TEST_F(WorkerCancelTest, ProcessesThatTheCodeHasStartedEndWithItsWorker) {
  open(1);
  std::string path = directory.file("child");
  auto promise = begin(TestSlice::of("forks"), path, nothing, 1);
  ASSERT_TRUE(until([&] { return exists(path); }));
  kill(pool->processes()[0], SIGSEGV);
  EXPECT_EQ(failureOf(wait(kj::mv(promise))).kind, net::Failure::Kind::workerDied);
  EXPECT_TRUE(until([&] { return isGone(processIn(path)); }));
}

TEST_F(WorkerCancelTest, ProcessesThatTheCodeHasStartedEndWithThePool) {
  open(1);
  std::string path = directory.file("child");
  auto promise = begin(TestSlice::of("forks"), path, nothing, 1);
  ASSERT_TRUE(until([&] { return exists(path); }));
  pool = nullptr;
  EXPECT_TRUE(until([&] { return isGone(processIn(path)); }));
}

TEST_F(WorkerCancelTest, TheSpareTakesThePlaceOfAWorkerThatEnds) {
  open(1);
  TestSlice square = TestSlice::of("square");
  ASSERT_TRUE(until([&] { return pool->spare() != nullptr; }));
  pid_t spare = 0;
  KJ_IF_MAYBE (process, pool->spare())
    spare = *process;
  kill(pool->processes()[0], SIGKILL);
  ASSERT_TRUE(until([&] { return pool->counters().workersLost == 1; }));
  ASSERT_EQ(pool->processes().size(), 1u); // at once
  EXPECT_EQ(pool->processes()[0], spare);
  expectWork();
  ASSERT_TRUE(until([&] { return pool->spare() != nullptr; })); // another one
}

} // namespace
} // namespace roam::peer
