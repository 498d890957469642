// Exceptions across the border, objects with destructors, and what unloading gives back.
#include "jit/session.h"
#include "jit/unwind-index.h"
#include "slices.h"
#include "slices/fault.h"
#include <dlfcn.h>
#include <fstream>
#include <gtest/gtest.h>
#include <thread>
#include <unistd.h>

namespace roam::jit {
namespace {

template <class Function>
Function* entryAs(Session& session, const Digest& digest) {
  return reinterpret_cast<Function*>(session.entry(digest));
}

TEST(Exceptions, OfASliceAreCaughtByTypeInTheHost) {
  MemorySource source;
  auto session = Session::open(source);
  auto* throws = entryAs<int(int)>(*session, source.addNamed("throws"));
  EXPECT_EQ(throws(0), 0);
  try {
    throws(1);
    FAIL() << "nothing was thrown";
  } catch (const std::logic_error& error) {
    EXPECT_STREQ(error.what(), "no element 1");
    EXPECT_TRUE(dynamic_cast<const std::out_of_range*>(&error));
  }
  try {
    throws(2);
    FAIL() << "nothing was thrown";
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.code, 42);
    EXPECT_EQ(typeid(fault), typeid(Fault));
  }
}

TEST(Exceptions, OfTheHostAreCaughtByTypeInASlice) {
  MemorySource source;
  auto session = Session::open(source);
  auto* catches = entryAs<int(void (*)(), int*)>(*session, source.addNamed("catches"));
  int cleanups = 0;
  EXPECT_EQ(catches([] {}, &cleanups), 0);
  EXPECT_EQ(catches([] { throw Fault(17); }, &cleanups), 17);
  EXPECT_EQ(catches([] { throw std::out_of_range("far"); }, &cleanups), 1);
  EXPECT_EQ(catches([] { throw std::domain_error("other"); }, &cleanups), 2);
  EXPECT_THROW(catches([] { throw 5; }, &cleanups), int); // passes through, and cleans up
  EXPECT_EQ(cleanups, 5);
}

TEST(Exceptions, FindCompiledFramesInTheTreeAndNotInLibgccsList) {
  MemorySource source;
  auto session = Session::open(source);
  std::size_t before = frameCount();
  constexpr int slices = 200;
  std::vector<Digest> digests;
  for (int i = 0; i < slices; ++i)
    digests.push_back(source.add(sliceReturning(i)));
  using Find = const void*(void*, void**);
  auto* libgcc = reinterpret_cast<Find*>(dlsym(RTLD_NEXT, "_Unwind_Find_FDE"));
  ASSERT_TRUE(libgcc);
  for (const Digest& digest : digests) {
    void* entry = session->entry(digest);
    void* bases[3];
    EXPECT_TRUE(findFrame(entry));
    EXPECT_FALSE(libgcc(entry, bases)); // what is not in the list does not lengthen it
  }
  EXPECT_GE(frameCount(), before + slices);

  auto* throws = entryAs<int(int)>(*session, source.addNamed("throws"));
  EXPECT_THROW(throws(1), std::out_of_range);
  session.reset();
  EXPECT_EQ(frameCount(), before);
}

TEST(Exceptions, AreThrownWhileOtherSlicesComeAndGo) {
  MemorySource source;
  auto session = Session::open(source);
  auto* throws = entryAs<int(int)>(*session, source.addNamed("throws"));
  std::atomic<bool> stop{false};
  std::atomic<int> caught{0};
  {
    std::vector<std::jthread> throwing;
    for (int i = 0; i < 3; ++i)
      throwing.emplace_back([&] {
        while (!stop)
          try {
            throws(2);
          } catch (const Fault&) {
            ++caught;
          }
      });
    Digest other = source.addNamed("square-sum");
    for (int i = 0; i < 50 || caught < 1000; ++i) {
      session->entry(other);
      source.giveObject(other, source.objectOf(other));
      session->unload(other);
    }
    stop = true;
  }
  EXPECT_GE(caught, 1000);
}

TEST(StaticObjects, LiveUntilTheirSliceIsUnloaded) {
  MemorySource source;
  auto session = Session::open(source);
  Digest digest = source.addNamed("static-object");
  int destroyed = 0;
  auto* count = entryAs<int(int*)>(*session, digest);
  EXPECT_EQ(count(&destroyed), 1);
  EXPECT_EQ(count(&destroyed), 2);
  EXPECT_EQ(destroyed, 0);
  session->unload(digest);
  EXPECT_EQ(destroyed, 1);
  count = entryAs<int(int*)>(*session, digest); // a new one
  EXPECT_EQ(count(&destroyed), 1);
  session.reset();
  EXPECT_EQ(destroyed, 2);
}

TEST(Variables, AreInitialisedOnceHoweverManyAsk) {
  MemorySource source;
  auto session = Session::open(source);
  Digest digest = source.addNamed("initialised");
  int destroyed = 0;
  {
    std::vector<std::jthread> asking;
    for (int i = 0; i < 4; ++i)
      asking.emplace_back([&] { EXPECT_EQ(entryAs<int(int*)>(*session, digest)(&destroyed), 1); });
  }
  EXPECT_EQ(entryAs<int(int*)>(*session, digest)(&destroyed), 1);
  EXPECT_EQ(destroyed, 0);
  session->unload(digest);
  EXPECT_EQ(destroyed, 1);
  EXPECT_EQ(entryAs<int(int*)>(*session, digest)(&destroyed), 1); // new ones
}

TEST(Variables, OfAnObjectFromTheCacheAreInitialised) {
  MemorySource source;
  Digest digest = source.addNamed("initialised");
  int destroyed = 0;
  EXPECT_EQ(entryAs<int(int*)>(*Session::open(source), digest)(&destroyed), 1);
  source.giveObject(digest, source.objectOf(digest));
  auto session = Session::open(source);
  EXPECT_EQ(entryAs<int(int*)>(*session, digest)(&destroyed), 1);
  EXPECT_EQ(source.compilations, 1);
}

TEST(Variables, WhoseInitialiserThrowsMakeTheSliceBad) {
  MemorySource source;
  auto session = Session::open(source);
  Digest digest = source.addNamed("init-throws");
  std::size_t frames = frameCount();
  setenv("ROAM_TEST_HALF_BUILT", "1", 1);
  try {
    session->entry(digest);
    FAIL() << "the slice was loaded";
  } catch (const BadSlice& error) {
    EXPECT_NE(std::string(error.what()).find("threw std::out_of_range: no such table"),
              std::string::npos)
        << error.what();
  }
  EXPECT_EQ(frameCount(), frames);                    // it was unloaded,
  EXPECT_EQ(getenv("ROAM_TEST_HALF_BUILT"), nullptr); // and what had been built was destroyed
  EXPECT_EQ(entryAs<int()>(*session, digest)(), 7);   // the next to ask tries again
}

TEST(FunctionsGivenToAtExit, AreCalledWhenTheirSliceIsUnloaded) {
  MemorySource source;
  auto session = Session::open(source);
  Digest digest = source.addNamed("at-exit");
  int ended = 0;
  auto* registers = entryAs<int(int*)>(*session, digest);
  EXPECT_EQ(registers(&ended), 0);
  EXPECT_EQ(registers(&ended), 0);
  EXPECT_EQ(ended, 0);
  session->unload(digest);
  EXPECT_EQ(ended, 2);
  entryAs<int(int*)>(*session, digest)(&ended);
  session.reset();
  EXPECT_EQ(ended, 3);
}

TEST(FunctionsGivenToAtExit, AreRefusedForAQuickExit) { // which would call them after the unloading
  MemorySource source;
  auto session = Session::open(source);
  try {
    session->entry(source.addNamed("at-quick-exit"));
    FAIL() << "the slice was linked";
  } catch (const BadSlice& error) {
    EXPECT_NE(std::string(error.what()).find("at_quick_exit"), std::string::npos) << error.what();
  }
}

TEST(ThreadLocalObjects, LiveUntilTheirThreadEnds) {
  MemorySource source;
  auto session = Session::open(source);
  std::atomic<int> destroyed{0};
  auto* count = entryAs<int(std::atomic<int>*)>(*session, source.addNamed("thread-local-object"));
  EXPECT_EQ(count(&destroyed), 1);
  std::thread([&] {
    EXPECT_EQ(count(&destroyed), 1); // another thread, another object
    EXPECT_EQ(count(&destroyed), 2);
  }).join();
  EXPECT_EQ(destroyed, 1);
  EXPECT_EQ(count(&destroyed), 2);
}

TEST(ThreadLocalObjects, AreLeftAloneIfTheirSliceIsUnloadedFirst) {
  MemorySource source;
  auto session = Session::open(source);
  Digest digest = source.addNamed("thread-local-object");
  std::atomic<int> destroyed{0};
  std::thread([&] {
    entryAs<int(std::atomic<int>*)>(*session, digest)(&destroyed);
    session->unload(digest);
  }).join(); // would jump into memory that is gone
  EXPECT_EQ(destroyed, 0);
}

TEST(ThreadLocalObjects, OfSharedLibrariesCanBeReached) {
  MemorySource source;
  auto session = Session::open(source);
  auto* once = entryAs<int()>(*session, source.addNamed("call-once"));
  EXPECT_EQ(once(), 1);
  EXPECT_EQ(once(), 1);
}

TEST(Unload, IgnoresUnknownDigests) {
  MemorySource source;
  auto session = Session::open(source);
  session->unload(Digest::of("never seen"));
  EXPECT_EQ(source.fetches, 0);
}

TEST(Unload, MakesTheNextToAskMaterializeAgain) {
  MemorySource source;
  auto session = Session::open(source);
  Digest digest = source.add(sliceReturning(9));
  EXPECT_EQ(entryAs<int()>(*session, digest)(), 9);
  session->unload(digest);
  EXPECT_EQ(entryAs<int()>(*session, digest)(), 9);
  EXPECT_EQ(source.fetches, 2);
}

/// Fetches nothing until it is opened.
class GatedSource : public MemorySource {
 public:
  std::span<const std::byte> fetch(const Digest& digest) override {
    reached = true;
    reached.notify_all();
    open.wait(false);
    return MemorySource::fetch(digest);
  }
  void openUp() {
    open = true;
    open.notify_all();
  }
  std::atomic<bool> reached{false}, open{false};
};

TEST(Unload, LeavesNoEntryBehindForThoseWhoAskMeanwhile) {
  for (int i = 0; i < 100; ++i) {
    GatedSource source;
    auto session = Session::open(source);
    Digest digest = source.add(sliceReturning(i));
    {
      std::jthread first([&] { session->entry(digest); });
      source.reached.wait(false);
      std::jthread unloading([&] { session->unload(digest); });
      std::jthread second([&] {
        std::this_thread::yield();
        session->entry(digest);
      });
      std::this_thread::yield();
      source.openUp();
    }
    void* entry = session->entry(digest); // as it is now, whoever came first
    ASSERT_TRUE(findFrame(entry)) << "round " << i;
    ASSERT_EQ(reinterpret_cast<int (*)()>(entry)(), i);
  }
}

/// Resident memory of this process, in bytes.
std::size_t residentBytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

TEST(Unload, GivesMemoryBack) {
#if __has_feature(address_sanitizer)
  GTEST_SKIP() << "AddressSanitizer keeps freed memory";
#endif
  MemorySource source;
  auto session = Session::open(source);
  std::vector<Digest> digests;
  for (int i = 0; i < 20; ++i) {
    digests.push_back(source.add(sliceReturning(i)));
    session->entry(digests[i]);
    source.giveObject(digests[i], source.objectOf(digests[i]));
    session->unload(digests[i]);
  }
  auto cycle = [&](int times) {
    for (int i = 0; i < times; ++i) {
      session->entry(digests[i % 20]);
      session->unload(digests[i % 20]);
    }
  };
  cycle(500);
  std::size_t before = residentBytes();
  cycle(4000);
  EXPECT_LT(residentBytes(), before + (512 << 10)); // kept slices would cost 8 KB each: 32 MB
}

} // namespace
} // namespace roam::jit
