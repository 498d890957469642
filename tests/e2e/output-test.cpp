// What shipped code prints: on the peer's own output, and back at the caller.
#include "tests/e2e/gate.h"
#include "tests/e2e/peers.h"
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <iostream>
#include <map>
#include <ranges>
#include <roam/roam.h>
#include <thread>
#include <unistd.h>

namespace roam::e2e {
namespace {

class Output : public EndToEnd {
 protected:
  /// Options that collect all lines.
  Options collecting() {
    Options options;
    options.output = [this](const OutputLine& line) {
      EXPECT_EQ(std::this_thread::get_id(), caller);
      (line.isError ? errors : lines).emplace_back(line.text);
      peers.emplace_back(line.peer);
    };
    return options;
  }

  const std::thread::id caller = std::this_thread::get_id();
  std::vector<std::string> lines, errors, peers;
};

TEST_F(Output, OfEveryKindComesBackWholeAndMarkedWithThePeer) {
  Peers two(1);
  Cluster cluster = connect(two.addresses());
  cluster.on(
      cluster.peers()[0], collecting(),
      [](int x) {
        std::cout << "stream " << x << "\n";
        std::printf("printf %d\n", x);
        std::puts("puts");
        std::cout << "two parts";
        std::cout << " of one line" << std::endl;
        (void)!write(1, "write\n", 6);
        std::cerr << "an error\n";
        std::fprintf(stderr, "another\n");
        std::cout << "no end";
      },
      7);
  EXPECT_EQ(lines, (std::vector<std::string>{"stream 7", "printf 7", "puts",
                                             "two parts of one line", "write", "no end"}));
  EXPECT_EQ(errors, (std::vector<std::string>{"an error", "another"}));
  ASSERT_FALSE(peers.empty());
  for (auto& peer : peers)
    EXPECT_EQ(peer, cluster.peers()[0].name);
}

TEST_F(Output, OfFmtComesBackToo) {
  Peers one(1);
  Cluster cluster = connect(one.addresses());
  cluster.async(collecting(), [] { fmt::print("{}+{}\n", 1, 2); }).get();
  EXPECT_EQ(lines, (std::vector<std::string>{"1+2"}));
}

TEST_F(Output, OfAMapIsThatOfEachElementOnceBeforeItsResult) {
  Peers two(2, 2);
  Cluster cluster = connect(two.addresses());
  Options options = collecting();
  options.chunk = 3;
  std::uint64_t done = 0;
  options.progress = [&](const Progress& progress) {
    done = progress.done;
    EXPECT_GE(lines.size(), done) << "a result came before what its element printed";
  };
  cluster.map(
      std::views::iota(0, 500),
      [](int x) {
        std::cout << "element " << x << "\n";
        return x;
      },
      options);
  std::map<std::string, int> seen;
  for (auto& line : lines)
    ++seen[line];
  EXPECT_EQ(lines.size(), 500u);
  for (int x = 0; x < 500; ++x)
    EXPECT_EQ(seen["element " + std::to_string(x)], 1);
}

TEST_F(Output, OfCallsThatRunAtTheSameTimeGoesToTheirOwnCaller) {
  Peers one(1, 2);
  Cluster cluster = connect(one.addresses());
  constexpr int count = 200;
  std::vector<std::vector<std::string>> heard(count);
  std::vector<Future<int>> futures;
  for (int i = 0; i < count; ++i) {
    Options options;
    options.output = [&, i](const OutputLine& line) { heard[i].emplace_back(line.text); };
    futures.push_back(cluster.async(
        std::move(options),
        [](int x) {
          std::printf("call %d\n", x);
          std::printf("call %d again", x);
          return x;
        },
        i));
  }
  for (int i = 0; i < count; ++i) {
    EXPECT_EQ(futures[i].get(), i);
    std::string call = "call " + std::to_string(i);
    EXPECT_EQ(heard[i], (std::vector<std::string>{call, call + " again"}));
  }
}

TEST_F(Output, OfOnAllComesFromEachPeer) {
  Peers two(2);
  Cluster cluster = connect(two.addresses());
  for (auto& result : cluster.onAll(collecting(), [] { std::puts("here"); }))
    result.result.get();
  EXPECT_EQ(lines.size(), 2u);
  EXPECT_NE(peers.at(0), peers.at(1));
}

TEST_F(Output, OfMapUnorderedComesWhileItIsReadAndOfCodeThatThrowsToo) {
  Peers one(1);
  Cluster cluster = connect(one.addresses());
  for (auto& each : cluster.mapUnordered(
           std::vector{1, 2, 3},
           [](int x) {
             std::cout << x << "\n";
             return x;
           },
           collecting()))
    EXPECT_GE(int(lines.size()), each.value);
  EXPECT_EQ(lines, (std::vector<std::string>{"1", "2", "3"}));
  lines.clear();
  auto throws = [] {
    std::cout << "before";
    throw std::runtime_error("it failed");
  };
  EXPECT_THROW(cluster.async(collecting(), throws).get(), std::runtime_error);
  EXPECT_EQ(lines, (std::vector<std::string>{"before"}));
}

TEST_F(Output, OfAWorkerThatDiesIsWholeLinesEvenOfItsLast) {
  Peers one(1);
  Cluster cluster = connect(one.addresses());
  Options options = collecting();
  options.retries = 0;
  auto dies = [] {
    std::printf("whole\n");
    (void)!write(1, "in the middle", 13);
    std::abort();
  };
  EXPECT_THROW(cluster.async(std::move(options), dies).get(), Error);
  EXPECT_EQ(lines, (std::vector<std::string>{"whole", "in the middle"}));
}

TEST_F(Output, OfCodeThatClosesItsDescriptorsIsLostAndThatOfTheNextIsNot) {
  Peers one(1);
  Cluster cluster = connect(one.addresses());
  auto closes = [] {
    close(1);
    close(2);
    std::cout << "nowhere\n";
    return 1;
  };
  auto prints = [] {
    std::cout << "here\n";
    std::cerr << "and here\n";
    return 2;
  };
  EXPECT_EQ(cluster.async(collecting(), closes).get(), 1);
  EXPECT_EQ(lines, std::vector<std::string>());
  EXPECT_EQ(cluster.async(collecting(), prints).get(), 2);
  EXPECT_EQ(lines, (std::vector<std::string>{"here"}));
  EXPECT_EQ(errors, (std::vector<std::string>{"and here"}));
}

TEST_F(Output, MoreThanAnyoneReadsIsDroppedWithACount) {
  Peers one(1);
  Cluster cluster = connect(one.addresses());
  auto call = cluster.async(collecting(), [] {
    for (int i = 0; i < 100'000; ++i)
      std::printf("line %d %s\n", i, "of many that are printed and that nobody reads in time");
    return 1;
  });
  EXPECT_EQ(call.get(), 1);
  std::uint64_t lost = 0;
  for (auto& line : errors) {
    unsigned long long count = 0;
    ASSERT_EQ(std::sscanf(line.c_str(), "%llu lines were printed faster", &count), 1) << line;
    lost += count;
  }
  EXPECT_EQ(lines.size() + lost, 100'000u);
}

TEST_F(Output, OfALongLineComesInPieces) {
  Peers one(1);
  Cluster cluster = connect(one.addresses());
  cluster.async(collecting(), [] { std::cout << std::string(20'000, 'x') << "\n"; }).get();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].size() + lines[1].size() + lines[2].size(), 20'000u);
}

TEST_F(Output, GoesToThePeersOwnAndTheAnnouncementIsItsFirstLine) {
  PeerProcess peer(2);
  Cluster cluster = connect(peer.address());
  for (int i = 0; i < 3; ++i)
    cluster.async([](int x) { std::printf("number %d\n", x); }, i).get();
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(peer.line(), "number " + std::to_string(i));
}

TEST_F(Output, OfAPeerWhoseOwnNobodyReadsHoldsUpNothing) {
  PeerProcess peer(1); // its standard output is a pipe that this test does not read
  Cluster cluster = connect(peer.address());
  auto call = cluster.async([] {
    for (int i = 0; i < 100'000; ++i)
      std::puts("a line that stays in the pipe, and then is dropped");
    return 1;
  });
  EXPECT_EQ(call.get(), 1);
  EXPECT_EQ(cluster.async([] { return 2; }).get(), 2);
  EXPECT_EQ(peer.end(SIGTERM), 0);
}

} // namespace
} // namespace roam::e2e
