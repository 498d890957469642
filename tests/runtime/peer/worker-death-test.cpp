// Workers end in every way there is; the pool lives, and says what happened.
#include "tests/runtime/peer/pool-fixture.h"
#include <algorithm>
#include <csignal>
#include <deque>
#include <poll.h>
#include <random>
#include <sys/wait.h>
#include <unistd.h>
extern "C" { // glibc 2.36 forgot to say so
#include <sys/pidfd.h>
}

namespace roam::peer {
namespace {

using WorkerDeathTest = PoolTest;
using Kind = net::Failure::Kind;

const std::string nothing; // begin() wants bytes that stay

bool contains(const kj::String& text, const std::string& piece) {
  return std::string(text.cStr()).find(piece) != std::string::npos;
}

TEST_F(WorkerDeathTest, AKilledWorkerFailsItsChunkByNameAndIsReplaced) {
  open(1);
  TestSlice waits = TestSlice::of("waits");
  std::string path = directory.file("a");
  auto promise = begin(waits, path, nothing, 5, 100);
  ASSERT_TRUE(until([&] { return std::filesystem::exists(path + ".begun"); }));
  pid_t victim = pool->processes()[0];
  kill(victim, SIGKILL);
  net::Failure failure = failureOf(wait(kj::mv(promise)));
  EXPECT_EQ(failure.kind, Kind::workerDied);
  EXPECT_TRUE(contains(failure.message, "signal 9 (Killed)")) << failure.message.cStr();
  EXPECT_TRUE(contains(failure.message, waits.digest.shortened())) << failure.message.cStr();
  EXPECT_TRUE(contains(failure.message, "elements 100 to 104")) << failure.message.cStr();
  EXPECT_EQ(failure.element, 100u);

  std::ofstream(path + ".go").put('\n');
  net::ChunkOutcome outcome = run(waits, path, "", 5);
  ASSERT_TRUE(outcome.failure == nullptr);
  EXPECT_NE(decoded<std::int64_t>(outcome.results).at(0), victim);
  EXPECT_EQ(pool->counters().workersLost, 1u);
  EXPECT_EQ(pool->counters().compiled, 1u); // the new worker linked what the old one had compiled
  EXPECT_TRUE(log.has("signal 9"));
}

TEST_F(WorkerDeathTest, ShippedCodeThatEndsItsProcessFailsOnlyItsOwnChunk) {
  open(2);
  TestSlice ends = TestSlice::of("ends");
  net::Failure aborted = failureOf(run(ends, "a", "", 1));
  EXPECT_EQ(aborted.kind, Kind::workerDied);
  EXPECT_TRUE(contains(aborted.message, "signal 6 (Aborted)")) << aborted.message.cStr();
  net::Failure exited = failureOf(run(ends, "e", "", 1));
  EXPECT_EQ(exited.kind, Kind::workerDied);
  EXPECT_TRUE(contains(exited.message, "exit status 3")) << exited.message.cStr();
  net::Failure faulted = failureOf(run(ends, "n", "", 1));
  EXPECT_EQ(faulted.kind, Kind::workerDied);
#if !__has_feature(address_sanitizer) // which makes it an exit status
  EXPECT_TRUE(contains(faulted.message, "signal 11")) << faulted.message.cStr();
#endif
  quarantine.release(ends.digest);
  EXPECT_TRUE(run(ends, "-", "", 1).failure == nullptr);
  EXPECT_EQ(pool->counters().workersLost, 3u);
}

TEST_F(WorkerDeathTest, TheThirdWorkerThatCodeEndsIsItsLastAndOtherCodeRunsOn) {
  open(3);
  TestSlice ends = TestSlice::of("ends"), square = TestSlice::of("square");
  const std::string aborts = "a", captures = encoded<std::int64_t>({0}),
                    seven = encoded<std::int64_t>({7});
  std::vector<kj::Promise<net::ChunkOutcome>> poison, others;
  for (int i = 0; i < 40; ++i) {
    poison.push_back(begin(ends, aborts, nothing, 1));
    others.push_back(begin(square, captures, seven, 1));
  }
  unsigned died = 0, refused = 0;
  for (auto& promise : poison) {
    net::Failure failure = failureOf(wait(kj::mv(promise)));
    died += failure.kind == Kind::workerDied;
    refused += failure.kind == Kind::quarantined;
    if (failure.kind == Kind::quarantined)
      EXPECT_TRUE(contains(failure.message, "it ended 3 workers; the last was killed by signal 6"))
          << failure.message.cStr();
    else
      EXPECT_EQ(failure.signal, SIGABRT);
  }
  EXPECT_EQ(died, 3u);
  EXPECT_EQ(refused, 37u);
  for (auto& promise : others)
    EXPECT_TRUE(wait(kj::mv(promise)).failure == nullptr);
  EXPECT_EQ(pool->counters().workersLost, 3u);

  ASSERT_TRUE(quarantine.release(ends.digest));
  EXPECT_TRUE(run(ends, "-", "", 1).failure == nullptr);
}

TEST_F(WorkerDeathTest, ChunksThatTheDeadWorkerHadNotBegunRunElsewhere) {
  open(1);
  TestSlice waits = TestSlice::of("waits"), square = TestSlice::of("square");
  std::string path = directory.file("a"), captures = encoded<std::int64_t>({0});
  std::string arguments = encoded<std::int64_t>({9});
  auto victim = begin(waits, path, nothing, 1);
  std::vector<kj::Promise<net::ChunkOutcome>> others;
  for (int i = 0; i < 8; ++i)
    others.push_back(begin(square, captures, arguments, 1));
  ASSERT_TRUE(until([&] { return std::filesystem::exists(path + ".begun"); }));
  kill(pool->processes()[0], SIGKILL);
  EXPECT_EQ(failureOf(wait(kj::mv(victim))).kind, Kind::workerDied);
  for (auto& promise : others)
    EXPECT_EQ(decoded<std::int64_t>(wait(kj::mv(promise)).results),
              (std::vector<std::int64_t>{81}));
}

TEST_F(WorkerDeathTest, AnIdleWorkerThatDiesIsReplacedWithoutNotice) {
  open(2);
  pid_t victim = pool->processes()[0];
  kill(victim, SIGTERM);
  ASSERT_TRUE(until([&] {
    auto processes = pool->processes();
    return processes.size() == 2 && processes[0] != victim && processes[1] != victim;
  }));
  TestSlice square = TestSlice::of("square");
  EXPECT_TRUE(run(square, encoded<std::int64_t>({0}), encoded<std::int64_t>({5}), 1).failure ==
              nullptr);
}

/// Chunks of three entries come, some are dropped, workers are killed all the while: every chunk
/// that is still wanted gets its own results, or a failure that says its worker died.
TEST_F(WorkerDeathTest, NothingIsLostWhileWorkersAreKilledAndChunksDropped) {
  open(3);
  TestSlice square = TestSlice::of("square"), fills = TestSlice::of("fills"),
            throws = TestSlice::of("throws");
  std::mt19937 random(7);
  std::string n = encoded<std::int64_t>({0}), kind = "r", one = "\1";
  std::deque<std::string> arguments; // stay where they are
  std::vector<kj::Promise<void>> promises;
  unsigned wanted = 0, answered = 0, died = 0;
  auto count = [&](auto&& check) {
    return [&, check](net::ChunkOutcome outcome) {
      ++answered;
      KJ_IF_MAYBE (failure, outcome.failure)
        if (failure->kind == Kind::workerDied) {
          ++died;
          return;
        }
      check(kj::mv(outcome));
    };
  };
  for (int i = 0; i < 600; ++i) {
    kj::Promise<void> promise = nullptr;
    if (std::int64_t x = random() % 1000; i % 3 == 0) {
      arguments.push_back(encoded<std::int64_t>({x}));
      promise = begin(square, n, arguments.back(), 1).then(count([x](net::ChunkOutcome outcome) {
        EXPECT_EQ(decoded<std::int64_t>(outcome.results), (std::vector<std::int64_t>{x * x}));
      }));
    } else if (std::uint64_t size = random() % 300'000; i % 3 == 1) {
      arguments.push_back(encoded<std::uint64_t>({size}));
      promise =
          begin(fills, nothing, arguments.back(), 1).then(count([size](net::ChunkOutcome outcome) {
            ASSERT_EQ(outcome.results.size(), size);
            EXPECT_TRUE(std::all_of(outcome.results.begin(), outcome.results.end(),
                                    [size](kj::byte b) { return b == (size & 0xff); }));
          }));
    } else {
      promise = begin(throws, kind, one, 1).then(count([](net::ChunkOutcome outcome) {
        EXPECT_EQ(failureOf(kj::mv(outcome)).kind, Kind::thrown);
      }));
    }
    if (random() % 10 == 0)
      continue; // dropped, wherever it is
    ++wanted;
    promises.push_back(promise.eagerlyEvaluate(nullptr));
    for (const TestSlice* slice : {&square, &fills, &throws})
      quarantine.release(slice->digest); // it's us who kill
    if (random() % 40 == 0)
      if (auto processes = pool->processes(); processes.size() > 0)
        kill(processes[random() % processes.size()], SIGKILL);
    if (random() % 8 == 0)
      io.provider->getTimer().afterDelay(1 * kj::MILLISECONDS).wait(io.waitScope);
  }
  for (auto& promise : promises)
    wait(kj::mv(promise));
  EXPECT_EQ(answered, wanted);
  EXPECT_GT(pool->counters().workersLost, 0u); // the fewer, the slower a worker starts
  EXPECT_LE(died, pool->counters().workersLost);
  EXPECT_LE(pool->counters().compiled, 3u + pool->counters().workersLost);
}

TEST_F(WorkerDeathTest, EndingThePoolEndsItsWorkersAndFailsWhatWaits) {
  open(2);
  TestSlice waits = TestSlice::of("waits");
  std::string path = directory.file("a");
  auto promise = begin(waits, path, nothing, 1);
  ASSERT_TRUE(until([&] { return std::filesystem::exists(path + ".begun"); }));
  auto processes = pool->processes();
  pool = nullptr;
  for (pid_t id : processes)
    EXPECT_EQ(kill(id, 0), -1) << id << " lives";
  EXPECT_EQ(
      promise
          .then([](net::ChunkOutcome) { return false; },
                [](kj::Exception&& e) { return e.getType() == kj::Exception::Type::DISCONNECTED; })
          .wait(io.waitScope),
      true);
}

/// Whether the process ends within a minute.
bool ends(int process) {
  pollfd poll{process, POLLIN, 0};
  return ::poll(&poll, 1, 60'000) == 1;
}

TEST_F(WorkerDeathTest, WorkersEndWhenTheirSupervisorIsKilled) {
  std::unique_ptr<FILE, int (*)(FILE*)> holder(
      popen("exec " ROAM_POOL_HOLDER " & echo $!; wait", "r"), pclose);
  int supervisor = 0, workers[2] = {};
  ASSERT_EQ(fscanf(holder.get(), "%d %d %d", &supervisor, &workers[0], &workers[1]), 3);
  kj::AutoCloseFd first(pidfd_open(workers[0], 0)), second(pidfd_open(workers[1], 0));
  ASSERT_GE(first.get(), 0);
  ASSERT_GE(second.get(), 0);
  kill(supervisor, SIGKILL);
  EXPECT_TRUE(ends(first.get()));
  EXPECT_TRUE(ends(second.get()));
}

} // namespace
} // namespace roam::peer
