// Origins and hosts over a network in memory: hello, chunks, failures, silence.
#include "tests/net/session.h"
#include <kj/debug.h>

using namespace roam;
using namespace roam::test;

// --- hello ------------------------------------------------------------------------------------

TEST_F(Session, BothSidesLearnWhoIsThere) {
  auto host = startHost();
  auto peer = connect();
  EXPECT_EQ(peer->name(), "host:1");
  EXPECT_EQ(peer->address(), "127.0.0.1:1");
  EXPECT_EQ(peer->workers(), 2u);
  EXPECT_EQ(host->host.counters().connections, 1u);
}

TEST_F(Session, AnotherProtocolIsRefusedInWords) {
  auto host = startHost();
  auto mine = helloOf("origin:2");
  mine.protocol = 7;
  auto failure = failureOf(net::dial(network, clock.timer(), hostAddress, mine), loop);
  EXPECT_EQ(failure.getType(), kj::Exception::Type::FAILED);
  EXPECT_TRUE(contains(failure.getDescription(),
                       "host:1 speaks Roam's protocol 1 (Roam 0.1.0), origin:2 protocol 7"));
  EXPECT_TRUE(contains(failure.getDescription(), "the peer at 127.0.0.1:1 can't be used"));
  EXPECT_TRUE(contains(failure.getDescription(), "run the same Roam on both"));
  EXPECT_TRUE(host->log.say("origin:2 protocol 7"));
  EXPECT_EQ(host->host.counters().refusals, 1u);
}

TEST_F(Session, AnotherPlatformIsRefusedInWords) {
  auto host = startHost();
  auto mine = helloOf("origin:2");
  mine.platform.llvmMajor = 20;
  auto failure = failureOf(net::dial(network, clock.timer(), hostAddress, mine), loop);
  EXPECT_EQ(failure.getType(), kj::Exception::Type::FAILED);
  EXPECT_TRUE(contains(failure.getDescription(), "LLVM 19 here, 20 there"));
  EXPECT_TRUE(host->log.say("LLVM 19 here, 20 there"));
}

TEST_F(Session, APlatformThatCannotBeReadIsRefused) {
  auto host = startHost();
  auto connection = rawConnection();
  auto request = connection->bootstrap().castAs<protocol::Peer>().helloRequest();
  helloOf("raw:3").write(request.initHello());
  request.getHello().setPlatform("a toaster");
  auto failure = failureOf(request.send().ignoreResult(), loop);
  EXPECT_TRUE(contains(failure.getDescription(), "'a toaster' is no platform fingerprint"));
}

TEST_F(Session, AHelloThatCannotBeTrueIsBroughtWithinTheLimits) {
  capnp::MallocMessageBuilder message;
  auto hello = message.initRoot<protocol::Hello>();
  helloOf("evil\x1b[2J\n127.0.0.1:9: refused\x7f\xc2\x9b\xc3\xa9", 0xffffffff).write(hello);
  auto read = net::Hello::read(hello.asReader());
  EXPECT_EQ(read.workers, limits::workers);
  EXPECT_EQ(read.name, "evil\\x1b[2J\\x0a127.0.0.1:9: refused\\x7f\\x9b\xc3\xa9");
  helloOf("many", limits::workers - 1).write(hello);
  EXPECT_EQ(net::Hello::read(hello.asReader()).workers, limits::workers - 1);
}

TEST_F(Session, NamesInLogLinesKeepToTheirLine) {
  auto host = startHost();
  auto mine = helloOf("evil\x1b[2J\nline of my own");
  mine.protocol = 7;
  failureOf(net::dial(network, clock.timer(), hostAddress, mine), loop);
  ASSERT_TRUE(host->log.say("evil"));
  for (auto& line : host->log.all)
    EXPECT_EQ(line.find_first_of("\x1b\n"), std::string::npos) << line;
}

TEST_F(Session, AConnectionSaysHelloOnce) {
  auto host = startHost();
  auto connection = rawConnection();
  auto session = rawSession(*connection);
  auto again = connection->bootstrap().castAs<protocol::Peer>().helloRequest();
  helloOf("raw:3").write(again.initHello());
  auto failure = failureOf(again.send().ignoreResult(), loop);
  EXPECT_EQ(failure.getType(), kj::Exception::Type::FAILED);
  EXPECT_TRUE(contains(failure.getDescription(), "has said hello before"));
  EXPECT_TRUE(host->log.say("has said hello before"));
  EXPECT_EQ(host->host.counters().refusals, 1u);
  session.pingRequest().send().wait(loop);
}

TEST_F(Session, WhoSaysNoHelloIsClosedWhenTheTimeIsOver) {
  auto host = startHost();
  auto connection = rawConnection();
  clock.advance(limits::hello - 1 * kj::SECONDS, loop);
  EXPECT_EQ(host->host.counters().connections, 1u);
  clock.advance(2 * kj::SECONDS, loop);
  EXPECT_EQ(host->host.counters().connections, 0u);
  EXPECT_TRUE(host->log.say("said no hello within 10 s"));
}

TEST_F(Session, WhoSaidHelloMayStaySilentForLong) {
  auto host = startHost();
  auto connection = rawConnection();
  auto session = rawSession(*connection);
  clock.advance(3 * limits::hello, loop, 1 * kj::SECONDS);
  EXPECT_EQ(host->host.counters().connections, 1u);
  session.pingRequest().send().wait(loop);
}

TEST_F(Session, NobodyAtTheAddressIsAnErrorThatSaysWhatToDo) {
  auto failure =
      failureOf(net::dial(network, clock.timer(), hostAddress, helloOf("origin:2")), loop);
  EXPECT_EQ(failure.getType(), kj::Exception::Type::DISCONNECTED);
  EXPECT_EQ(failure.getDescription(),
            "no peer answers at 127.0.0.1:1: Connection refused; start one with "
            "`roam peer --listen 127.0.0.1:1`"_kj);
}

TEST_F(Session, SomeoneWhoNeverAnswersIsGivenUpInTime) {
  auto receiver = network.parseAddress(hostAddress).wait(loop)->listen();
  auto dialling = net::dial(network, clock.timer(), hostAddress, helloOf("origin:2"));
  clock.advance(limits::connect - 1 * kj::SECONDS, loop);
  EXPECT_FALSE(dialling.poll(loop));
  clock.advance(1 * kj::SECONDS, loop);
  ASSERT_TRUE(dialling.poll(loop));
  EXPECT_TRUE(contains(failureOf(kj::mv(dialling), loop).getDescription(),
                       "no peer answered at 127.0.0.1:1 within 5 s"));
}

// --- limits -----------------------------------------------------------------------------------

TEST_F(Session, OversizedSlicesAndRequestsAreRefusedByBothSides) {
  auto host = startHost();
  Job job("3 7" + std::string(limits::sliceBytes, ' '));
  auto peer = connect();
  auto outcome = run(*peer, job).wait(loop);
  EXPECT_EQ(KJ_ASSERT_NONNULL(outcome.failure).kind, net::Failure::Kind::limit);
  EXPECT_TRUE(
      contains(KJ_ASSERT_NONNULL(outcome.failure).message, " has 16777219 bytes; the limit"));

  auto connection = rawConnection();
  auto session = rawSession(*connection);
  auto result = rawRun(session, job, &job.formula).wait(loop);
  ASSERT_TRUE(result.isFailure());
  EXPECT_TRUE(contains(result.getFailure().getMessage(), "the limit is 16777216"));

  auto have = session.haveRequest();
  have.initDigests(limits::slicesPerRequest + 1);
  EXPECT_TRUE(contains(failureOf(have.send().ignoreResult(), loop).getDescription(),
                       "1025 slices in one request; the limit is 1024"));
  session.pingRequest().send().wait(loop);
}

TEST_F(Session, TooManyChunksInFlightAreOverload) {
  auto host = startHost();
  host->runner.holding = true;
  auto peer = connect();
  Job job("3 7");
  std::vector<kj::Promise<net::ChunkOutcome>> runs;
  for (std::size_t i = 0; i < limits::chunksInFlight + 1; ++i)
    runs.push_back(run(*peer, job));
  auto failure = failureOf(kj::mv(runs.back()), loop);
  runs.pop_back();
  EXPECT_EQ(failure.getType(), kj::Exception::Type::OVERLOADED);
  EXPECT_TRUE(contains(failure.getDescription(), "4096 chunks of this connection wait or run"));
  EXPECT_TRUE(contains(failure.getDescription(), "host:1 at 127.0.0.1:1"));
  host->runner.release();
  for (auto& one : runs)
    EXPECT_EQ(numbersIn(one.wait(loop)), (Numbers{10, 13, 16}));
  EXPECT_EQ(numbersIn(run(*peer, job).wait(loop)), (Numbers{10, 13, 16}));
}

TEST_F(Session, TooManyBytesInFlightAreOverload) {
  constexpr std::size_t budget = 1000;
  TestHost host(net::listen(network, hostAddress).wait(loop), clock.timer(), "host:1",
                limits::storeBytes, budget);
  host.runner.holding = true;
  auto peer = connect();
  Job larger("1 0", Numbers(200)), half("1 0", Numbers(60)), rest("1 0", Numbers(65));
  {
    auto alone = run(*peer, larger);
    ASSERT_FALSE(alone.poll(loop)) << "a single chunk is always taken";
  }
  loop.poll();
  auto first = run(*peer, half), second = run(*peer, rest);
  ASSERT_FALSE(first.poll(loop));
  ASSERT_FALSE(second.poll(loop));
  auto failure = failureOf(run(*peer, half), loop);
  EXPECT_EQ(failure.getType(), kj::Exception::Type::OVERLOADED);
  EXPECT_TRUE(contains(failure.getDescription(), "1000 bytes, and another 480"));
  host.runner.release();
  EXPECT_EQ(numbersIn(first.wait(loop)), Numbers(60));
  EXPECT_EQ(numbersIn(second.wait(loop)), Numbers(65));
  EXPECT_EQ(numbersIn(run(*peer, half).wait(loop)), Numbers(60));
}

TEST_F(Session, ManyOriginsTogetherAreRefusedWhatIsMoreThanAPeerHolds) {
  constexpr std::size_t budget = 1000; // of one connection; twice that of all
  TestHost host(net::listen(network, hostAddress).wait(loop), clock.timer(), "host:1",
                limits::storeBytes, budget);
  host.runner.holding = true;
  Job job("1 0", Numbers(60));
  std::vector<kj::Own<net::Peer>> origins;
  std::vector<kj::Promise<net::ChunkOutcome>> runs;
  for (int i = 0; i < 30; ++i) {
    origins.push_back(connect());
    runs.push_back(run(*origins.back(), job));
  }
  loop.poll();
  std::vector<kj::Promise<net::ChunkOutcome>> taken;
  unsigned refused = 0;
  for (auto& one : runs) {
    if (!one.poll(loop)) {
      taken.push_back(kj::mv(one));
      continue;
    }
    auto failure = failureOf(kj::mv(one), loop);
    EXPECT_EQ(failure.getType(), kj::Exception::Type::OVERLOADED);
    EXPECT_TRUE(contains(failure.getDescription(), "retry after 10 ms"));
    ++refused;
  }
  EXPECT_EQ(taken.size(), 4u) << "of 480 bytes each";
  EXPECT_EQ(refused, 26u);
  host.runner.release();
  for (auto& one : taken)
    EXPECT_EQ(numbersIn(one.wait(loop)), Numbers(60));
  EXPECT_EQ(numbersIn(run(*origins.back(), job).wait(loop)), Numbers(60)) << "there is room again";
}

// --- chunks -----------------------------------------------------------------------------------

TEST_F(Session, CapturesTravelWithTheChunk) {
  auto host = startHost();
  auto peer = connect();
  Job job("1 0");
  std::int64_t hundred = 100;
  job.captures = kj::ArrayPtr<const kj::byte>(reinterpret_cast<const kj::byte*>(&hundred), 8);
  EXPECT_EQ(numbersIn(run(*peer, job).wait(loop)), (Numbers{101, 102, 103}));
}

TEST_F(Session, FailuresOfAChunkArriveWhole) {
  auto host = startHost();
  auto peer = connect();
  auto outcome = run(*peer, Job("no formula")).wait(loop);
  auto& failure = KJ_ASSERT_NONNULL(outcome.failure);
  EXPECT_EQ(failure.kind, net::Failure::Kind::badSlice);
  EXPECT_EQ(failure.message, "this is no formula"_kj);
}

TEST_F(Session, LargeChunksAndResultsArriveWholeWhateverTheirSize) {
  auto host = startHost();
  auto peer = connect();
  Job echo("echo");
  for (std::size_t size :
       {0ul, 1ul, 4095ul, 65535ul, 65536ul, 65537ul, 1ul << 20, (9ul << 20) + 5}) {
    auto bytes = std::make_shared<std::string>(size, 'x');
    for (std::size_t i = 0; i < size; ++i)
      (*bytes)[i] = char(i * 7 + i / 251);
    net::Chunk chunk{echo.entry, nullptr, bytesOf(*bytes), 1, 0};
    std::weak_ptr<std::string> held = bytes;
    auto running = peer->run(chunk, {bytesOf(echo.formula)}, bytes);
    std::string expected = *bytes;
    bytes = nullptr;
    auto outcome = running.wait(loop);
    ASSERT_EQ(outcome.results.size(), size);
    EXPECT_EQ(outcome.results, bytesOf(expected));
    running = nullptr;
    loop.poll();
    EXPECT_TRUE(held.expired()) << "nobody needs the arguments any more";
  }
}

TEST_F(Session, ResultsOutliveThePeer) {
  auto host = startHost();
  auto peer = connect();
  std::string arguments(1 << 20, 'y');
  Job echo("echo");
  auto outcome =
      peer->run({echo.entry, nullptr, bytesOf(arguments), 1, 0}, {bytesOf(echo.formula)}, nullptr)
          .wait(loop);
  peer = nullptr;
  host = nullptr;
  EXPECT_EQ(outcome.results, bytesOf(arguments));
}

TEST_F(Session, ADroppedRunKeepsItsLargeArgumentsUntilTheyAreSent) {
  auto host = startHost();
  auto peer = connect();
  Job echo("echo");
  run(*peer, Job("echo", {})).wait(loop);
  auto bytes = std::make_shared<std::string>(20 << 20, 'z');
  std::weak_ptr<std::string> held = bytes;
  auto running =
      peer->run({echo.entry, nullptr, bytesOf(*bytes), 1, 0}, {bytesOf(echo.formula)}, bytes);
  bytes = nullptr;
  running = nullptr;
  EXPECT_FALSE(held.expired()) << "the message still points there";
  EXPECT_EQ(numbersIn(run(*peer, Job("2 0")).wait(loop)), (Numbers{2, 4, 6}));
  EXPECT_TRUE(held.expired());
}

TEST_F(Session, DroppingARunTakesItOutOfTheQueue) {
  auto host = startHost();
  host->runner.holding = true;
  auto peer = connect();
  auto running = run(*peer, Job("3 7"));
  ASSERT_FALSE(running.poll(loop));
  ASSERT_EQ(host->runner.begun, 1u);
  running = nullptr;
  loop.poll();
  EXPECT_EQ(host->runner.dropped, 1u);
}

// --- loss -------------------------------------------------------------------------------------

TEST_F(Session, ACutConnectionFailsWhatRunsAndFreesTheHost) {
  auto host = startHost();
  host->runner.holding = true;
  auto peer = connect();
  auto gone = peer->disconnected();
  auto running = run(*peer, Job("3 7"));
  ASSERT_FALSE(running.poll(loop));
  ASSERT_FALSE(gone.poll(loop));
  network.cut(hostAddress);
  EXPECT_TRUE(gone.poll(loop));
  auto failure = failureOf(kj::mv(running), loop);
  EXPECT_EQ(failure.getType(), kj::Exception::Type::DISCONNECTED);
  EXPECT_EQ(failure.getDescription(), "lost peer host:1 at 127.0.0.1:1: the wire was cut"_kj);
  EXPECT_EQ(peer->whyDisconnected(), "the wire was cut"_kj);
  EXPECT_EQ(failureOf(run(*peer, Job("3 7")), loop).getType(), kj::Exception::Type::DISCONNECTED);
  EXPECT_TRUE(run(*peer, Job("4 7")).wait(loop).notSent != nullptr) << "asked for its slice first";
  clock.advance(limits::farewell, loop);
  EXPECT_EQ(host->host.counters().connections, 0u);
  EXPECT_EQ(host->runner.dropped, 1u);
}

TEST_F(Session, AHostThatGoesAwayIsALoss) {
  auto host = startHost();
  auto peer = connect();
  auto gone = peer->disconnected();
  host = nullptr;
  EXPECT_TRUE(gone.poll(loop));
  EXPECT_NE(peer->whyDisconnected(), ""_kj);
  EXPECT_EQ(std::string(peer->whyDisconnected().cStr()).find("host:1"), std::string::npos)
      << "whoever asks knows the name, and would say it twice: " << peer->whyDisconnected().cStr();
}

TEST_F(Session, AHostThatSaysItLeavesIsQuotedThoughItsConnectionIsOpen) {
  auto host = startHost();
  host->runner.leaving = true;
  auto peer = connect();
  EXPECT_EQ(peer->whyDisconnected(), ""_kj);
  auto failure = failureOf(run(*peer, Job("3 7")), loop);
  EXPECT_EQ(failure.getType(), kj::Exception::Type::DISCONNECTED);
  EXPECT_EQ(failure.getDescription(), "host:1 at 127.0.0.1:1: the host is shutting down"_kj);
  EXPECT_EQ(peer->whyDisconnected(), "the host is shutting down"_kj);
}

TEST_F(Session, WhatIsPromisedMayOutliveThePeer) {
  auto host = startHost();
  host->runner.holding = true;
  auto peer = connect();
  auto running = run(*peer, Job("3 7"));
  auto asking = run(*peer, Job("4 7"));
  auto gone = peer->disconnected();
  ASSERT_FALSE(running.poll(loop));
  auto status = peer->status();
  auto late = run(*peer, Job("5 7"));
  peer = nullptr;
  gone.wait(loop);
  EXPECT_EQ(failureOf(kj::mv(status), loop).getType(), kj::Exception::Type::DISCONNECTED);
  EXPECT_EQ(failureOf(kj::mv(running), loop).getType(), kj::Exception::Type::DISCONNECTED);
  EXPECT_EQ(failureOf(kj::mv(asking), loop).getType(), kj::Exception::Type::DISCONNECTED);
  EXPECT_TRUE(late.wait(loop).notSent != nullptr);
  loop.poll();
  EXPECT_EQ(host->host.counters().connections, 0u);
}

TEST_F(Session, ASilentPeerIsLostAfterTheHeartbeatSaysSo) {
  auto host = startHost();
  host->runner.holding = true;
  auto peer = connect();
  auto running = run(*peer, Job("3 7"));
  ASSERT_FALSE(running.poll(loop));
  clock.advance(10 * kj::SECONDS, loop);
  ASSERT_FALSE(running.poll(loop))
      << "a peer that answers pings is not lost, however long a chunk runs";

  network.stall(hostAddress);
  auto gone = peer->disconnected();
  clock.advance(limits::silence - 100 * kj::MILLISECONDS, loop);
  EXPECT_FALSE(gone.poll(loop));
  clock.advance(2 * kj::SECONDS - limits::silence + 100 * kj::MILLISECONDS, loop);
  EXPECT_TRUE(gone.poll(loop));
  auto failure = failureOf(kj::mv(running), loop);
  EXPECT_EQ(failure.getType(), kj::Exception::Type::DISCONNECTED);
  EXPECT_TRUE(contains(failure.getDescription(),
                       "lost peer host:1 at 127.0.0.1:1: no sign of life for 1500 ms"));
}

TEST_F(Session, TimeInWhichThisSideStoodStillIsNoSilence) {
  auto host = startHost();
  auto peer = connect();
  auto gone = peer->disconnected();
  network.stall(hostAddress);
  clock.advance(limits::heartbeat + 100 * kj::MILLISECONDS, loop); // a ping is under way
  network.resume(hostAddress);
  clock.jump(1 * kj::MINUTES);
  EXPECT_FALSE(gone.poll(loop));
  clock.advance(10 * kj::SECONDS, loop);
  EXPECT_FALSE(gone.poll(loop));
  network.stall(hostAddress);
  clock.advance(2 * kj::SECONDS, loop);
  EXPECT_TRUE(gone.poll(loop));
}

TEST_F(Session, APeerIsAskedAgainAfterAnAnswerThatCameLate) {
  auto host = startHost();
  auto peer = connect();
  auto gone = peer->disconnected();
  for (int i = 0; i < 3; ++i) {
    network.stall(hostAddress);
    clock.advance(limits::heartbeat + limits::silence / 2, loop);
    network.resume(hostAddress);
    clock.advance(1 * kj::MINUTES, loop, 50 * kj::MILLISECONDS);
    EXPECT_FALSE(gone.poll(loop));
  }
}

ROAM_ON_TRUE_STACK static void sayThroughKj(net::Log& log) {
  net::KjLogScope scope(log);
  KJ_LOG(ERROR, "one\ntwo");
}

TEST_F(Session, WhatKjSaysByItselfBecomesALogLine) {
  Lines log;
  sayThroughKj(log);
  ASSERT_EQ(log.all.size(), 1u);
  EXPECT_TRUE(log.say("kj error: one two"));
}

TEST_F(Session, StatusTellsWhatThePeerHoldsAndDid) {
  auto host = startHost();
  auto peer = connect();
  run(*peer, Job("3 7")).wait(loop);
  auto status = peer->status().wait(loop);
  EXPECT_EQ(status.name, "host:1");
  EXPECT_EQ(status.workers, 2u);
  EXPECT_EQ(status.slices, 1u);
  EXPECT_EQ(status.sliceBytes, 3u);
  EXPECT_EQ(status.chunksDone, 1u);
  EXPECT_EQ(status.elementsDone, 3u);
  EXPECT_EQ(status.slicesReceived, 1u);
  EXPECT_EQ(status.connections, 1u);
}

namespace {

/// Answers pings, and never a question for its status.
class SilentAboutItself final : public protocol::Session::Server {
  kj::Promise<void> ping(PingContext) override { return kj::READY_NOW; }
  kj::Promise<void> status(StatusContext) override { return kj::NEVER_DONE; }
};

class SilentDoor final : public protocol::Peer::Server {
  kj::Promise<void> hello(HelloContext context) override {
    auto results = context.getResults();
    helloOf("silent:1", 1).write(results.initHello());
    results.setSession(kj::heap<SilentAboutItself>());
    return kj::READY_NOW;
  }
};

} // namespace

TEST_F(Session, APeerThatDoesNotTellItsStatusIsGivenUpInTime) {
  auto receiver = network.parseAddress(hostAddress).wait(loop)->listen();
  auto accepted = receiver->accept();
  auto dialling = net::dial(network, clock.timer(), hostAddress, helloOf("origin:2"));
  net::Connection there(accepted.wait(loop), kj::heap<SilentDoor>(),
                        std::make_shared<net::MessageMemory>());
  auto peer = dialling.wait(loop);
  auto status = peer->status();
  clock.advance(limits::connect - 1 * kj::SECONDS, loop, 500 * kj::MILLISECONDS);
  EXPECT_FALSE(status.poll(loop));
  clock.advance(1 * kj::SECONDS, loop, 500 * kj::MILLISECONDS);
  ASSERT_TRUE(status.poll(loop));
  auto failure = failureOf(kj::mv(status), loop);
  EXPECT_EQ(failure.getDescription(),
            "silent:1 at 127.0.0.1:1: it did not tell its status within 5 s"_kj);
}
