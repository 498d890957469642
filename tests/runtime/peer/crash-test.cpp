// Every way in which shipped code can crash: the supervisor lives, says what happened, and the next
// chunk is served.
#include "tests/runtime/peer/pool-fixture.h"
#include <csignal>

namespace roam::peer {
namespace {

using Kind = net::Failure::Kind;

bool contains(const kj::String& text, const std::string& piece) {
  return std::string(text.cStr()).find(piece) != std::string::npos;
}

std::string textOf(const net::ChunkOutcome& outcome) {
  return {outcome.results.asChars().begin(), outcome.results.size()};
}

class CrashTest : public PoolTest {
 protected:
  CrashTest() { open(1); }

  net::Failure crash(const char* way, std::uint64_t first = 0) {
    net::Failure failure = failureOf(run(crashes, way, "", 1, first));
    EXPECT_EQ(failure.kind, Kind::workerDied) << failure.message.cStr();
    EXPECT_TRUE(failure.mayHaveRun);
    quarantine.release(crashes.digest);
    EXPECT_EQ(textOf(run(crashes, "-", "", 1)), "-") << "the next chunk after " << way;
    return failure;
  }
  static std::string stackOf(const net::Failure& failure) {
    std::string all;
    for (const kj::String& line : failure.stack)
      all += std::string(line.cStr()) + "\n";
    return all;
  }
  /// Whether a line of the stack says so.
  static bool tells(const net::Failure& failure, const std::string& piece) {
    for (const kj::String& line : failure.stack)
      if (contains(line, piece))
        return true;
    return false;
  }

  TestSlice crashes = TestSlice::of("crashes");
};

#if !__has_feature(address_sanitizer) // which has handlers of its own

TEST_F(CrashTest, ANullPointerIsToldAsSuch) {
  net::Failure failure = crash("n", 7);
  EXPECT_EQ(failure.signal, SIGSEGV);
  EXPECT_EQ(failure.element, 7u);
  EXPECT_TRUE(contains(failure.message, "null pointer: it accessed address 8"))
      << failure.message.cStr();
}

TEST_F(CrashTest, AWildPointerIsToldWithItsAddress) {
  net::Failure failure = crash("w");
  EXPECT_EQ(failure.signal, SIGSEGV);
  EXPECT_TRUE(contains(failure.message, "it accessed address 0x123456789000"))
      << failure.message.cStr();
}

TEST_F(CrashTest, ADivisionByZeroIsASignalOfItsOwn) {
  EXPECT_EQ(crash("z").signal, SIGFPE);
}

TEST_F(CrashTest, AnIllegalInstructionIsASignalOfItsOwn) {
  EXPECT_EQ(crash("i").signal, SIGILL);
}

TEST_F(CrashTest, AStackOverflowIsToldAsSuchAndItsFramesOnce) {
  net::Failure failure = crash("o");
  EXPECT_EQ(failure.signal, SIGSEGV);
  EXPECT_TRUE(contains(failure.message, "stack overflow")) << failure.message.cStr();
  ASSERT_EQ(failure.stack.size(), 1u);
  EXPECT_TRUE(contains(failure.stack[0], "shipped code (")) << failure.stack[0].cStr();
  EXPECT_TRUE(contains(failure.stack[0], " times)")) << failure.stack[0].cStr();
}

TEST_F(CrashTest, AnAbortIsToldWithTheFramesOfTheLibrary) {
  net::Failure failure = crash("a");
  EXPECT_EQ(failure.signal, SIGABRT);
  EXPECT_TRUE(tells(failure, "abort in libc.so")) << stackOf(failure);
}

TEST_F(CrashTest, AnExitIsToldAsWhatItIs) {
  net::Failure failure = crash("e");
  EXPECT_EQ(failure.signal, 0);
  EXPECT_EQ(failure.exitStatus, 3);
  EXPECT_TRUE(contains(failure.message, "ended with exit status 3: the code called exit"))
      << failure.message.cStr();
  EXPECT_TRUE(tells(failure, "exit in libc.so")) << stackOf(failure);
}

TEST_F(CrashTest, HeapDamageIsFoundByTheLibraryAndTold) {
  net::Failure failure = crash("h");
  EXPECT_EQ(failure.signal, SIGABRT);
  EXPECT_TRUE(tells(failure, "free in libc.so") || tells(failure, "shipped code"))
      << failure.message.cStr();
}

TEST_F(CrashTest, EndlessAllocationEndsAtTheLimitOfTheProcess) {
  EXPECT_EQ(crash("m").signal, SIGABRT);
}

#endif

TEST_F(CrashTest, AnExitThatNothingCanHearHasItsStatus) {
  net::Failure failure = crash("_");
  EXPECT_EQ(failure.exitStatus, 4);
  EXPECT_EQ(failure.stack.size(), 0u);
}

TEST_F(CrashTest, SignalsThatItSendsItselfAreTold) {
  EXPECT_EQ(crash("k").signal, SIGKILL);
  EXPECT_EQ(crash("t").signal, SIGTERM);
}

TEST_F(CrashTest, CodeThatClosesAllDescriptorsHasItsResultAndItsWorkerIsReplaced) {
  pid_t closed = pool->processes()[0];
  EXPECT_EQ(textOf(run(crashes, "c", "", 1)), "c");
  EXPECT_EQ(textOf(run(crashes, "-", "", 1)), "-");
  ASSERT_TRUE(until([&] {
    auto processes = pool->processes();
    return processes.size() == 1 && processes[0] != closed;
  }));
}

TEST_F(CrashTest, CodeThatOpensOtherFilesUnderTheNumbersOfTheWorkersIsHeardNevertheless) {
  EXPECT_EQ(textOf(run(crashes, "r", "", 1)), "r");
  EXPECT_EQ(textOf(run(crashes, "-", "", 1)), "-");
}

TEST_F(CrashTest, AForkedCopyOfAWorkerNeitherAnswersNorDisturbsIt) {
  pid_t worker = pool->processes()[0];
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(textOf(run(crashes, "f", "", 1)), "f");
    EXPECT_EQ(textOf(run(crashes, "-", "", 1)), "-");
  }
  EXPECT_EQ(pool->processes()[0], worker);
  EXPECT_EQ(pool->counters().workersLost, 0u);
}

} // namespace
} // namespace roam::peer
