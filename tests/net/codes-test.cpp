// What a peer tells of the code it has run, and of where it came from.
#include "tests/net/session.h"

using namespace roam;
using namespace roam::test;

TEST_F(Session, StatusTellsHowOftenCodeCameFromEachPlace) {
  auto host = startHost();
  auto& counted = host->runner.counted;
  counted.linked = 1;
  counted.memory = 2;
  counted.bundled = 3;
  counted.cacheHits = 4;
  counted.fromPeers = 5;
  counted.shipped = 6;
  counted.compiled = 7;
  auto status = connect()->status().wait(loop);
  EXPECT_EQ(status.linked, 1u);
  EXPECT_EQ(status.memory, 2u);
  EXPECT_EQ(status.bundled, 3u);
  EXPECT_EQ(status.cacheHits, 4u);
  EXPECT_EQ(status.fromPeers, 5u);
  EXPECT_EQ(status.shipped, 6u);
  EXPECT_EQ(status.compiled, 7u);
}

namespace {

net::CodeStatus codeOf(const std::string& slice) {
  net::CodeStatus code;
  code.digest = Digest::of(slice);
  code.rung = net::Rung::disk;
  code.cpu = "cascadelake";
  code.level = 2;
  code.objectBytes = 900;
  code.compileNanoseconds = 1'000'000;
  code.calls = 3;
  code.elements = 12;
  code.runNanoseconds = 500;
  return code;
}

} // namespace

TEST_F(Session, APeerTellsWhatItKnowsOfASlice) {
  auto host = startHost();
  auto peer = connect();
  Job job("3 7");
  peer->run(job.chunk(), {bytesOf(job.formula), "place\tprices.cpp\t12\t50\n"}, nullptr).wait(loop);
  host->runner.known.push_back(codeOf("3 7"));
  host->runner.known.push_back(codeOf("another"));
  auto codes = peer->codes({job.entry, Digest::of("of nobody")}).wait(loop);
  ASSERT_EQ(codes.size(), 1u);
  EXPECT_EQ(codes[0].digest, job.entry);
  EXPECT_EQ(codes[0].description, "place\tprices.cpp\t12\t50\n");
  EXPECT_EQ(codes[0].rung, net::Rung::disk);
  EXPECT_STREQ(net::nameOf(codes[0].rung), "disk");
  EXPECT_EQ(codes[0].cpu, "cascadelake");
  EXPECT_EQ(codes[0].level, 2u);
  EXPECT_EQ(codes[0].sliceBytes, 3u);
  EXPECT_EQ(codes[0].objectBytes, 900u);
  EXPECT_EQ(codes[0].compileNanoseconds, 1'000'000u);
  EXPECT_EQ(codes[0].calls, 3u);
  EXPECT_EQ(codes[0].elements, 12u);
  EXPECT_EQ(codes[0].runNanoseconds, 500u);
}

TEST_F(Session, AllCodesComeOnceAndInOrderHoweverManyAnswersTheyTake) {
  auto host = startHost();
  auto peer = connect();
  EXPECT_TRUE(peer->codes({}).wait(loop).empty());
  const std::size_t count = 2 * limits::codesPerAnswer + 1;
  for (std::size_t i = 0; i < count; ++i)
    host->runner.known.push_back(codeOf(std::to_string(i)));
  auto codes = peer->codes({}).wait(loop);
  ASSERT_EQ(codes.size(), count);
  for (std::size_t i = 1; i < count; ++i)
    ASSERT_LT(codes[i - 1].digest, codes[i].digest);
}

TEST_F(Session, APeerGivesTheSlicesItHas) {
  auto host = startHost();
  auto peer = connect();
  Job first("3 7"), second("2 1");
  peer->run(first.chunk(), {bytesOf(first.formula), "place\tprices.cpp\t12\t50\n"}, nullptr)
      .wait(loop);
  peer->run(second.chunk(), {bytesOf(second.formula), ""}, nullptr).wait(loop);
  auto slices = peer->slices({second.entry, Digest::of("of nobody"), first.entry}).wait(loop);
  ASSERT_EQ(slices.size(), 2u);
  EXPECT_EQ(slices[0].digest, second.entry);
  EXPECT_EQ(slices[0].code, "2 1");
  EXPECT_EQ(slices[1].code, "3 7");
  EXPECT_EQ(slices[1].description, "place\tprices.cpp\t12\t50\n");
}
