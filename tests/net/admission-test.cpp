// Hosts that take no work: what origins are told, and when a host has nothing left to do.
#include "tests/net/session.h"

using namespace roam;
using namespace roam::test;

namespace {

/// Why the outcome says that nothing was run.
std::string whyTurnedAway(const net::ChunkOutcome& outcome) {
  KJ_IF_MAYBE (away, outcome.turnedAway)
    return std::string(away->why.cStr()) + (away->leaves ? ", for good" : "");
  return "it was run";
}

} // namespace

TEST_F(Session, AHostThatTakesNoWorkSaysWhyAndKeepsTheSlice) {
  auto host = startHost();
  host->host.turnAway(kj::str("it is not level\x1b[2J"));
  auto peer = connect();
  Job job("3 7");
  EXPECT_EQ(whyTurnedAway(run(*peer, job).wait(loop)), "it is not level\\x1b[2J");
  EXPECT_EQ(host->runner.begun, 0u);
  host->host.takeWork();
  EXPECT_EQ(numbersIn(run(*peer, job).wait(loop)), (Numbers{10, 13, 16}));
  EXPECT_EQ(host->host.counters().slicesReceived, 1u);
  EXPECT_EQ(peer->counters().slicesShipped, 1u);
}

TEST_F(Session, WhatWasTakenIsDoneWhenAHostTurnsWorkAway) {
  auto host = startHost();
  host->runner.holding = true;
  auto peer = connect();
  auto taken = run(*peer, Job("3 7"));
  loop.poll();
  host->host.turnAway(kj::str("it is not level"));
  host->runner.release();
  EXPECT_EQ(numbersIn(taken.wait(loop)), (Numbers{10, 13, 16}));
}

TEST_F(Session, AHostThatLeavesHandsBackWhatWaitsAndNeverTakesWorkAgain) {
  auto host = startHost();
  host->runner.holding = true;
  auto peer = connect();
  auto waiting = run(*peer, Job("3 7"));
  loop.poll();
  host->host.turnAway(kj::str("it is not level"));
  host->host.leave();
  EXPECT_TRUE(host->host.isLeaving());
  EXPECT_EQ(whyTurnedAway(waiting.wait(loop)), "it leaves, for good");
  EXPECT_EQ(whyTurnedAway(run(*peer, Job("3 7")).wait(loop)), "it leaves, for good");
  host->host.takeWork();
  EXPECT_EQ(whyTurnedAway(run(*peer, Job("3 7")).wait(loop)), "it leaves, for good");
}

TEST_F(Session, AHostIsIdleWhenNothingWaitsOrRunsForAnybody) {
  auto host = startHost();
  EXPECT_TRUE(host->host.idle().poll(loop));
  host->runner.holding = true;
  auto one = connect(), other = connect();
  auto first = run(*one, Job("3 7"));
  auto second = kj::heap(run(*other, Job("3 7")));
  loop.poll();
  auto idle = host->host.idle();
  EXPECT_FALSE(idle.poll(loop));
  second = nullptr; // its origin gives it up
  EXPECT_FALSE(idle.poll(loop));
  host->runner.release();
  EXPECT_EQ(numbersIn(first.wait(loop)), (Numbers{10, 13, 16}));
  EXPECT_TRUE(idle.poll(loop));
}

TEST_F(Session, AHostIsIdleWhenTheConnectionOfItsLastChunkEnds) {
  auto host = startHost();
  host->runner.holding = true;
  auto peer = connect();
  auto lost = run(*peer, Job("3 7")).ignoreResult().catch_([](kj::Exception&&) {});
  loop.poll();
  auto idle = host->host.idle();
  EXPECT_FALSE(idle.poll(loop));
  peer = nullptr;
  EXPECT_TRUE(idle.poll(loop));
}
