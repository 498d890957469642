// Code that writes into what its process shares with the supervisor: the supervisor lives, and
// other chunks get their own results.
#include "tests/runtime/peer/pool-fixture.h"
#include <csignal>
#include <random>

namespace roam::peer {
namespace {

using HostileWorkerTest = PoolTest;

TEST_F(HostileWorkerTest, RandomBytesInTheSharedMemoryHarmNobodyElse) {
  open(2);
  TestSlice scribbles = TestSlice::of("scribbles"), square = TestSlice::of("square");
  const std::string nothing, zero = encoded<std::int64_t>({0}), nine = encoded<std::int64_t>({9});
  std::mt19937_64 random(20);
  unsigned ran = 0;
  for (int round = 0; round < 200; ++round) {
    std::string seed = encoded<std::uint64_t>({random()});
    auto hostile =
        begin(scribbles, seed, nothing, 1)
            .then([](net::ChunkOutcome outcome) {
              KJ_IF_MAYBE (failure, outcome.failure)
                return failure->kind != net::Failure::Kind::quarantined;
              return true;
            })
            .exclusiveJoin(io.provider->getTimer().afterDelay(100 * kj::MILLISECONDS).then([] {
              return false;
            }));
    ran += wait(kj::mv(hostile));
    // Whatever the workers say now, they are not asked again.
    auto lost = pool->counters().workersLost;
    auto workers = pool->processes();
    for (pid_t worker : workers)
      kill(worker, SIGKILL);
    ASSERT_TRUE(workers.size() == 0 || until([&] { return pool->counters().workersLost > lost; }));
    quarantine.release(scribbles.digest);
  }
  EXPECT_GT(ran, 100u);
  net::ChunkOutcome outcome = run(square, zero, nine, 1);
  for (int tries = 0; outcome.failure != nullptr && tries < 4; ++tries)
    outcome = run(square, zero, nine, 1); // at a worker whose end was not heard of yet
  EXPECT_EQ(decoded<std::int64_t>(outcome.results), (std::vector<std::int64_t>{81}));
}

} // namespace
} // namespace roam::peer
