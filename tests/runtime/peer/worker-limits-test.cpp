// What the code in a worker runs out of ends a chunk with a reason, and neither worker nor peer for
// good.
#include "tests/runtime/peer/pool-fixture.h"

namespace roam::peer {
namespace {

class WorkerLimitsTest : public PoolTest {
 protected:
  ~WorkerLimitsTest() noexcept override {}

  /// Megabytes; the process that has allocated them, or 0 if it could not.
  std::int64_t allocate(std::int64_t size, bool keeps = false) {
    net::ChunkOutcome outcome =
        run(TestSlice::of("allocates"), encoded<std::int64_t>({size, keeps}), "", 1);
    KJ_IF_MAYBE (failure, outcome.failure) {
      EXPECT_EQ(failure->kind, net::Failure::Kind::thrown);
      EXPECT_EQ(failure->type, "std::bad_alloc");
      return 0;
    }
    return decoded<std::int64_t>(outcome.results).at(0);
  }
};

constexpr std::int64_t all = 1 << 20; // megabytes: a terabyte

TEST_F(WorkerLimitsTest, CodeThatAllocatesWithoutEndGetsAnErrorAndItsWorkerLivesOn) {
  allowance.memory = 256u << 20;
  open(1);
  std::int64_t worker = pool->processes()[0];
  EXPECT_EQ(allocate(100), worker);
  EXPECT_EQ(allocate(all), 0);
  EXPECT_EQ(allocate(100), worker);
}

TEST_F(WorkerLimitsTest, AWorkerWhoseMemoryIsUsedUpForGoodIsReplaced) {
  allowance.memory = 256u << 20;
  open(1);
  std::int64_t worker = pool->processes()[0];
  EXPECT_EQ(allocate(all, true), 0);
  std::int64_t next = allocate(100);
  EXPECT_NE(next, 0);
  EXPECT_NE(next, worker);
  EXPECT_EQ(pool->counters().workersLost, 0u);
  EXPECT_TRUE(log.has("used up its memory"));
}

TEST_F(WorkerLimitsTest, ACodeThatUsesMoreProcessorTimeThanAllowedFailsWithTheLimit) {
  processorTime = 300 * kj::MILLISECONDS;
  open(1);
  net::Failure failure = failureOf(run(TestSlice::of("spins"), "", "", 1));
  EXPECT_EQ(failure.kind, net::Failure::Kind::limit);
  EXPECT_NE(std::string(failure.message.cStr()).find("--worker-cpu-time"), std::string::npos);
  EXPECT_NE(allocate(1), 0); // on the next worker
  EXPECT_EQ(pool->counters().workersLost, 0u);
}

TEST_F(WorkerLimitsTest, TimeThatAChunkOnlyWaitsIsNotCounted) {
  processorTime = 300 * kj::MILLISECONDS;
  open(1);
  std::string path = directory.file("a"), nothing;
  auto promise = begin(TestSlice::of("waits"), path, nothing, 1);
  io.provider->getTimer().afterDelay(4 * limits::cpuLook).wait(io.waitScope);
  std::ofstream(path + ".go").put('\n');
  EXPECT_TRUE(wait(kj::mv(promise)).failure == nullptr);
}

TEST_F(WorkerLimitsTest, CodeOpensNoMoreFilesThanAllowed) {
  allowance.files = 64;
  open(1);
  auto count = decoded<std::int64_t>(run(TestSlice::of("reaches"), "files ", "", 1).results).at(0);
  EXPECT_GT(count, 32);
  EXPECT_LT(count, 64);
}

TEST_F(WorkerLimitsTest, NoProcessOfAPeerWritesCoreDumpsOrGainsPrivileges) {
  open(1);
  std::string process = "/proc/" + std::to_string(pool->processes()[0]);
  std::string status((std::istreambuf_iterator<char>(std::ifstream(process + "/status").rdbuf())),
                     {});
  EXPECT_NE(status.find("NoNewPrivs:\t1"), std::string::npos);
  std::ifstream limits(process + "/limits");
  std::string line;
  while (std::getline(limits, line) && !line.starts_with("Max core file size"))
    ;
  EXPECT_NE(line.find(" 1 "), std::string::npos) << line;
}

} // namespace
} // namespace roam::peer
