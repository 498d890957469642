// Which slices travel, which are asked for, which are refused.
#include "net/slice-packing.h"
#include "tests/net/session.h"

using namespace roam;
using namespace roam::test;

TEST_F(Session, TheFirstRunShipsTheSliceAndTheSecondNone) {
  auto host = startHost();
  auto peer = connect();
  Job job("3 7");
  EXPECT_EQ(numbersIn(run(*peer, job).wait(loop)), (Numbers{10, 13, 16}));
  EXPECT_EQ(peer->counters().slicesShipped, 1u);
  EXPECT_EQ(peer->counters().sliceBytesShipped, net::pack(bytesOf(job.formula)).size());
  EXPECT_EQ(numbersIn(run(*peer, job).wait(loop)), (Numbers{10, 13, 16}));
  EXPECT_EQ(peer->counters().slicesShipped, 1u);
  EXPECT_EQ(peer->counters().haveAsked, 1u);
  EXPECT_EQ(host->host.counters().slicesReceived, 1u);
  EXPECT_EQ(host->runner.counters().elementsDone, 6u);
}

TEST_F(Session, BetweenDifferentDictionariesASliceTravelsAsItIs) {
  auto host = startHost();
  auto mine = helloOf("origin:2");
  mine.dictionary = Digest::of("another dictionary");
  auto peer = connect(hostAddress, mine);
  Job job("3 7");
  EXPECT_EQ(numbersIn(run(*peer, job).wait(loop)), (Numbers{10, 13, 16}));
  EXPECT_EQ(peer->counters().sliceBytesShipped, job.formula.size());
}

TEST_F(Session, APackedSliceThatCantBeUnpackedIsRefusedAndNothingIsRun) {
  auto host = startHost();
  auto connection = rawConnection();
  auto session = rawSession(*connection);
  Job job("3 7");
  auto request = session.runRequest();
  request.setEntry(net::bytesOf(job.entry));
  auto slice = request.initSlices(1)[0];
  slice.setDigest(net::bytesOf(job.entry));
  slice.setPacked(bytesOf(job.formula));
  auto response = request.send().wait(loop);
  ASSERT_TRUE(response.isFailure());
  EXPECT_EQ(response.getFailure().getKind(), protocol::Failure::Kind::BAD_SLICE);
  EXPECT_NE(std::string(response.getFailure().getMessage().cStr()).find("can't be unpacked"),
            std::string::npos);
  EXPECT_EQ(host->runner.begun, 0u);
  EXPECT_EQ(host->store.count(), 0u);
}

TEST_F(Session, SlicesThatUnpackToMoreThanARequestMayHoldAreRefused) {
  auto host = startHost();
  auto connection = rawConnection();
  auto session = rawSession(*connection);
  std::string large(limits::sliceBytes, '0');
  auto packed = net::pack(bytesOf(large));
  Digest digest = Digest::of(large);
  unsigned count = limits::chunkBytes / limits::sliceBytes + 1;
  auto request = session.putRequest();
  auto slices = request.initSlices(count);
  for (auto slice : slices) {
    slice.setDigest(net::bytesOf(digest));
    slice.setPacked(packed);
  }
  EXPECT_THROW(request.send().wait(loop), kj::Exception);
  EXPECT_EQ(host->store.count(), 0u);
}

TEST_F(Session, ASecondOriginShipsNothingThatTheHostHas) {
  auto host = startHost();
  auto first = connect(), second = connect();
  Job job("3 7");
  run(*first, job).wait(loop);
  EXPECT_EQ(numbersIn(run(*second, job).wait(loop)), (Numbers{10, 13, 16}));
  EXPECT_EQ(second->counters().slicesShipped, 0u);
  EXPECT_EQ(host->host.counters().slicesReceived, 1u);
}

TEST_F(Session, OfManyRunsAtOnceOneAsksAndOneShips) {
  auto host = startHost();
  auto peer = connect();
  Job job("2 0");
  std::vector<kj::Promise<net::ChunkOutcome>> runs;
  for (int i = 0; i < 100; ++i)
    runs.push_back(run(*peer, job));
  for (auto& one : runs)
    EXPECT_EQ(numbersIn(one.wait(loop)), (Numbers{2, 4, 6}));
  EXPECT_EQ(peer->counters().haveAsked, 1u);
  EXPECT_EQ(peer->counters().slicesShipped, 1u);
}

TEST_F(Session, TheRunThatAskedMayBeDroppedAndAnotherShips) {
  auto host = startHost();
  auto peer = connect();
  Job job("2 0");
  auto first = run(*peer, job);
  auto second = run(*peer, job);
  first = nullptr;
  EXPECT_EQ(numbersIn(second.wait(loop)), (Numbers{2, 4, 6}));
  EXPECT_EQ(peer->counters().slicesShipped, 1u);
}

TEST_F(Session, ASliceTheHostForgotIsSentAgain) {
  auto host = startHost(hostAddress, 100);
  auto peer = connect();
  Job first("3 7" + std::string(60, ' ')), second("5 0" + std::string(60, ' '));
  run(*peer, first).wait(loop);
  run(*peer, second).wait(loop);
  ASSERT_FALSE(host->store.has(first.entry));
  std::vector<kj::Promise<net::ChunkOutcome>> runs;
  for (int i = 0; i < 10; ++i)
    runs.push_back(run(*peer, first));
  for (auto& one : runs)
    EXPECT_EQ(numbersIn(one.wait(loop)), (Numbers{10, 13, 16}));
  EXPECT_EQ(peer->counters().slicesShipped, 3u) << "first, second, and first once again";
}

TEST_F(Session, PutBringsSlicesAheadAndGetGivesThemBack) {
  auto host = startHost();
  auto connection = rawConnection();
  auto session = rawSession(*connection);
  Job known("1 1"), unknown("2 2");
  auto put = session.putRequest();
  setSlice(put.initSlices(1)[0], known.entry, known.formula);
  put.send().wait(loop);

  auto have = session.haveRequest();
  auto asked = have.initDigests(2);
  asked.set(0, net::bytesOf(known.entry));
  asked.set(1, net::bytesOf(unknown.entry));
  auto missing = have.send().wait(loop);
  ASSERT_EQ(missing.getMissing().size(), 1u);
  EXPECT_EQ(missing.getMissing()[0], net::bytesOf(unknown.entry));

  auto get = session.getRequest();
  auto wanted = get.initDigests(2);
  wanted.set(0, net::bytesOf(unknown.entry));
  wanted.set(1, net::bytesOf(known.entry));
  auto given = get.send().wait(loop);
  ASSERT_EQ(given.getSlices().size(), 1u);
  EXPECT_EQ(given.getSlices()[0].getCode(), bytesOf(known.formula));

  auto peer = connect();
  EXPECT_EQ(numbersIn(run(*peer, known).wait(loop)), (Numbers{2, 3, 4}));
  EXPECT_EQ(peer->counters().slicesShipped, 0u);
}

TEST_F(Session, DamagedSlicesAreRefusedAndTheHostGoesOn) {
  auto host = startHost();
  auto connection = rawConnection();
  auto session = rawSession(*connection);
  Job job("3 7");
  auto refused = [&](std::string slice) {
    auto lines = host->log.all.size();
    auto result = rawRun(session, job, &slice).wait(loop);
    ASSERT_TRUE(result.isFailure());
    EXPECT_EQ(result.getFailure().getKind(), protocol::Failure::Kind::BAD_SLICE);
    EXPECT_TRUE(contains(result.getFailure().getMessage(), "arrived damaged"));
    EXPECT_EQ(host->log.all.size(), lines + 1);
    EXPECT_EQ(host->store.count(), 0u);
  };
  for (std::size_t length = 0; length < job.formula.size(); ++length)
    refused(job.formula.substr(0, length));
  for (std::size_t bit = 0; bit < 8 * job.formula.size(); ++bit) {
    std::string flipped = job.formula;
    flipped[bit / 8] ^= char(1 << (bit % 8));
    refused(flipped);
  }
  EXPECT_EQ(host->runner.begun, 0u);

  auto put = session.putRequest();
  auto slices = put.initSlices(2);
  setSlice(slices[0], job.entry, job.formula);
  setSlice(slices[1], job.entry, "3 8");
  EXPECT_TRUE(contains(failureOf(put.send().ignoreResult(), loop).getDescription(),
                       "none of this request's slices was kept"));
  EXPECT_EQ(host->store.count(), 0u);

  EXPECT_TRUE(rawRun(session, job, &job.formula).wait(loop).isResults());
  auto peer = connect();
  EXPECT_EQ(numbersIn(run(*peer, job).wait(loop)), (Numbers{10, 13, 16}));
}

TEST_F(Session, ARunWithoutItsSliceSaysWhatIsMissing) {
  auto host = startHost();
  auto connection = rawConnection();
  auto session = rawSession(*connection);
  Job job("3 7");
  auto result = rawRun(session, job, nullptr).wait(loop);
  ASSERT_TRUE(result.isMissing());
  EXPECT_EQ(result.getMissing()[0], net::bytesOf(job.entry));
  EXPECT_EQ(host->runner.begun, 0u);
}

TEST_F(Session, DigestsOfAnotherLengthFailTheCall) {
  auto host = startHost();
  auto connection = rawConnection();
  auto session = rawSession(*connection);
  auto request = session.runRequest();
  request.setEntry(bytesOf("short"));
  EXPECT_TRUE(contains(failureOf(request.send().ignoreResult(), loop).getDescription(),
                       "a digest has 32 bytes; one of 5 arrived"));
  auto have = session.haveRequest();
  have.initDigests(1).set(0, bytesOf(std::string(33, 'x')));
  EXPECT_TRUE(contains(failureOf(have.send().ignoreResult(), loop).getDescription(), "33 arrived"));
  session.pingRequest().send().wait(loop);
}

TEST_F(Session, ASliceIsDescribedToTheHostAndByIt) {
  auto host = startHost();
  auto peer = connect();
  Job job("3 7");
  peer->run(job.chunk(), {bytesOf(job.formula), "place\tprices.cpp\t12\t50\n"}, nullptr).wait(loop);
  EXPECT_EQ(host->store.descriptionOf(job.entry), "place\tprices.cpp\t12\t50\n"_kj);
  auto connection = rawConnection();
  auto request = rawSession(*connection).getRequest();
  request.initDigests(1).set(0, net::bytesOf(job.entry));
  auto slices = request.send().wait(loop);
  ASSERT_EQ(slices.getSlices().size(), 1u);
  EXPECT_EQ(slices.getSlices()[0].getDescription(), "place\tprices.cpp\t12\t50\n"_kj);
}

TEST_F(Session, ADescriptionOverItsLimitIsNeitherSentNorKept) {
  auto host = startHost();
  auto peer = connect();
  std::string tooLong(limits::descriptionBytes + 1, 'x');
  Job first("3 7"), second("4 7");
  peer->run(first.chunk(), {bytesOf(first.formula), tooLong.c_str()}, nullptr).wait(loop);
  EXPECT_TRUE(host->store.has(first.entry));
  EXPECT_EQ(host->store.descriptionOf(first.entry), ""_kj);

  auto connection = rawConnection();
  auto request = rawSession(*connection).putRequest();
  auto slice = request.initSlices(1)[0];
  setSlice(slice, second.entry, second.formula);
  slice.setDescription(tooLong.c_str());
  request.send().wait(loop);
  EXPECT_TRUE(host->store.has(second.entry));
  EXPECT_EQ(host->store.descriptionOf(second.entry), ""_kj);
}
