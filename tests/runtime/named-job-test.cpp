// Jobs of names, whose code the origin does not have: it is fetched if a peer lacks it.
#include "roam/error.h"
#include "tests/runtime/origin.h"
#include <kj/vector.h>

namespace roam::test {
namespace {

/// A job of a name: the code is in the store.
class NamedJobTest : public OriginTest {
 protected:
  ~NamedJobTest() noexcept override {}

  /// Without the code, which comes when the test says so.
  JobSpec namedOver(std::uint64_t count) {
    JobSpec spec = specOver(count);
    spec.code.slice = nullptr;
    spec.fetchCode = [this] {
      auto asked = kj::newPromiseAndFulfiller<std::shared_ptr<const std::string>>();
      fetches.add(kj::mv(asked.fulfiller));
      return kj::mv(asked.promise);
    };
    return spec;
  }
  unsigned chunksSent() {
    unsigned sent = 0;
    for (auto& [index, peer] : origin.peers())
      sent += unsigned(peer->counters().chunksSent);
    return sent;
  }

  kj::Vector<kj::Own<kj::PromiseFulfiller<std::shared_ptr<const std::string>>>> fetches;
  std::shared_ptr<const std::string> code = std::make_shared<std::string>(formula);
};

TEST_F(NamedJobTest, CodeThatPeersLackIsFetchedOnceAndSentToEach) {
  Collected results(1000);
  auto job = origin.start(namedOver(1000), results);
  settle();
  ASSERT_EQ(fetches.size(), 1u) << "however many chunks were sent";
  EXPECT_EQ(chunksSent(), 0u);
  EXPECT_FALSE(results.over);
  fetches[0]->fulfill(std::shared_ptr(code));
  settle();
  results.check();
  EXPECT_TRUE(results.complete());
  EXPECT_EQ(results.numbers[321], 321 * 3 + 7);
  EXPECT_EQ(fetches.size(), 1u);
  for (auto& host : hosts)
    EXPECT_EQ(host->host.counters().slicesReceived, 1u);
}

TEST_F(NamedJobTest, CodeThatAllPeersHaveIsNotFetched) {
  Collected first(1000), second(1000);
  auto shipping = origin.start(specOver(1000), first);
  settle();
  first.check();
  auto job = origin.start(namedOver(1000), second);
  settle();
  second.check();
  EXPECT_TRUE(second.complete());
  EXPECT_TRUE(fetches.empty());
}

TEST_F(NamedJobTest, CodeThatOnePeerLacksIsFetchedForThat) {
  JobSpec one = specOver(1);
  one.peer = 0;
  Collected first(1), results(1000);
  auto shipping = origin.start(kj::mv(one), first);
  settle();
  first.check();
  auto job = origin.start(namedOver(1000), results);
  settle();
  ASSERT_EQ(fetches.size(), 1u);
  fetches[0]->fulfill(std::shared_ptr(code));
  settle();
  results.check();
  EXPECT_TRUE(results.complete());
  EXPECT_GT(hosts[1]->runner.begun, 0u);
}

TEST_F(NamedJobTest, CodeThatCannotBeHadEndsTheJobWithTheReason) {
  Collected results(1000);
  auto job = origin.start(namedOver(1000), results);
  settle();
  ASSERT_EQ(fetches.size(), 1u);
  fetches[0]->reject(kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__,
                                   kj::str("the store has no code of it")));
  settle();
  try {
    results.check();
    FAIL() << "expected Error";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()), "the code of " +
                                             Digest::of(std::string_view(formula)).shortened() +
                                             " can't be had: the store has no code of it");
  }
}

TEST_F(NamedJobTest, TheDeadlineHoldsWhileTheCodeIsFetched) {
  JobSpec spec = namedOver(10);
  spec.deadline = 30 * kj::SECONDS;
  Collected results(10);
  auto job = origin.start(kj::mv(spec), results);
  clock.advance(31 * kj::SECONDS, loop);
  EXPECT_THROW(results.check(), Timeout);
  ASSERT_EQ(fetches.size(), 1u);
  fetches[0]->fulfill(std::shared_ptr(code)); // late
  settle();
}

TEST_F(NamedJobTest, PeersThatAreLostWhileTheCodeIsFetchedAreNotWaitedFor) {
  Collected results(1000);
  auto job = origin.start(namedOver(1000), results);
  settle();
  ASSERT_EQ(fetches.size(), 1u);
  network.cut(addresses[0]);
  settle();
  fetches[0]->fulfill(std::shared_ptr(code));
  settle();
  results.check();
  EXPECT_TRUE(results.complete());
}

TEST_F(NamedJobTest, AJobMayBeDroppedWhileItsCodeIsFetched) {
  Collected results(1000);
  auto job = origin.start(namedOver(1000), results);
  settle();
  ASSERT_EQ(fetches.size(), 1u);
  job = nullptr;
  fetches[0]->fulfill(std::shared_ptr(code));
  settle();
  EXPECT_FALSE(results.over);
}

} // namespace
} // namespace roam::test
