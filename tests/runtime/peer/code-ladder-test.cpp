// Where code comes from: each rung of the ladder, what is wrong with its objects, and the second
// speed.
#include "jit/slice/bundle-writer.h"
#include "tests/runtime/peer/pool-fixture.h"
#include <filesystem>
#include <signal.h>
#include <sys/resource.h>

namespace roam::peer {
namespace {

const std::string three = encoded<std::int64_t>({3}), zero = encoded<std::int64_t>({0});

class CodeLadderTest : public PoolTest {
 protected:
  CodeLadder::Options ladderOptions() override {
    CodeLadder::Options options = PoolTest::ladderOptions();
    options.bundles = bundles ? &*bundles : nullptr;
    options.peers = peers;
    options.tunes = tunes;
    options.takesForeign = takesForeign;
    return options;
  }

  /// A bundle with the slice and this object of it.
  void bundle(const TestSlice& slice, const std::string& object) {
    BundleWriter writer;
    writer.addCode(slice.bytes, "", 0);
    auto bytes = std::as_bytes(std::span(object));
    writer.addObject({bytes.begin(), bytes.end()});
    auto file = writer.write();
    std::string path = directory.file("test.roam");
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(file.data()), std::streamsize(file.size()));
    bundles.emplace(std::vector<std::string>{path}, std::vector<std::string>());
  }

  /// The same object with another header.
  template <class Change>
  std::string changed(const std::string& written, const Change& change) {
    CompiledObject object = CompiledObject::read(std::as_bytes(std::span(written)));
    change(object);
    auto bytes = object.write();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  void expectNine(const TestSlice& slice) {
    EXPECT_EQ(decoded<std::int64_t>(run(slice, zero, three, 1).results),
              (std::vector<std::int64_t>{9}));
  }

  TestSlice square = TestSlice::of("square");
  std::optional<Bundles> bundles;
  PeerObjects* peers = nullptr;
  bool tunes = true, takesForeign = true;
};

TEST_F(CodeLadderTest, ABundleGivesCodeWithoutACompiler) {
  bundle(square, objectOf(square));
  open(2);
  expectNine(square);
  EXPECT_EQ(pool->counters().bundled, 1u);
  EXPECT_EQ(pool->counters().compiled, 0u);
  EXPECT_EQ(compilers->processes().size(), 0u);
}

TEST_F(CodeLadderTest, ABundleForAnotherCpuIsNoUseAndTheSliceIsCompiled) {
  bundle(square, changed(objectOf(square), [](CompiledObject& object) {
           object.target.features.push_back("zz-of-the-future");
         }));
  open(1);
  expectNine(square);
  EXPECT_EQ(pool->counters().bundled, 0u);
  EXPECT_EQ(pool->counters().compiled, 1u);
}

TEST_F(CodeLadderTest, ABundleThatIsCutShortMeanwhileIsNoUseAndTheSliceIsCompiled) {
  bundle(square, objectOf(square));
  open(1);
  std::filesystem::resize_file(directory.file("test.roam"), 0);
  expectNine(square);
  EXPECT_EQ(pool->counters().bundled, 0u);
  EXPECT_EQ(pool->counters().compiled, 1u);
  ASSERT_EQ(log.lines.size(), 1u);
  EXPECT_EQ(log.lines[0].find("\n"), std::string::npos);
}

TEST_F(CodeLadderTest, AnObjectThatCannotBeLinkedLeadsToTheNextRung) {
  bundle(square, changed(objectOf(square), [](CompiledObject& object) {
           static const std::string nonsense = "\x7f"
                                               "ELF, but nothing more";
           object.code = std::as_bytes(std::span(nonsense));
         }));
  open(1);
  expectNine(square);
  EXPECT_EQ(pool->counters().compiled, 1u);
  EXPECT_TRUE(log.has("the object (bundle) for slice " + square.digest.shortened()));
}

TEST_F(CodeLadderTest, AnObjectThatCameAlongIsLinkedWithoutCompiling) {
  std::string object = objectOf(square);
  open(1);
  pool->offer(square.digest, bytesOf(object));
  expectNine(square);
  EXPECT_EQ(pool->counters().shipped, 1u);
  EXPECT_EQ(pool->counters().compiled, 0u);
}

TEST_F(CodeLadderTest, ObjectsThatCameAlongDamagedOrOfAnotherSliceOrOfAnOlderRoamAreNotUsed) {
  std::string good = objectOf(square), cut = good.substr(0, good.size() - 1), flipped = good;
  flipped[flipped.size() / 2] ^= 1;
  for (const std::string& bad :
       {cut, flipped, std::string("RoamObj1") + good.substr(8),
        changed(good, [](CompiledObject& object) { object.slice = Digest::of("another"); }),
        changed(good, [](CompiledObject& object) { object.target.llvm = "18.1.8"; }),
        changed(good, [](CompiledObject& object) { --object.target.format; })}) {
    open(1);
    log.lines.clear();
    pool->offer(square.digest, bytesOf(bad));
    expectNine(square);
    EXPECT_EQ(pool->counters().shipped, 0u);
    EXPECT_EQ(pool->counters().compiled, 1u);
    EXPECT_TRUE(log.has("the object (shipped) for slice")) << "nobody was told";
  }
}

TEST_F(CodeLadderTest, APeerThatTakesNoForeignObjectsCompilesItself) {
  takesForeign = false;
  std::string object = objectOf(square);
  open(1);
  pool->offer(square.digest, bytesOf(object));
  expectNine(square);
  EXPECT_EQ(pool->counters().shipped, 0u);
  EXPECT_EQ(pool->counters().compiled, 1u);
}

/// A cluster of one other peer.
class OnePeer final : public PeerObjects {
 public:
  kj::Promise<kj::Maybe<kj::Array<const kj::byte>>>
  object(const Digest&, kj::ArrayPtr<const kj::byte>, bool mayCompile) override {
    mayCompileSaid.push_back(mayCompile);
    if (has.empty())
      return kj::Maybe<kj::Array<const kj::byte>>(nullptr);
    return kj::Maybe<kj::Array<const kj::byte>>(kj::heapArray(bytesOf(has)));
  }
  bool waitsFor(const Digest&) const override { return isWaitedFor; }

  std::string has;
  bool isWaitedFor = false;
  std::vector<bool> mayCompileSaid;
};

TEST_F(CodeLadderTest, AnotherPeerIsAskedBeforeTheCompiler) {
  OnePeer other;
  other.has = objectOf(square);
  peers = &other;
  open(1);
  expectNine(square);
  EXPECT_EQ(pool->counters().fromPeers, 1u);
  EXPECT_EQ(pool->counters().compiled, 0u);
  EXPECT_EQ(other.mayCompileSaid, std::vector<bool>{true});
  close();
}

TEST_F(CodeLadderTest, NoOtherPeerIsAskedToCompileWhatAnOriginSentCompiled) {
  OnePeer other;
  peers = &other;
  std::string object = objectOf(square);
  open(1);
  pool->offer(square.digest, bytesOf(object));
  expectNine(square);
  EXPECT_EQ(pool->counters().shipped, 1u);
  EXPECT_EQ(other.mayCompileSaid, std::vector<bool>{false});
  close();
}

TEST_F(CodeLadderTest, OtherPeersGetTheObjectAndTwoNeverWaitForEachOther) {
  OnePeer other;
  peers = &other;
  open(1);
  auto ask = [&](bool mayCompile, kj::ArrayPtr<const kj::byte> slice) {
    return pool->object({square.digest, ladder->host(), slice, mayCompile});
  };
  using Answer = net::ObjectAnswer::Kind;
  EXPECT_EQ(wait(ask(false, nullptr)).kind, Answer::none);
  EXPECT_EQ(wait(ask(true, nullptr)).kind, Answer::wantSlice);
  auto first = ask(true, bytesOf(square.bytes)), second = ask(true, nullptr);
  EXPECT_EQ(wait(ask(false, nullptr)).kind, Answer::none); // it is only being made
  other.isWaitedFor = true;
  EXPECT_EQ(wait(ask(true, nullptr)).kind, Answer::none); // they may be waiting for us
  for (auto* promise : {&first, &second}) {
    net::ObjectAnswer answer = wait(kj::mv(*promise));
    ASSERT_EQ(answer.kind, Answer::object);
    auto bytes = std::as_bytes(std::span(answer.object.begin(), answer.object.size()));
    EXPECT_EQ(CompiledObject::read(bytes).slice, square.digest);
  }
  EXPECT_EQ(pool->counters().compiled, 1u);
  auto elsewhere = ladder->host();
  elsewhere.cpu = "another";
  EXPECT_EQ(wait(pool->object({square.digest, elsewhere, bytesOf(square.bytes), true})).kind,
            Answer::none);
  close();
}

// --- the second speed ------------------------------------------------------------------------

using Counts = std::vector<std::int64_t>; // calls, calls of the thread, words

TEST_F(CodeLadderTest, HeavyCodeRunsSoonAndIsTunedInTheBackgroundAndKeepsItsVariables) {
  open(1);
  TestSlice heavy = TestSlice::of("heavy");
  std::string text;
  for (int i = 0; i < 20'000; ++i)
    text += "word" + std::to_string(i) + " ";
  auto statusOf = [&] {
    KJ_IF_MAYBE (status, pool->code(heavy.digest))
      return kj::mv(*status);
    return net::CodeStatus();
  };
  std::int64_t calls = 0;
  auto call = [&] {
    ++calls;
    ASSERT_EQ(decoded<std::int64_t>(run(heavy, "", text, 1).results), (Counts{calls, calls, 1}));
  };
  call();
  EXPECT_EQ(statusOf().level, 0u);
  EXPECT_EQ(pool->counters().tuned, 0u);
  ASSERT_TRUE(until([&] {
    call();
    return HasFatalFailure() || pool->counters().tuned == 1;
  }));
  EXPECT_EQ(statusOf().level, 2u);
  for (int i = 0; i < 3; ++i)
    call(); // the tuned object goes on where the first stopped
  EXPECT_EQ(pool->counters().compiled, 1u);
  EXPECT_EQ(pool->counters().workersLost, 0u);
  EXPECT_FALSE(log.has("keeps the first"));
}

TEST_F(CodeLadderTest, CodeThatRanForAMomentOnlyIsNotTuned) {
  open(1);
  TestSlice heavy = TestSlice::of("heavy");
  std::string text = "word1 ";
  run(heavy, "", text, 1);
  run(heavy, "", text, 1);
  EXPECT_EQ(compilers->processes().size(), 1u); // none was started for the background
  EXPECT_EQ(pool->counters().tuned, 0u);
}

TEST_F(CodeLadderTest, APeerToldNotToTuneDoesNot) {
  tunes = false;
  open(1);
  TestSlice heavy = TestSlice::of("heavy");
  std::string text = "word1 ";
  run(heavy, "", text, 1);
  ladder->ran(heavy.digest, 1'000'000'000'000);
  run(heavy, "", text, 1);
  EXPECT_EQ(compilers->processes().size(), 1u);
}

// --- compiler processes ----------------------------------------------------------------------

TEST_F(CodeLadderTest, ACompilerThatWasKilledIsReplacedByTheNext) {
  open(1);
  expectNine(square);
  auto processes = compilers->processes();
  ASSERT_EQ(processes.size(), 1u);
  kill(processes[0], SIGKILL);
  EXPECT_EQ(run(TestSlice::of("fills"), "", encoded<std::uint64_t>({5}), 1).results.size(), 5u);
  ASSERT_EQ(compilers->processes().size(), 1u);
  EXPECT_NE(compilers->processes()[0], processes[0]);
}

TEST_F(CodeLadderTest, ACompilerWithoutMemoryIsReplacedByOneThatHasSome) {
  open(1);
  expectNine(square);
  pid_t process = compilers->processes()[0];
  std::uint64_t pages = 0;
  std::ifstream("/proc/" + std::to_string(process) + "/statm") >> pages;
  rlimit memory{pages * 4096 + (1 << 20), RLIM_INFINITY};
  ASSERT_EQ(prlimit(process, RLIMIT_AS, &memory, nullptr), 0);
  EXPECT_TRUE(run(TestSlice::of("heavy"), "", "word1 ", 1).failure == nullptr);
}

TEST_F(CodeLadderTest, ACompilerThatHasNothingToDoIsEndedAndStartedAgain) {
  Compilers own(io.unixEventPort, io.provider->getTimer(), log, kj::str(ROAM_COMPILER), 1,
                20 * kj::MILLISECONDS);
  for (int round = 0; round < 2; ++round) {
    auto outcome = wait(own.compile(square.digest, bytesOf(square.bytes), jit::Level::tuned,
                                    Compilers::Urgency::now));
    EXPECT_GT(outcome.object.size(), 0u);
    EXPECT_TRUE(until([&] { return own.processes().size() == 0; }));
  }
  EXPECT_TRUE(log.lines.empty());
}

TEST_F(CodeLadderTest, ACompilerThatCannotStartFailsTheChunkAndNotThePeer) {
  compilerProgram = "/bin/false";
  open(1);
  auto words = wait(begin(square, zero, three, 1)
                        .then([](net::ChunkOutcome&&) { return kj::str("it ran"); },
                              [](kj::Exception&& why) { return kj::str(why.getDescription()); }));
  EXPECT_NE(std::string(words.cStr()).find("/bin/false"), std::string::npos) << words.cStr();
}

TEST_F(CodeLadderTest, TheLeastRecentlyUsedObjectsLeaveMemoryAndAreFoundAgain) {
  CodeTable table(1'000'000);
  auto bytes = [](std::size_t size) {
    auto array = kj::heapArray<kj::byte>(size);
    std::fill(array.begin(), array.end(), kj::byte(0));
    return kj::Array<const kj::byte>(kj::mv(array));
  };
  Digest one = Digest::of("1"), two = Digest::of("2"), four = Digest::of("4");
  table.hold(one, Rung::disk, bytes(400'000), {});
  table.hold(two, Rung::disk, bytes(400'000), {});
  table.at(one); // used
  table.hold(four, Rung::disk, bytes(400'000), {});
  EXPECT_EQ(table.at(two).state, Code::State::unknown);
  EXPECT_EQ(table.at(two).tried, Rung::none);
  EXPECT_EQ(table.at(one).state, Code::State::object);
  EXPECT_EQ(table.at(four).state, Code::State::object);
}

} // namespace
} // namespace roam::peer
