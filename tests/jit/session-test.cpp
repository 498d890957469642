// What a session does with good slices and with bad ones.
#include "jit/session.h"
#include "slices.h"
#include <barrier>
#include <cmath>
#include <gtest/gtest.h>
#include <numeric>
#include <random>
#include <set>
#include <thread>

/// Exported, so that dlsym finds it: not every symbol that is found may be used.
extern "C" __attribute__((visibility("default"))) int functionOfTheExecutable() {
  return 1;
}

#if __has_feature(thread_sanitizer)
/// libstdc++ counts the references of a shared exception where ThreadSanitizer does not see it.
extern "C" const char* __tsan_default_suppressions() {
  return "race:TellsEveryoneWhoWaitsWhyItFailed\n";
}
#endif

namespace roam::jit {
namespace {

template <class Function>
Function* entryAs(Session& session, const Digest& digest) {
  return reinterpret_cast<Function*>(session.entry(digest));
}

/// What entry() says about a bad slice; empty if it finds nothing wrong.
std::string complaint(Session& session, const Digest& digest) {
  try {
    session.entry(digest);
    return {};
  } catch (const BadSlice& error) {
    return error.what();
  }
}

TEST(Session, RunsAnEntry) {
  MemorySource source;
  auto session = Session::open(source);
  auto* squareSum = entryAs<long(const int*, long)>(*session, source.addNamed("square-sum"));
  std::vector<int> numbers(1000);
  std::iota(numbers.begin(), numbers.end(), 0);
  EXPECT_EQ(squareSum(numbers.data(), 1000), 332833500);
}

TEST(Session, RunsEntriesOfEitherLevel) {
  MemorySource source;
  Digest digest = source.addNamed("square-sum");
  std::set<unsigned> levels;
  for (Level level : {Level::quick, Level::tuned}) {
    source.level = level;
    auto session = Session::open(source);
    int numbers[] = {3, 4};
    EXPECT_EQ((entryAs<long(const int*, long)>(*session, digest)(numbers, 2)), 25);
    std::string object = source.objectOf(digest);
    levels.insert(CompiledObject::read(std::as_bytes(std::span(object))).target.level);
  }
  EXPECT_EQ(levels, (std::set<unsigned>{0, 2}));
}

TEST(Session, NamesItsTargetAlikeInEverySession) {
  MemorySource source;
  ObjectTarget target = Session::open(source)->target();
  EXPECT_EQ(target, Session::open(source)->target());
  EXPECT_EQ(target, SliceCompiler::open()->target());
}

TEST(Session, RefusesBytesThatAreNotWhatTheDigestSays) {
  MemorySource source;
  auto session = Session::open(source);
  Digest digest = Digest::of(sliceReturning(1));
  source.giveSlice(digest, sliceReturning(2)); // well formed: only the digest tells
  EXPECT_NE(complaint(*session, digest).find("is damaged"), std::string::npos);
  EXPECT_EQ(source.compilations, 0);
}

TEST(Session, RefusesTenThousandMutants) {
  MemorySource source;
  auto session = Session::open(source);
  std::string slice = sliceNamed("throws");
  Digest digest = Digest::of(slice);
  std::mt19937 random(1);
  for (int i = 0; i < 10'000; ++i) {
    std::string mutant = slice;
    if (i % 2)
      mutant.resize(random() % slice.size());
    else
      mutant[random() % slice.size()] ^= static_cast<char>(1 << random() % 8);
    source.giveSlice(digest, mutant);
    ASSERT_NE(complaint(*session, digest).find("is damaged"), std::string::npos) << "mutant " << i;
  }
  EXPECT_EQ(source.compilations, 0);
}

TEST(Session, RefusesBytesThatAreNoBitcode) {
  MemorySource source;
  auto session = Session::open(source);
  for (std::string bytes : {std::string(), std::string("hello"), std::string(4096, '\0')})
    EXPECT_NE(complaint(*session, source.add(bytes)).find("can't be parsed"), std::string::npos);
}

TEST(Session, RefusesSlicesThatCannotBecomeAnEntry) {
  MemorySource source;
  auto session = Session::open(source);
  EXPECT_NE(complaint(*session, source.addNamed("no-entry")).find("has no entry"),
            std::string::npos);
  EXPECT_NE(complaint(*session, source.addNamed("dynamic-initializer"))
                .find("initialised when a program starts"),
            std::string::npos);
  EXPECT_NE(complaint(*session, source.addNamed("wrong-init")).find("no function void()"),
            std::string::npos);
}

TEST(Session, RefusesAssemblyThatTheMachineDoesNotKnow) {
  MemorySource source;
  auto session = Session::open(source);
  std::string text = complaint(*session, source.addNamed("bogus-assembly"));
  EXPECT_NE(text.find("can't be compiled"), std::string::npos) << text;
  EXPECT_NE(text.find("bogusInstruction"), std::string::npos) << text;
  EXPECT_EQ(source.compilations, 0); // the object would be half of one
  EXPECT_EQ(entryAs<int()>(*session, source.add(sliceReturning(6)))(), 6);
}

TEST(Session, NamesTheSymbolsThatNobodyDefines) {
  MemorySource source;
  auto session = Session::open(source);
  std::string text = complaint(*session, source.addNamed("undefined"));
  EXPECT_NE(text.find("nowhere::missing(int), nowhere::table"), std::string::npos) << text;
  EXPECT_EQ(text.find("optionalFunction"), std::string::npos) << text;
}

TEST(Session, LeavesWeakSymbolsOpen) {
  MemorySource source;
  auto session = Session::open(source);
  EXPECT_EQ(entryAs<int()>(*session, source.addNamed("optional"))(), 7);
}

TEST(Session, BindsToSharedLibrariesButNotToTheExecutable) {
  MemorySource source;
  auto session = Session::open(source);
  std::string text = complaint(*session, source.addNamed("own-symbol"));
  EXPECT_NE(text.find("functionOfTheExecutable"), std::string::npos) << text;
}

TEST(Session, CompilesOnceHoweverManyAsk) {
  MemorySource source;
  auto session = Session::open(source);
  Digest digest = source.addNamed("throws");
  constexpr int threads = 8;
  std::barrier start(threads);
  std::array<void*, threads> entries{};
  {
    std::vector<std::jthread> asking;
    for (int i = 0; i < threads; ++i)
      asking.emplace_back([&, i] {
        start.arrive_and_wait();
        entries[i] = session->entry(digest);
      });
  }
  EXPECT_EQ(source.fetches, 1);
  EXPECT_EQ(source.compilations, 1);
  for (void* entry : entries)
    EXPECT_EQ(entry, entries[0]);
}

TEST(Session, CompilesDifferentSlicesOnManyThreads) {
  MemorySource source;
  auto session = Session::open(source);
  constexpr int threads = 8, each = 8;
  std::vector<Digest> digests;
  for (int i = 0; i < threads * each; ++i)
    digests.push_back(source.add(sliceReturning(i)));
  std::array<int, threads * each> results{};
  {
    std::vector<std::jthread> asking;
    for (int i = 0; i < threads; ++i)
      asking.emplace_back([&, i] {
        for (int k = i * each; k < (i + 1) * each; ++k)
          results[k] = entryAs<int()>(*session, digests[k])();
      });
  }
  for (int i = 0; i < threads * each; ++i)
    EXPECT_EQ(results[i], i);
}

TEST(Session, TellsEveryoneWhoWaitsWhyItFailed) {
  MemorySource source;
  auto session = Session::open(source);
  Digest digest = source.addNamed("undefined");
  std::atomic<int> told{0};
  {
    std::vector<std::jthread> asking;
    for (int i = 0; i < 8; ++i)
      asking.emplace_back([&] {
        if (complaint(*session, digest).find("nowhere::missing") != std::string::npos)
          ++told;
      });
  }
  EXPECT_EQ(told, 8);
}

TEST(Session, PassesOnWhatTheSourceThrows) {
  MemorySource source;
  auto session = Session::open(source);
  Digest digest = Digest::of(sliceReturning(3));
  EXPECT_THROW(session->entry(digest), std::out_of_range);
  source.add(sliceReturning(3)); // and tries again when asked again
  EXPECT_EQ(entryAs<int()>(*session, digest)(), 3);
}

TEST(Session, LinksAnObjectWithoutCompiling) {
  MemorySource source;
  Digest digest = source.addNamed("square-sum");
  Session::open(source)->entry(digest);
  ASSERT_EQ(source.compilations, 1);
  source.giveObject(digest, source.objectOf(digest));

  auto session = Session::open(source);
  int numbers[] = {1, 2, 3};
  EXPECT_EQ((entryAs<long(const int*, long)>(*session, digest)(numbers, 3)), 14);
  EXPECT_EQ(source.compilations, 1);
}

TEST(Session, RefusesAnObjectThatIsNone) {
  MemorySource source;
  auto session = Session::open(source);
  Digest digest = Digest::of(sliceReturning(1));
  source.giveObject(digest, "not an object");
  EXPECT_NE(complaint(*session, digest).find("can't be used"), std::string::npos);
  source.giveSlice(digest, sliceReturning(1));
  EXPECT_EQ(entryAs<int()>(*session, digest)(), 1);
}

TEST(Session, RefusesAnObjectOfAnotherSlice) {
  MemorySource source;
  auto session = Session::open(source);
  Digest one = source.add(sliceReturning(1)), two = Digest::of(sliceReturning(2));
  session->entry(one);
  source.giveObject(two, source.objectOf(one));
  EXPECT_NE(complaint(*session, two).find("made from another slice"), std::string::npos);
}

/// The object of `digest`, with another header.
template <class Change>
std::string changed(MemorySource& source, const Digest& digest, const Change& change) {
  std::string bytes = source.objectOf(digest);
  CompiledObject object = CompiledObject::read(std::as_bytes(std::span(bytes)));
  change(object);
  auto written = object.write();
  return {reinterpret_cast<const char*>(written.data()), written.size()};
}

TEST(Session, RefusesAnObjectWithoutTheEntry) {
  MemorySource source;
  auto session = Session::open(source);
  Digest one = source.add(sliceReturning(1)), two = Digest::of(sliceReturning(2));
  session->entry(one);
  source.giveObject(two, changed(source, one, [&](CompiledObject& object) { object.slice = two; }));
  EXPECT_NE(complaint(*session, two), "");
}

TEST(Session, RefusesAnObjectForAnotherMachine) {
  MemorySource source;
  auto session = Session::open(source);
  Digest digest = source.add(sliceReturning(1));
  session->entry(digest);
  session->unload(digest);
  source.giveObject(digest, changed(source, digest, [](CompiledObject& object) {
                      object.target.features.push_back("zz-of-the-future");
                    }));
  EXPECT_NE(complaint(*session, digest).find("zz-of-the-future"), std::string::npos);
}

TEST(Session, ReplacesAnEntryByATunedOneThatUsesItsVariables) {
  MemorySource source;
  auto session = Session::open(source);
  Digest digest = source.addNamed("static-object");
  source.level = Level::quick;
  int destroyed = 0;
  auto* first = entryAs<int(int*)>(*session, digest);
  EXPECT_EQ(first(&destroyed), 1);
  EXPECT_EQ(first(&destroyed), 2);
  source.level = Level::tuned;
  auto* second = reinterpret_cast<int (*)(int*)>(session->replace(digest));
  EXPECT_NE(first, second);
  EXPECT_EQ(second(&destroyed), 3); // goes on counting
  EXPECT_EQ(entryAs<int(int*)>(*session, digest), second);
  EXPECT_EQ(destroyed, 0);
  session->unload(digest);
  EXPECT_EQ(destroyed, 1); // once
}

TEST(Session, ReplacesAnEntryWithoutInitialisingItsVariablesAgain) {
  MemorySource source;
  auto session = Session::open(source);
  Digest digest = source.addNamed("initialised");
  source.level = Level::quick;
  int destroyed = 0;
  EXPECT_EQ(entryAs<int(int*)>(*session, digest)(&destroyed), 1);
  source.level = Level::tuned;
  EXPECT_EQ(reinterpret_cast<int (*)(int*)>(session->replace(digest))(&destroyed), 1);
  EXPECT_EQ(destroyed, 0);
}

TEST(Session, ReplacesAnEntryThatUsesAVariableOfTheThread) {
  MemorySource source;
  auto session = Session::open(source);
  Digest digest = source.addNamed("thread-local-object");
  source.level = Level::quick;
  static std::atomic<int> destroyed; // this thread's object is destroyed with the session
  EXPECT_EQ(entryAs<int(std::atomic<int>*)>(*session, digest)(&destroyed), 1);
  source.level = Level::tuned;
  auto* second = reinterpret_cast<int (*)(std::atomic<int>*)>(session->replace(digest));
  EXPECT_EQ(second(&destroyed), 2);
}

TEST(Session, ReplacesAnEntryWhoseVariablesKeepAddressesOfFunctionsAndConstants) {
  using Entry = int (*)(int (*)(int), const int*);
  MemorySource source;
  auto session = Session::open(source);
  Digest digest = source.addNamed("kept-addresses");
  source.level = Level::quick;
  EXPECT_EQ(reinterpret_cast<Entry>(session->entry(digest))(nullptr, nullptr), 4);
  source.level = Level::tuned;
  EXPECT_EQ(reinterpret_cast<Entry>(session->replace(digest))(nullptr, nullptr), 14);
}

TEST(Session, KeepsTheFirstObjectIfTheSecondIsBad) {
  MemorySource source;
  auto session = Session::open(source);
  Digest digest = source.add(sliceReturning(4));
  auto* first = entryAs<int()>(*session, digest);
  source.giveObject(digest, "not an object");
  EXPECT_THROW(session->replace(digest), BadSlice);
  EXPECT_EQ(entryAs<int()>(*session, digest), first);
  EXPECT_EQ(first(), 4);
}

TEST(Session, RoundsTwiceWhereAMultiplyCouldBeFusedWithAnAdd) {
  MemorySource source;
  auto session = Session::open(source);
  auto* multiplyAdd = entryAs<void(const double*, const double*, const double*, double*, long)>(
      *session, source.addNamed("multiply-add"));
  constexpr long n = 1003;
  std::vector<double> a(n), b(n), c(n), results(n);
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> uniform(1, 2);
  for (long i = 0; i < n; ++i) {
    a[i] = uniform(random);
    b[i] = uniform(random);
    c[i] = -a[i] * b[i]; // the sum is then exactly the rounding of the product: zero unless fused
  }
  multiplyAdd(a.data(), b.data(), c.data(), results.data(), n);
  for (long i = 0; i < n; ++i)
    ASSERT_EQ(results[i], 0.0) << "element " << i;
  // The inputs do tell the two apart.
  long different = 0;
  for (long i = 0; i < n; ++i)
    different += std::fma(a[i], b[i], c[i]) != 0;
  EXPECT_GT(different, n / 2);
}

} // namespace
} // namespace roam::jit
