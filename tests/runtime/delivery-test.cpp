// Which chunks run again when what ran them is lost, which are blamed for it, and that each element
// gives one result whatever happens.
#include "roam/error.h"
#include "tests/runtime/origin.h"
#include <random>

namespace roam::test {
namespace {

class Delivery : public OriginTest {
 protected:
  /// What the host answers to chunks that it holds back.
  static void endWorkers(FormulaRunner& runner) {
    for (auto& one : std::exchange(runner.held, {}))
      one->reject(kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__,
                                kj::str(FormulaRunner::workerEnded)));
  }
  /// The host runs the call that was started last.
  TestHost& running() { return *hosts[hosts[0]->runner.begun > 0 ? 0 : 1]; }
  std::size_t indexOfRunning() { return hosts[0]->runner.begun > 0 ? 0 : 1; }
  static JobSpec singleCall() {
    JobSpec spec = specOver(1);
    spec.mayRepeat = false;
    return spec;
  }
};

// --- what runs again ---------------------------------------------------------------------------

TEST_F(Delivery, ACallThatMayNotRunTwiceEndsWithItsPeerAndSaysThatItMayHaveRun) {
  for (auto& host : hosts)
    host->runner.holding = true;
  Collected results(1);
  auto job = origin.start(singleCall(), results);
  settle();
  const std::size_t at = indexOfRunning();
  network.cut(addresses[at]);
  settle();
  try {
    results.check();
    FAIL() << "expected PeerLost";
  } catch (const PeerLost& error) {
    EXPECT_TRUE(error.mayHaveRun());
    EXPECT_TRUE(contains(error.what(), addresses[at]));
    EXPECT_TRUE(contains(error.what(), "may have run"));
  }
  EXPECT_EQ(hosts[1 - at]->runner.begun, 0u) << "it was not sent elsewhere";
}

TEST_F(Delivery, AnIdempotentCallGoesElsewhere) {
  for (auto& host : hosts)
    host->runner.holding = true;
  Collected results(1);
  auto job = origin.start(specOver(1), results);
  settle();
  const std::size_t at = indexOfRunning();
  hosts[1 - at]->runner.holding = false;
  network.cut(addresses[at]);
  settle();
  results.check();
  EXPECT_TRUE(results.complete());
}

TEST_F(Delivery, ACallWhosePeerIsLostBeforeAnythingWasSentGoesElsewhere) {
  network.stall(addresses[0]);
  network.stall(addresses[1]); // the question whether the peer has the slice is not answered
  Collected results(1);
  auto job = origin.start(singleCall(), results);
  settle();
  const std::size_t at = origin.peers()[0].second->counters().haveAsked > 0 ? 0 : 1;
  network.resume(addresses[1 - at]);
  network.cut(addresses[at]);
  settle();
  results.check();
  EXPECT_TRUE(results.complete());
}

TEST_F(Delivery, ACallWhoseWorkerEndedRunsAgainOnlyIfItMay) {
  for (bool mayRepeat : {false, true}) {
    for (auto& host : hosts)
      host->runner.holding = true;
    JobSpec spec = singleCall();
    spec.mayRepeat = mayRepeat;
    Collected results(1);
    auto job = origin.start(kj::mv(spec), results);
    settle();
    for (auto& host : hosts) {
      host->runner.holding = false;
      endWorkers(host->runner);
    }
    settle();
    if (mayRepeat)
      results.check();
    else
      EXPECT_THROW(results.check(), Error);
    EXPECT_EQ(results.complete(), mayRepeat);
  }
}

TEST_F(Delivery, NoChunkRunsMoreOftenThanItsRetriesAllow) {
  for (auto& host : hosts)
    host->runner.holding = true;
  JobSpec spec = specOver(1);
  spec.retries = 2;
  Collected results(1);
  auto job = origin.start(kj::mv(spec), results);
  settle();
  for (int i = 0; i < 10; ++i) {
    for (auto& host : hosts)
      endWorkers(host->runner);
    settle();
  }
  EXPECT_THROW(results.check(), Error);
  EXPECT_EQ(hosts[0]->runner.begun + hosts[1]->runner.begun, 3u);
}

// --- what is blamed ----------------------------------------------------------------------------

TEST_F(Delivery, OnlyAsManyChunksOfALostPeerAsItHasWorkersCountATry) {
  for (auto& host : hosts)
    host->runner.holding = true;
  JobSpec spec = specOver(4); // two run at the first peer, two lie in its queue
  spec.peer = -1;
  spec.chunk = 1;
  spec.retries = 0;
  network.cut(addresses[1]);
  settle();
  Collected results(4);
  auto job = origin.start(kj::mv(spec), results);
  settle();
  ASSERT_EQ(hosts[0]->runner.begun, 4u);
  hosts[0]->runner.held[0]->fulfill(nullptr); // the two that ran answer; two are left
  hosts[0]->runner.held[1]->fulfill(nullptr);
  settle();
  EXPECT_FALSE(results.over);
  network.cut(addresses[0]);
  settle();
  EXPECT_THROW(results.check(), PeerLost);
}

TEST_F(Delivery, AQueuedChunkSurvivesMoreLossesThanItHasRetries) {
  // Four single calls at the first peer, which runs two. It is lost: those two have no try left,
  // the others go to the second peer.
  hosts[0]->runner.holding = true;
  hosts[1]->host.turnAway(kj::str("not yet"));
  std::vector<std::unique_ptr<Collected>> results;
  std::vector<kj::Own<Origin::Job>> jobs;
  for (int i = 0; i < 4; ++i) {
    JobSpec spec = specOver(1);
    spec.retries = 0;
    results.push_back(std::make_unique<Collected>(1));
    jobs.push_back(origin.start(kj::mv(spec), *results.back()));
  }
  clock.advance(limits::turnedAwayRetry, loop);
  ASSERT_EQ(hosts[0]->runner.begun, 4u);
  hosts[1]->host.takeWorkUntil(clock.timer().now() + 1 * kj::HOURS, kj::str("never"));
  network.cut(addresses[0]);
  clock.advance(2 * limits::turnedAwayRetry, loop);
  int lost = 0, done = 0;
  for (auto& each : results) {
    ASSERT_TRUE(each->over);
    lost += each->error != nullptr;
    done += each->complete();
  }
  EXPECT_EQ(lost, 2);
  EXPECT_EQ(done, 2);
}

// --- hedging -----------------------------------------------------------------------------------

TEST_F(Delivery, AChunkThatTakesMuchLongerThanOthersIsSentToAnIdlePeerToo) {
  hosts[0]->runner.holding = true;
  JobSpec spec = specOver(1000);
  spec.hedges = true;
  Collected results(1000);
  auto job = origin.start(kj::mv(spec), results);
  clock.advance(1 * kj::SECONDS, loop, limits::hedgeLook);
  results.check();
  EXPECT_TRUE(results.complete());
  EXPECT_GT(hosts[0]->runner.begun, 0u);
  settle();
  EXPECT_EQ(hosts[0]->runner.dropped, hosts[0]->runner.begun) << "the slow calls are cancelled";
}

TEST_F(Delivery, WithoutHedgingASlowPeerIsWaitedFor) {
  hosts[0]->runner.holding = true;
  Collected results(1000);
  auto job = origin.start(specOver(1000), results);
  clock.advance(1 * kj::SECONDS, loop, limits::hedgeLook);
  EXPECT_FALSE(results.over);
}

TEST_F(Delivery, OfTwoAnswersToOneChunkTheFirstCountsAndTheLossOfTheOtherNothing) {
  for (auto& host : hosts)
    host->runner.holding = true;
  JobSpec spec = specOver(10);
  spec.hedges = true;
  spec.chunk = 1;
  spec.retries = 0;
  Collected results(10);
  auto job = origin.start(kj::mv(spec), results);
  settle();
  // The second peer does all but what the first holds, then gets those, too, and holds them.
  const auto firstBegan = hosts[0]->runner.begun;
  ASSERT_GT(firstBegan, 0u);
  hosts[1]->runner.release();
  hosts[1]->runner.held.clear();
  settle();
  hosts[1]->runner.holding = true;
  const auto begun = hosts[1]->runner.begun;
  clock.advance(1 * kj::SECONDS, loop, limits::hedgeLook);
  EXPECT_GT(hosts[1]->runner.begun, begun) << "chunks of the first are at both now";
  network.cut(addresses[1]);
  settle();
  EXPECT_FALSE(results.over) << "the first still has them";
  hosts[0]->runner.release();
  settle();
  results.check();
  EXPECT_TRUE(results.complete());
}

// --- whatever happens --------------------------------------------------------------------------

/// A map while peers lose workers, hand back, refuse for size, answer late, are lost and come back.
/// Collected notices what comes twice.
class AnyMap : public OriginTest, public testing::WithParamInterface<unsigned> {
 protected:
  unsigned upTo(unsigned most) { return std::uniform_int_distribution<unsigned>(0, most)(random); }
  void answerSome(FormulaRunner& runner) {
    while (!runner.held.empty() && upTo(3) != 0) {
      auto one = kj::mv(runner.held[upTo(unsigned(runner.held.size()) - 1)]);
      std::erase_if(runner.held, [](auto& each) { return each.get() == nullptr; });
      switch (upTo(9)) {
      case 0:
        one->fulfill(kj::str("not level"));
        break;
      case 1:
        one->reject(kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__,
                                  kj::str(FormulaRunner::workerEnded)));
        break;
      case 2:
        one->reject(kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__,
                                  kj::str(FormulaRunner::tooLarge)));
        break;
      case 3:
        one->reject(kj::Exception(kj::Exception::Type::OVERLOADED, __FILE__, __LINE__,
                                  kj::str("too much to do")));
        break;
      default:
        one->fulfill(nullptr);
      }
    }
  }
  void disturbPeer(unsigned which) {
    switch (upTo(40)) {
    case 0:
      network.cut(addresses[which]);
      break;
    case 1:
      network.stall(addresses[which]);
      break;
    case 2:
      network.resume(addresses[which]);
      break;
    default:
      return;
    }
    settle();
  }
  /// Peers that were lost are dialled again, unless their network stands still.
  void restorePeers() {
    for (const char* address : addresses) {
      bool there = false;
      for (auto& [index, peer] : origin.peers())
        there = there || peer->address() == address;
      if (!there && dials[address] == nullptr)
        dials[address] = net::dial(network, clock.timer(), address, helloOf("origin"))
                             .then(
                                 [this, address](kj::Own<net::Peer> peer) {
                                   origin.add(kj::mv(peer));
                                   dialled.push_back(address);
                                 },
                                 [this, address](kj::Exception&&) { dialled.push_back(address); })
                             .eagerlyEvaluate(nullptr);
    }
    settle();
    for (const char* address : std::exchange(dialled, {}))
      dials[address] = nullptr;
  }

  std::mt19937 random{GetParam()};
  std::map<std::string, kj::Maybe<kj::Promise<void>>> dials;
  std::vector<const char*> dialled;
};

TEST_P(AnyMap, GivesEachElementOnceOrOneError) {
  for (auto& host : hosts)
    host->runner.holding = true;
  const std::uint64_t count = 1 + upTo(600);
  JobSpec spec = specOver(count);
  spec.hedges = upTo(1) == 1;
  spec.retries = upTo(3) == 0 ? 1 : 1000;
  spec.chunk = upTo(2) == 0 ? 0 : 1 + upTo(9);
  Collected results(count);
  auto job = origin.start(kj::mv(spec), results);
  for (int turn = 0; turn < 3000 && !results.over; ++turn) {
    settle();
    for (unsigned which = 0; which < 2; ++which) {
      if (origin.peers().size() == 2) // one stays, so that the map can go on
        disturbPeer(which);
      answerSome(hosts[which]->runner);
    }
    clock.advance(upTo(100) * kj::MILLISECONDS, loop);
    restorePeers();
  }
  for (unsigned which = 0; which < 2; ++which)
    network.resume(addresses[which]);
  for (auto& host : hosts)
    host->runner.release();
  clock.advance(10 * kj::SECONDS, loop, 50 * kj::MILLISECONDS);
  ASSERT_TRUE(results.over);
  EXPECT_TRUE(results.complete() || results.error != nullptr);
  for (std::uint64_t i = 0; i < count; ++i)
    if (results.seen[i])
      EXPECT_EQ(results.numbers[i], std::int64_t(i) * 3 + 7);
}

INSTANTIATE_TEST_SUITE_P(Seeds, AnyMap, testing::Range(0u, 60u));

} // namespace
} // namespace roam::test
