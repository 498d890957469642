// Bytes that are no code, under their right digest: the store can't refuse them, so a worker meets
// them.
#include "tests/runtime/peer/pool-fixture.h"
#include <random>

namespace roam::peer {
namespace {

using HostileSliceTest = PoolTest;
using Kind = net::Failure::Kind;

TEST_F(HostileSliceTest, BytesThatAreNoBitcodeAreABadSlice) {
  open(1);
  for (const char* bytes : {"", "garbage", "BC\xC0\xDE",
                            "\x7f"
                            "ELF"})
    EXPECT_EQ(failureOf(run(TestSlice(bytes), "", "", 1)).kind, Kind::badSlice) << bytes;
  EXPECT_EQ(pool->counters().workersLost, 0u);
}

TEST_F(HostileSliceTest, AssemblyThatTheMachineDoesNotKnowIsABadSlice) {
  open(1);
  for (int i = 0; i < 3; ++i) { // and stays one
    net::Failure failure = failureOf(run(TestSlice::of("assembly"), "", "", 1));
    EXPECT_EQ(failure.kind, Kind::badSlice);
    EXPECT_NE(std::string(failure.message.cStr()).find("bogusInstruction"), std::string::npos)
        << failure.message.cStr();
  }
  EXPECT_EQ(pool->counters().workersLost, 0u);
}

TEST_F(HostileSliceTest, MutatedSlicesEndInAnAnswerOrInAWorkerAndThePoolLives) {
  open(2);
  TestSlice original = TestSlice::of("square");
  std::mt19937 random(20240611); // a fixed seed: the same mutants each time
  unsigned refused = 0, died = 0, other = 0;
  for (int i = 0; i < 300; ++i) {
    std::string bytes = original.bytes;
    if (i % 3 == 0)
      bytes.resize(random() % bytes.size());
    else
      for (unsigned flips = 1 + random() % 4; flips > 0; --flips)
        bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
    net::ChunkOutcome outcome =
        run(TestSlice(bytes), encoded<std::int64_t>({0}), encoded<std::int64_t>({5}), 1);
    KJ_IF_MAYBE (failure, outcome.failure) {
      refused += failure->kind == Kind::badSlice;
      died += failure->kind == Kind::workerDied;
      EXPECT_STRNE(failure->message.cStr(), "");
    } else {
      ++other; // harmless, or silently different: only the digest can tell
    }
  }
  std::printf("300 mutants: %u refused, %u ended their worker, %u ran\n", refused, died, other);
  EXPECT_GT(refused, 100u);
  EXPECT_EQ(pool->counters().workersLost, died);
  net::ChunkOutcome outcome =
      run(original, encoded<std::int64_t>({0}), encoded<std::int64_t>({5}), 1);
  EXPECT_EQ(decoded<std::int64_t>(outcome.results), (std::vector<std::int64_t>{25}));
}

} // namespace
} // namespace roam::peer
