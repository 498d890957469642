// What becomes of a job when peers are lost, turn work away, or leave, and of what it asks for.
#include "roam/error.h"
#include "tests/runtime/origin.h"

namespace roam::test {
namespace {

TEST_F(OriginTest, MapsOverTwoPeersAndShipsTheSliceOnceToEach) {
  Collected results(10'000);
  auto job = origin.start(specOver(10'000), results);
  EXPECT_FALSE(results.over) << "nothing is heard while start() runs";
  settle();
  results.check();
  EXPECT_TRUE(results.complete());
  EXPECT_EQ(results.numbers[4321], 4321 * 3 + 7);
  for (auto& host : hosts) {
    EXPECT_GT(host->runner.begun, 0u) << "both peers take part";
    EXPECT_EQ(host->host.counters().slicesReceived, 1u);
  }
}

TEST_F(OriginTest, AnEmptyInputIsDoneAtOnce) {
  Collected results(0);
  auto job = origin.start(specOver(0), results);
  settle();
  results.check();
}

TEST_F(OriginTest, ChunksOfALostPeerRunOnTheOther) {
  hosts[0]->runner.holding = true; // it takes chunks and gives nothing back
  Collected results(1000);
  auto job = origin.start(specOver(1000), results);
  settle();
  EXPECT_FALSE(results.over);
  network.cut(addresses[0]);
  settle();
  results.check();
  EXPECT_TRUE(results.complete());
  EXPECT_EQ(origin.peers().size(), 1u);
}

TEST_F(OriginTest, ASilentPeerIsGivenUpWhenTheClockSaysSo) {
  Collected results(1000);
  network.stall(addresses[0]); // its packets go nowhere; no connection breaks
  auto job = origin.start(specOver(1000), results);
  settle();
  EXPECT_FALSE(results.over);
  clock.advance(4 * kj::SECONDS, loop);
  results.check();
  EXPECT_TRUE(results.complete());
}

TEST_F(OriginTest, WithNoPeerLeftTheJobEndsWithOneErrorThatNamesThemAll) {
  for (auto& host : hosts)
    host->runner.holding = true;
  Collected results(1000);
  auto job = origin.start(specOver(1000), results);
  settle();
  network.cut(addresses[0]);
  network.cut(addresses[1]);
  settle();
  try {
    results.check();
    FAIL() << "expected PeerLost";
  } catch (const PeerLost& error) {
    EXPECT_NE(std::string(error.what()).find(addresses[0]), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find(addresses[1]), std::string::npos) << error.what();
  }
}

TEST_F(OriginTest, TheDeadlineEndsAJobWhosePeersTakeTooLong) {
  for (auto& host : hosts)
    host->runner.holding = true;
  Collected results(10);
  JobSpec spec = specOver(10);
  spec.deadline = 30 * kj::SECONDS;
  auto job = origin.start(kj::mv(spec), results);
  clock.advance(29 * kj::SECONDS, loop);
  EXPECT_FALSE(results.over);
  clock.advance(2 * kj::SECONDS, loop);
  EXPECT_THROW(results.check(), Timeout);
}

TEST_F(OriginTest, DroppingAJobTakesBackWhatHasNotBegun) {
  for (auto& host : hosts)
    host->runner.holding = true;
  Collected results(1000);
  auto job = origin.start(specOver(1000), results);
  settle();
  job = nullptr;
  settle();
  EXPECT_EQ(hosts[0]->runner.dropped, hosts[0]->runner.begun);
  EXPECT_EQ(hosts[1]->runner.dropped, hosts[1]->runner.begun);
  EXPECT_FALSE(results.over);
}

TEST_F(OriginTest, WhatAPeerTurnsAwayRunsOnTheOtherAndCountsAsNoTry) {
  hosts[0]->host.turnAway(kj::str("it is not level"));
  JobSpec spec = specOver(1000);
  spec.retries = 0;
  Collected results(1000);
  auto job = origin.start(kj::mv(spec), results);
  settle();
  results.check();
  EXPECT_TRUE(results.complete());
  EXPECT_EQ(hosts[0]->runner.begun, 0u);
}

TEST_F(OriginTest, APeerThatTurnedWorkAwayIsAskedAgainAfterAWhile) {
  hosts[0]->host.turnAway(kj::str("it is not level"));
  hosts[1]->runner.holding = true;
  JobSpec spec = specOver(1000);
  spec.chunk = 1;
  Collected results(1000);
  auto job = origin.start(kj::mv(spec), results);
  settle();
  const auto sent = origin.peers()[0].second->counters().chunksSent;
  clock.advance(limits::turnedAwayRetry, loop);
  EXPECT_EQ(origin.peers()[0].second->counters().chunksSent, sent + 1) << "one chunk is enough";
  hosts[0]->host.takeWorkUntil(clock.timer().now() + 1 * kj::HOURS, kj::str("its lease has ended"));
  clock.advance(limits::turnedAwayRetry, loop);
  EXPECT_GT(hosts[0]->runner.begun, 900u);
  hosts[1]->runner.release();
  settle();
  results.check();
  EXPECT_TRUE(results.complete());
}

TEST_F(OriginTest, AJobThatAllPeersTurnAwayWaitsForThemAndItsDeadlineNamesThem) {
  for (auto& host : hosts)
    host->host.turnAway(kj::str("it is not level"));
  JobSpec spec = specOver(10);
  spec.deadline = 30 * kj::SECONDS;
  Collected late(10), patient(10);
  auto first = origin.start(kj::mv(spec), late);
  auto second = origin.start(specOver(10), patient);
  clock.advance(31 * kj::SECONDS, loop, limits::turnedAwayRetry);
  try {
    late.check();
    FAIL() << "expected Timeout";
  } catch (const Timeout& error) {
    for (int i = 0; i < 2; ++i) {
      std::string words = "\n  host:" + std::to_string(i) + " at " + addresses[i] +
                          " takes no work: it is not level";
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    }
  }
  EXPECT_FALSE(patient.over);
  hosts[1]->host.takeWorkUntil(clock.timer().now() + 1 * kj::HOURS, kj::str("its lease has ended"));
  clock.advance(limits::turnedAwayRetry, loop);
  patient.check();
  EXPECT_TRUE(patient.complete());
}

TEST_F(OriginTest, APeerThatLeavesInTheMiddleOfAMapCostsNoTry) {
  hosts[0]->runner.holding = true;
  JobSpec spec = specOver(1000);
  spec.retries = 0;
  Collected results(1000);
  auto job = origin.start(kj::mv(spec), results);
  settle();
  EXPECT_GT(hosts[0]->runner.begun, 0u);
  const auto begun = hosts[0]->runner.begun;
  hosts[0]->host.leave();
  settle();
  results.check();
  EXPECT_TRUE(results.complete());
  clock.advance(10 * limits::turnedAwayRetry, loop);
  EXPECT_EQ(hosts[0]->runner.begun, begun) << "it is not asked again";
}

TEST_F(OriginTest, JobsThatOnlyALeavingPeerCouldServeEndAtOnce) {
  hosts[0]->runner.holding = true;
  hosts[0]->host.leave();
  JobSpec spec = specOver(5);
  spec.peer = 0;
  Collected pinned(5);
  auto job = origin.start(kj::mv(spec), pinned);
  settle();
  try {
    pinned.check();
    FAIL() << "expected PeerLost";
  } catch (const PeerLost& error) {
    EXPECT_NE(std::string(error.what()).find("host:0 at 127.0.0.1:1 takes no work: it leaves"),
              std::string::npos)
        << error.what();
  }
}

TEST_F(OriginTest, ALeavingPeerFinishesTheJobThatItAloneRuns) {
  network.cut(addresses[1]);
  settle();
  hosts[0]->runner.holding = true;
  Collected results(1);
  auto job = origin.start(specOver(1), results);
  settle();
  auto held = std::exchange(hosts[0]->runner.held, {}); // as if it ran, and did not wait
  hosts[0]->host.leave();
  Collected late(1);
  auto second = origin.start(specOver(1), late);
  settle();
  EXPECT_THROW(late.check(), PeerLost);
  EXPECT_FALSE(results.over);
  for (auto& one : held)
    one->fulfill(nullptr);
  settle();
  results.check();
}

TEST_F(OriginTest, APinnedJobRunsOnItsPeerOnlyAndFailsWithIt) {
  JobSpec spec = specOver(5);
  spec.peer = 1;
  Collected results(5);
  auto job = origin.start(kj::mv(spec), results);
  settle();
  results.check();
  EXPECT_EQ(hosts[0]->runner.begun, 0u);

  network.cut(addresses[1]);
  settle();
  JobSpec late = specOver(5);
  late.peer = 1;
  Collected none(5);
  auto second = origin.start(kj::mv(late), none);
  settle();
  EXPECT_THROW(none.check(), PeerLost);
}

TEST_F(OriginTest, ManySingleCallsWaitForRoomAndAllComplete) {
  std::vector<std::unique_ptr<Collected>> results;
  std::vector<kj::Own<Origin::Job>> jobs;
  for (int i = 0; i < 2000; ++i) {
    results.push_back(std::make_unique<Collected>(1));
    jobs.push_back(origin.start(specOver(1), *results.back()));
  }
  settle();
  for (auto& each : results)
    each->check();
}

TEST_F(OriginTest, NothingIsSentWhileTheListenerWantsNothing) {
  Collected results(1000);
  results.wanting = false;
  auto job = origin.start(specOver(1000), results);
  settle();
  EXPECT_EQ(hosts[0]->runner.begun + hosts[1]->runner.begun, 0u);
  EXPECT_FALSE(results.over);
  results.wanting = true;
  job->resume();
  settle();
  results.check();
  EXPECT_TRUE(results.complete());
}

TEST_F(OriginTest, PeersHearOfEachOtherAndWhenOneIsLost) {
  Collected results(1);
  auto job = origin.start(specOver(1), results);
  settle();
  for (int i = 0; i < 2; ++i) {
    auto& heard = hosts[i]->acquaintances.all;
    ASSERT_EQ(heard.size(), 1u);
    EXPECT_EQ(heard.front().you, addresses[i]);
    ASSERT_EQ(heard.front().others.size(), 1u);
    EXPECT_EQ(heard.front().others[0].address, addresses[1 - i]);
    EXPECT_EQ(heard.front().others[0].target, "x86_64-pc-linux-gnu/kind-" + std::to_string(1 - i) +
                                                  "/llvm-19.1.7/O2/format-" +
                                                  std::to_string(objectFormat) + "/");
  }
  network.cut(addresses[0]);
  settle();
  EXPECT_TRUE(hosts[0]->acquaintances.all.empty());
  ASSERT_EQ(hosts[1]->acquaintances.all.size(), 1u);
  EXPECT_TRUE(hosts[1]->acquaintances.all.front().others.empty());
}

TEST_F(OriginTest, AnEncoderThatThrowsEndsTheJobWithItsException) {
  JobSpec spec = specOver(5);
  spec.encode = [](ElementRange, Output&) { throw std::domain_error("no such element"); };
  Collected results(5);
  auto job = origin.start(kj::mv(spec), results);
  settle();
  EXPECT_THROW(results.check(), std::domain_error);
}

} // namespace
} // namespace roam::test
