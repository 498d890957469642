// What chunks print, from the host to the origin that asked for it.
#include "tests/net/session.h"

using namespace roam;
using namespace roam::test;

namespace {

class Heard final : public net::OutputSink {
 public:
  void line(kj::StringPtr text, bool isError) override {
    lines.push_back((isError ? "error: " : "") + std::string(text.cStr()));
  }
  std::vector<std::string> lines;
};

kj::Promise<net::ChunkOutcome> run(net::Peer& peer, const Job& job,
                                   std::shared_ptr<net::OutputSink> output) {
  auto owned = std::make_shared<Job>(job);
  net::Chunk chunk = owned->chunk();
  chunk.output = std::move(output);
  return peer.run(chunk, {bytesOf(owned->formula)}, owned);
}

} // namespace

TEST_F(Session, LinesOfAChunkArriveBeforeItsResults) {
  auto host = startHost();
  auto peer = connect();
  auto heard = std::make_shared<Heard>();
  host->runner.prints = {"one", "error: two", ""};
  std::vector<std::string> atTheResult;
  auto done = run(*peer, Job("3 7"), heard).then([&](net::ChunkOutcome&& outcome) {
    atTheResult = heard->lines;
    return numbersIn(outcome);
  });
  EXPECT_EQ(done.wait(loop), (Numbers{10, 13, 16}));
  EXPECT_EQ(atTheResult, (std::vector<std::string>{"one", "error: two", ""}));
}

TEST_F(Session, WhoAsksForNoLinesGetsNone) {
  auto host = startHost();
  host->runner.prints = {"one"};
  auto peer = connect();
  EXPECT_EQ(numbersIn(test::run(*peer, Job("3 7")).wait(loop)), (Numbers{10, 13, 16}));
}

TEST_F(Session, LinesOverTheLimitAreDroppedAndCounted) {
  auto host = startHost();
  auto peer = connect();
  auto heard = std::make_shared<Heard>();
  constexpr std::size_t size = 1023, more = 7;
  host->runner.prints.assign(limits::outputWaiting / (size + 1) + more, std::string(size, 'x'));
  run(*peer, Job("3 7"), heard).wait(loop);
  EXPECT_EQ(heard->lines.size(), limits::outputWaiting / (size + 1) + 1);
  EXPECT_EQ(heard->lines.back(),
            "error: 7 lines were printed faster than they were read, and are lost");
}

TEST_F(Session, AReaderThatFailsCostsNoResults) {
  class Fails final : public net::OutputSink {
    void line(kj::StringPtr, bool) override { KJ_FAIL_REQUIRE("it wants none"); }
  };
  auto host = startHost();
  host->runner.prints = {"one", "two"};
  auto peer = connect();
  EXPECT_EQ(numbersIn(run(*peer, Job("3 7"), std::make_shared<Fails>()).wait(loop)),
            (Numbers{10, 13, 16}));
}
