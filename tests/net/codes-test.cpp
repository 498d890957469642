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
