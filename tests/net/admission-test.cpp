// Hosts that take no work: what origins are told, and when a host has nothing left to do.
#include "tests/net/session.h"

using namespace roam;
using namespace roam::test;

namespace {

/// Why the outcome says that nothing was run.
std::string whyTurnedAway(const net::ChunkOutcome& outcome) {
  KJ_IF_MAYBE (away, outcome.turnedAway)
    return std::string(away->cStr()) + (outcome.leaves ? ", for good" : "");
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
  host->host.takeWorkUntil(clock.timer().now() + 1 * kj::HOURS, kj::str("its lease has ended"));
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
  host->host.takeWorkUntil(clock.timer().now() + 1 * kj::HOURS, kj::str("its lease has ended"));
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

// --- leaving ----------------------------------------------------------------------------------

TEST_F(Session, AHostThatIsAskedToLeaveTakesNoWorkAndSaysSo) {
  auto host = startHost();
  auto peer = connect();
  auto asked = host->host.askedToLeave();
  EXPECT_FALSE(asked.poll(loop));
  EXPECT_FALSE(peer->status().wait(loop).leaving);
  peer->drain().wait(loop);
  EXPECT_TRUE(asked.poll(loop));
  EXPECT_EQ(whyTurnedAway(run(*peer, Job("3 7")).wait(loop)), "it leaves, for good");
  EXPECT_TRUE(peer->status().wait(loop).leaving);
  peer->drain().wait(loop);
  EXPECT_TRUE(host->log.say("asks this peer to leave"));
  EXPECT_EQ(host->log.all.size(), 1u) << "it is told once";
}

TEST_F(Session, AskingAnotherPeerToLeaveIsRefused) {
  auto host = startHost();
  auto connection = rawConnection();
  auto session = rawSession(*connection);
  auto request = session.drainRequest();
  request.setName("host:2");
  EXPECT_TRUE(contains(failureOf(request.send().ignoreResult(), loop).getDescription(),
                       "another peer was asked to leave: this is host:1"));
  EXPECT_FALSE(host->host.isLeaving());
}

TEST_F(Session, StatusTellsHowManyChunksWaitOrRun) {
  auto host = startHost();
  host->runner.holding = true;
  auto peer = connect();
  auto one = run(*peer, Job("3 7")), other = run(*peer, Job("3 7"));
  loop.poll();
  EXPECT_EQ(peer->status().wait(loop).chunksOpen, 2u);
  host->runner.release();
  one.wait(loop);
  other.wait(loop);
  EXPECT_EQ(peer->status().wait(loop).chunksOpen, 0u);
}

TEST_F(Session, AnswersArriveThoughTheHostSaysFarewellRightBehindThem) {
  auto host = startHost();
  host->runner.holding = true;
  auto one = connect(), other = connect();
  // Large ones, which take their time, and a small one behind them.
  Job echo("echo", Numbers(400'000, 7)), small("3 7");
  std::vector<kj::Promise<net::ChunkOutcome>> runs;
  for (int i = 0; i < 3; ++i)
    runs.push_back(run(*one, echo));
  runs.push_back(run(*one, small));
  runs.push_back(run(*other, echo));
  loop.poll();
  auto running = std::exchange(host->runner.held, {}); // not what waits, and would be handed back
  host->host.leave();
  auto left = host->host.idle().then([&] { return host->host.farewell(); });
  for (auto& one : running)
    one->fulfill(nullptr);
  left.wait(loop);
  for (auto& answer : runs) {
    net::ChunkOutcome outcome = answer.wait(loop);
    EXPECT_FALSE(numbersIn(outcome).empty());
    EXPECT_TRUE(outcome.leaves);
  }
  one->disconnected().wait(loop);
  EXPECT_EQ(host->host.counters().connections, 0u);
  EXPECT_TRUE(host->log.all.empty()) << host->log.all.front();
}

TEST_F(Session, AHostWaitsOnlySoLongForOriginsToCloseTheirConnections) {
  auto host = startHost();
  auto stream = network.parseAddress(hostAddress).wait(loop)->connect().wait(loop);
  loop.poll();
  ASSERT_EQ(host->host.counters().connections, 1u);
  auto over = host->host.farewell();
  EXPECT_FALSE(over.poll(loop));
  clock.advance(limits::farewell, loop);
  EXPECT_TRUE(over.poll(loop));
}
