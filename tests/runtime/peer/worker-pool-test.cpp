// Chunks run in real worker processes: results, failures, limits, cancelling, memory.
#include "tests/runtime/peer/pool-fixture.h"
#include <kj/debug.h>
#include <set>

namespace roam::peer {
namespace {

using WorkerPoolTest = PoolTest;
using Kind = net::Failure::Kind;

const std::string nothing; // begin() wants bytes that stay

TEST_F(WorkerPoolTest, RunsAChunk) {
  open(1);
  TestSlice square = TestSlice::of("square");
  net::ChunkOutcome outcome =
      run(square, encoded<std::int64_t>({7}), encoded<std::int64_t>({2, 3, -4}), 3);
  ASSERT_TRUE(outcome.failure == nullptr);
  EXPECT_EQ(decoded<std::int64_t>(outcome.results), (std::vector<std::int64_t>{11, 16, 23}));
  EXPECT_GT(outcome.runNanoseconds, 0u);
  EXPECT_EQ(pool->counters().chunksDone, 1u);
  EXPECT_EQ(pool->counters().elementsDone, 3u);
  EXPECT_EQ(pool->counters().compiled, 1u);
}

TEST_F(WorkerPoolTest, SendsNoCodeASecondTime) {
  open(1);
  TestSlice square = TestSlice::of("square");
  run(square, encoded<std::int64_t>({0}), encoded<std::int64_t>({5}), 1);
  TestSlice nameOnly = square;
  nameOnly.bytes.clear();
  net::ChunkOutcome outcome =
      run(nameOnly, encoded<std::int64_t>({1}), encoded<std::int64_t>({6}), 1);
  EXPECT_EQ(decoded<std::int64_t>(outcome.results), (std::vector<std::int64_t>{37}));
}

TEST_F(WorkerPoolTest, CountsWhatEachDigestRan) {
  open(1);
  TestSlice square = TestSlice::of("square");
  EXPECT_TRUE(pool->code(square.digest) == nullptr);
  std::uint64_t nanoseconds = 0;
  for (int i = 0; i < 2; ++i)
    nanoseconds +=
        run(square, encoded<std::int64_t>({7}), encoded<std::int64_t>({1, 2, 3}), 3).runNanoseconds;
  ASSERT_EQ(pool->codes(), std::vector<Digest>{square.digest});
  net::CodeStatus code = KJ_ASSERT_NONNULL(pool->code(square.digest));
  EXPECT_EQ(code.digest, square.digest);
  EXPECT_EQ(code.calls, 2u);
  EXPECT_EQ(code.elements, 6u);
  EXPECT_EQ(code.runNanoseconds, nanoseconds);
}

TEST_F(WorkerPoolTest, ManyChunksAtOnceAllGetTheirOwnResults) {
  open(2);
  TestSlice square = TestSlice::of("square");
  std::string captures = encoded<std::int64_t>({7});
  std::vector<std::string> arguments;
  for (std::int64_t i = 0; i < 1000; ++i)
    arguments.push_back(encoded<std::int64_t>({i}));
  std::vector<kj::Promise<net::ChunkOutcome>> promises;
  for (auto& argument : arguments)
    promises.push_back(begin(square, captures, argument, 1));
  for (std::int64_t i = 0; i < 1000; ++i)
    EXPECT_EQ(decoded<std::int64_t>(wait(kj::mv(promises[i])).results),
              (std::vector<std::int64_t>{i * i + 7}));
  EXPECT_EQ(pool->counters().chunksDone, 1000u);
}

TEST_F(WorkerPoolTest, ChunksWithPeerLocalVariablesRunInOneWorkerOnly) {
  open(3);
  TestSlice counts = TestSlice::of("counts"), square = TestSlice::of("square");
  std::string captures = encoded<std::int64_t>({7}), argument = encoded<std::int64_t>({2});
  std::vector<kj::Promise<net::ChunkOutcome>> counting, others;
  for (int i = 0; i < 300; ++i) {
    counting.push_back(pool->run({counts.digest, bytesOf(nothing), bytesOf(nothing), 1, 0, true},
                                 bytesOf(counts.bytes)));
    others.push_back(begin(square, captures, argument, 1));
  }
  std::set<std::int64_t> values;
  for (auto& promise : counting)
    values.insert(decoded<std::int64_t>(wait(kj::mv(promise)).results).at(0));
  EXPECT_EQ(values.size(), 300u);
  EXPECT_EQ(*values.rbegin(), 300);
  for (auto& promise : others)
    EXPECT_EQ(decoded<std::int64_t>(wait(kj::mv(promise)).results),
              (std::vector<std::int64_t>{11}));
}

TEST_F(WorkerPoolTest, ABusyHomeWorkerKeepsItsOwnChunksAndLeavesTheOthers) {
  open(2);
  TestSlice waits = TestSlice::of("waits");
  std::string first = directory.file("first"), second = directory.file("second");
  auto atHome = [&](const std::string& path) {
    return pool->run({waits.digest, bytesOf(path), bytesOf(nothing), 1, 0, true},
                     bytesOf(waits.bytes));
  };
  auto running = atHome(first);
  ASSERT_TRUE(until([&] { return std::filesystem::exists(first + ".begun"); }));
  auto waiting = atHome(second);
  TestSlice square = TestSlice::of("square");
  run(square, encoded<std::int64_t>({7}), encoded<std::int64_t>({2}), 1); // the other worker's
  EXPECT_FALSE(std::filesystem::exists(second + ".begun"));
  std::ofstream(first + ".go");
  std::ofstream(second + ".go");
  EXPECT_EQ(decoded<std::int64_t>(wait(kj::mv(running)).results),
            decoded<std::int64_t>(wait(kj::mv(waiting)).results));
}

TEST_F(WorkerPoolTest, WhatHasNotBegunIsHandedBackAndWhatRunsRunsOn) {
  open(1);
  TestSlice waits = TestSlice::of("waits"), square = TestSlice::of("square");
  std::string path = directory.file("first"), argument = encoded<std::int64_t>({2});
  auto running = begin(waits, path, nothing, 1);
  ASSERT_TRUE(until([&] { return std::filesystem::exists(path + ".begun"); }));
  std::vector<kj::Promise<net::ChunkOutcome>>
      others; // parked, then at the worker, and in the queue
  others.push_back(begin(square, argument, argument, 1));
  pool->handBack("it leaves");
  for (int i = 0; i < 5; ++i)
    others.push_back(begin(waits, path, nothing, 1));
  pool->handBack("it leaves");
  for (auto& other : others) {
    net::ChunkOutcome outcome = wait(kj::mv(other));
    EXPECT_EQ(KJ_ASSERT_NONNULL(outcome.turnedAway), "it leaves"_kj);
  }
  std::ofstream(path + ".go");
  EXPECT_TRUE(wait(kj::mv(running)).turnedAway == nullptr);
  EXPECT_EQ(pool->counters().chunksDone, 1u);
}

TEST_F(WorkerPoolTest, ExceptionsComeBackWithTypeMessageAndElement) {
  open(1);
  TestSlice throws = TestSlice::of("throws");
  std::string arguments("\0\0\1", 3);

  net::Failure range = failureOf(run(throws, "r", arguments, 3, 100));
  EXPECT_EQ(range.kind, Kind::thrown);
  EXPECT_STREQ(range.type.cStr(), "std::out_of_range");
  EXPECT_NE(std::string(range.message.cStr()).find("which is 7"), std::string::npos)
      << range.message.cStr();
  EXPECT_EQ(range.element, 102u);

  net::Failure system = failureOf(run(throws, "s", arguments, 3));
  EXPECT_STREQ(system.type.cStr(), "std::system_error");
  EXPECT_STREQ(system.message.cStr(), "opening the till: No such file or directory");
  EXPECT_EQ(system.code, ENOENT);
  EXPECT_STREQ(system.category.cStr(), "generic");

  net::Failure own = failureOf(run(throws, "o", arguments, 3));
  EXPECT_STREQ(own.type.cStr(), "shop::OutOfStock");
  EXPECT_STREQ(own.message.cStr(), "no apples left");

  net::Failure number = failureOf(run(throws, "i", arguments, 3));
  EXPECT_STREQ(number.type.cStr(), "int");
  EXPECT_STREQ(number.message.cStr(), "an exception of type int");

  EXPECT_EQ(pool->counters().workersLost, 0u);
  EXPECT_TRUE(run(throws, "-", arguments, 3).failure == nullptr);
}

TEST_F(WorkerPoolTest, DamagedCapturesAndArgumentsAreFailuresOfTheirKind) {
  open(1);
  TestSlice square = TestSlice::of("square");
  EXPECT_EQ(failureOf(run(square, "short", encoded<std::int64_t>({5}), 1)).kind, Kind::badCaptures);
  net::Failure arguments = failureOf(run(square, encoded<std::int64_t>({0}), "0123456789", 2, 40));
  EXPECT_EQ(arguments.kind, Kind::badArguments);
  EXPECT_EQ(arguments.element, 41u);
}

TEST_F(WorkerPoolTest, ASymbolThatThisMachineLacksIsNamedEachTime) {
  open(2);
  TestSlice needs = TestSlice::of("needs");
  for (int i = 0; i < 3; ++i) {
    net::Failure failure = failureOf(run(needs, "", "", 1));
    EXPECT_EQ(failure.kind, Kind::badSlice);
    EXPECT_NE(std::string(failure.message.cStr()).find("roamTestsHaveNoSuchFunction"),
              std::string::npos)
        << failure.message.cStr();
  }
  EXPECT_LE(pool->counters().compiled, 1u);
}

TEST_F(WorkerPoolTest, LinkingOnlyRunsNothingAndMakesTheCodeReady) {
  open(1);
  TestSlice square = TestSlice::of("square"), needs = TestSlice::of("needs");
  auto link = [&](const TestSlice& slice) {
    net::Chunk chunk;
    chunk.entry = slice.digest;
    chunk.onlyLink = true;
    return wait(pool->run(chunk, bytesOf(slice.bytes)));
  };
  net::ChunkOutcome linked = link(square);
  EXPECT_TRUE(linked.failure == nullptr);
  EXPECT_EQ(linked.results.size(), 0u);
  EXPECT_EQ(pool->counters().chunksDone, 0u);
  EXPECT_EQ(pool->counters().compiled, 1u);
  run(square, encoded<std::int64_t>({0}), encoded<std::int64_t>({5}), 1);
  EXPECT_EQ(pool->counters().compiled, 1u);
  EXPECT_EQ(failureOf(link(needs)).kind, Kind::badSlice);
}

TEST_F(WorkerPoolTest, LinkingDoesNotWaitForABusyWorker) {
  open(1);
  TestSlice waits = TestSlice::of("waits"), square = TestSlice::of("square");
  std::string gate = directory.file("gate");
  kj::Promise<net::ChunkOutcome> busy = begin(waits, gate, nothing, 1);
  ASSERT_TRUE(until([&] { return std::filesystem::exists(gate + ".begun"); }));
  net::Chunk chunk;
  chunk.entry = square.digest;
  chunk.onlyLink = true;
  for (bool home : {false, true}) {
    chunk.home = home;
    EXPECT_TRUE(wait(pool->run(chunk, bytesOf(square.bytes))).failure == nullptr);
  }
  EXPECT_EQ(pool->processes().size(), 1u);
  std::ofstream(gate + ".go").close();
  EXPECT_TRUE(wait(kj::mv(busy)).failure == nullptr);
}

TEST_F(WorkerPoolTest, ResultsAboveTheLimitFailAndTheWorkerServesOn) {
  open(1);
  TestSlice fills = TestSlice::of("fills");
  std::uint64_t half = limits::chunkBytes / 2;
  net::Failure failure = failureOf(run(fills, "", encoded<std::uint64_t>({half, half + 1}), 2, 10));
  EXPECT_EQ(failure.kind, Kind::limit);
  EXPECT_EQ(failure.element, 11u);
  EXPECT_NE(std::string(failure.message.cStr()).find("256 MiB"), std::string::npos);
  EXPECT_EQ(run(fills, "", encoded<std::uint64_t>({5}), 1).results.size(), 5u);
  EXPECT_EQ(pool->counters().workersLost, 0u);
}

TEST_F(WorkerPoolTest, AnObjectAboveTheLimitIsNoFaultOfItsSlice) {
  open(1);
  TestSlice huge = TestSlice::of("huge");
  ASSERT_LT(huge.bytes.size(), limits::sliceBytes);
  for (int i = 0; i < 2; ++i) {
    net::Failure failure = failureOf(run(huge, "", encoded<std::uint32_t>({0}), 1));
    EXPECT_EQ(failure.kind, Kind::limit);
    EXPECT_NE(std::string(failure.message.cStr()).find("the limit is 64 MiB"), std::string::npos)
        << failure.message.cStr();
  }
  TestSlice square = TestSlice::of("square");
  EXPECT_TRUE(run(square, encoded<std::int64_t>({0}), encoded<std::int64_t>({5}), 1).failure ==
              nullptr);
}

TEST_F(WorkerPoolTest, ChunksThatWaitForACompilationCountAsWaiting) {
  open(1);
  TestSlice square = TestSlice::of("square");
  std::string captures = encoded<std::int64_t>({0}), arguments = encoded<std::int64_t>({5});
  std::vector<kj::Promise<net::ChunkOutcome>> promises;
  for (std::size_t i = 0; i < limits::chunksWaiting; ++i)
    promises.push_back(begin(square, captures, arguments, 1));
  auto kindOf = [&](kj::Promise<net::ChunkOutcome> promise) {
    return wait(promise.then(
        [](net::ChunkOutcome&&) { return std::string("an answer"); },
        [](kj::Exception&& exception) { return std::string(exception.getDescription().cStr()); }));
  };
  auto surplus = begin(square, captures, arguments, 1);
  EXPECT_EQ(kindOf(kj::mv(surplus)),
            "this peer has 16384 chunks waiting and takes no more; retry after 10 ms");
  for (auto& promise : promises)
    ASSERT_EQ(kindOf(kj::mv(promise)), "an answer");
}

TEST_F(WorkerPoolTest, LargeResultsAreNotCopiedAndOutliveThePool) {
  open(1);
  TestSlice fills = TestSlice::of("fills");
  constexpr std::uint64_t size = (1 << 20) + 3;
  std::vector<net::ChunkOutcome> held;
  for (int i = 0; i < 6; ++i) // more than there are slots
    held.push_back(run(fills, "", encoded<std::uint64_t>({size + i}), 1));
  pool = nullptr;
  for (int i = 0; i < 6; ++i) {
    ASSERT_EQ(held[i].results.size(), size + i);
    EXPECT_EQ(held[i].results[0], 3 + i);
    EXPECT_EQ(held[i].results[size - 1], 3 + i);
  }
}

TEST_F(WorkerPoolTest, MemoryIsGivenBackAfterALargeChunk) {
  open(1);
  TestSlice fills = TestSlice::of("fills");
  constexpr std::uint64_t size = 100 << 20;
  net::ChunkOutcome outcome = run(fills, "", encoded<std::uint64_t>({size}), 1);
  ASSERT_EQ(outcome.results.size(), size);
  EXPECT_GE(pool->sharedMemory(), size);
  outcome = {};
  EXPECT_LE(pool->sharedMemory(), 3 * limits::sharedKept);
}

TEST_F(WorkerPoolTest, ADroppedChunkThatWaitsIsNeverRun) {
  open(1);
  TestSlice waits = TestSlice::of("waits");
  std::string first = directory.file("first"), second = directory.file("second"),
              third = directory.file("third");
  auto running = begin(waits, first, nothing, 1);
  auto ready = begin(waits, second, nothing, 1);  // lies ready at the worker
  auto waiting = begin(waits, third, nothing, 1); // in the queue
  ASSERT_TRUE(until([&] { return std::filesystem::exists(first + ".begun"); }));
  ready = nullptr;
  waiting = nullptr;
  std::ofstream(first + ".go").put('\n');
  EXPECT_TRUE(wait(kj::mv(running)).failure == nullptr);

  TestSlice square = TestSlice::of("square");
  run(square, encoded<std::int64_t>({0}), encoded<std::int64_t>({5}), 1);
  EXPECT_FALSE(std::filesystem::exists(second + ".begun"));
  EXPECT_FALSE(std::filesystem::exists(third + ".begun"));
}

TEST_F(WorkerPoolTest, AChunkBehindALongOneMovesToTheWorkerThatIsFree) {
  open(2);
  TestSlice waits = TestSlice::of("waits");
  std::string names[] = {directory.file("0"), directory.file("1"), directory.file("2"),
                         directory.file("3")};
  std::vector<kj::Promise<net::ChunkOutcome>> promises;
  for (auto& name : names)
    promises.push_back(begin(waits, name, nothing, 1));
  ASSERT_TRUE(until([&] { return std::filesystem::exists(names[0] + ".begun"); }));
  for (int i : {1, 2, 3}) // 0 holds its worker: everything else has to run on the other one
    std::ofstream(names[i] + ".go").put('\n');
  for (int i : {1, 2, 3})
    EXPECT_TRUE(wait(kj::mv(promises[i])).failure == nullptr);
  std::ofstream(names[0] + ".go").put('\n');
  EXPECT_TRUE(wait(kj::mv(promises[0])).failure == nullptr);
}

TEST_F(WorkerPoolTest, AWorkerProgramThatCannotStartIsAnErrorThatNamesIt) {
  auto start = [&](const char* program) {
    open(1);
    this->PoolTest::start(1, program);
    wait(pool->ready());
  };
  for (const char* program : {"/nowhere/roam-worker", "/bin/false"}) {
    try {
      start(program);
      ADD_FAILURE() << program << " started";
    } catch (const kj::Exception& exception) {
      EXPECT_NE(std::string(exception.getDescription().cStr()).find(program), std::string::npos)
          << exception.getDescription().cStr();
    } catch (const std::exception& exception) {
      EXPECT_NE(std::string(exception.what()).find(program), std::string::npos) << exception.what();
    }
  }
}

/// Not a test of anything: prints what crossing to a worker costs.
TEST_F(WorkerPoolTest, PrintsTheLatencyOfAHop) {
  open(1);
  TestSlice square = TestSlice::of("square");
  std::string captures = encoded<std::int64_t>({1}), arguments = encoded<std::int64_t>({2});
  std::vector<double> times;
  for (int i = 0; i < 20000; ++i) {
    auto start = std::chrono::steady_clock::now();
    run(square, captures, arguments, 1);
    times.push_back(
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start)
            .count());
  }
  std::sort(times.begin(), times.end());
  std::printf("hop p50 %.1f us, p99 %.1f us\n", times[times.size() / 2],
              times[times.size() * 99 / 100]);
}

TEST_F(WorkerPoolTest, AWorkerUnloadsWhatIsAboveItsLimitOfBytesAndWasNotUsedForLongest) {
  TestSlice keeps = TestSlice::of("keeps"), square = TestSlice::of("square");
  auto callsOf = [&] { return decoded<std::int64_t>(run(keeps, "", "", 1).results); };
  for (auto [limit, calls] : {std::pair(limits::codeLoaded, 3), std::pair(std::size_t(1), 1)}) {
    codeLoaded = limit;
    open(1);
    EXPECT_EQ(callsOf(), (std::vector<std::int64_t>{1}));
    EXPECT_EQ(callsOf(), (std::vector<std::int64_t>{2})); // what is alone stays
    run(square, encoded<std::int64_t>({0}), encoded<std::int64_t>({5}), 1);
    EXPECT_EQ(callsOf(), (std::vector<std::int64_t>{calls})) << limit;
  }
}

} // namespace
} // namespace roam::peer
