// Peers and workers that die, stand still, or were never there.
#include "tests/e2e/gate.h"
#include "tests/e2e/peers.h"
#include <algorithm>
#include <arpa/inet.h>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <netinet/in.h>
#include <ranges>
#include <roam/roam.h>
#include <set>
#include <sys/socket.h>
#include <unistd.h>

namespace roam::e2e {
namespace {

using namespace std::chrono_literals;

class Loss : public EndToEnd {
 protected:
  /// Maps 200 slow tasks and calls `disturb` once, when the first results are here. The results
  /// must be all, and right.
  template <class Disturb>
  static void mapWhile(Cluster& cluster, const Disturb& disturb) {
    auto numbers = std::views::iota(0, 200);
    Options options;
    options.progress = [&, disturbed = false](const Progress&) mutable {
      if (!std::exchange(disturbed, true))
        disturb();
    };
    auto squares = cluster.map(
        numbers,
        [](int x) {
          std::this_thread::sleep_for(4ms); // the work
          return x * x;
        },
        options);
    ASSERT_EQ(squares.size(), 200u);
    for (int x : numbers)
      EXPECT_EQ(squares[std::size_t(x)], x * x);
  }
};

template <class E, class F>
std::string wordsOf(const F& f) {
  try {
    f();
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another type: " << typeid(error).name() << ": " << error.what();
    return "";
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// --- of peers ----------------------------------------------------------------------------------

TEST_F(Loss, OfOneOfThreePeersLeavesTheMapComplete) {
  for (std::size_t round = 0; round < 4; ++round) {
    Peers peers(3);
    Cluster cluster = connect(peers.addresses());
    mapWhile(cluster, [&] { peers[round % 3].end(SIGKILL); });
    std::vector<Member> left = cluster.peers();
    ASSERT_EQ(left.size(), 2u);
    for (const Member& peer : left)
      EXPECT_NE(peer.index, round % 3);
    mapWhile(cluster, [] {}); // and the next one is as usual
  }
}

TEST_F(Loss, OfTwoOfThreePeersOneAfterAnotherLeavesTheMapComplete) {
  Peers peers(3);
  Cluster cluster = connect(peers.addresses());
  mapWhile(cluster, [&] { peers[0].end(SIGKILL); });
  mapWhile(cluster, [&] { peers[1].end(SIGTERM); });
  EXPECT_EQ(cluster.peers().size(), 1u);
}

TEST_F(Loss, OfAPeerThatStandsStillIsNoticed) {
  Peers peers(2);
  Cluster cluster = connect(peers.addresses());
  mapWhile(cluster, [&] { peers[0].signal(SIGSTOP); });
  await("it is given up", [&] { return cluster.peers().size() == 1; });
}

TEST_F(Loss, OfAPeerThatGoesOnLaterGivesNoResultTwice) {
  Peers peers(2);
  Cluster cluster = connect(peers.addresses());
  std::vector<int> times(400);
  std::size_t done = 0;
  auto slow = [](int x) {
    std::this_thread::sleep_for(10ms); // the work: it lasts longer than the loss
    return x;
  };
  Options options;
  options.chunk = 1;
  for (auto& [index, value] :
       cluster.mapUnordered(std::views::iota(0, 400), slow, std::move(options))) {
    EXPECT_EQ(++times[index], 1) << index;
    EXPECT_EQ(value, int(index));
    if (++done == 20)
      peers[0].signal(SIGSTOP);
    if (done == 300) {
      EXPECT_EQ(cluster.peers().size(), 1u) << "it was given up";
      peers[0].signal(SIGCONT); // what its worker has done meanwhile is answered now
    }
  }
  EXPECT_EQ(done, 400u);
}

TEST_F(Loss, OfAllPeersIsPeerLostThatNamesThem) {
  Peers peers(2);
  std::string first = peers[0].address(), second = peers[1].address();
  Cluster cluster = connect(peers.addresses());
  std::string words = wordsOf<PeerLost>([&] {
    mapWhile(cluster, [&] {
      peers[0].end(SIGKILL);
      peers[1].end(SIGKILL);
    });
  });
  EXPECT_TRUE(contains(words, first) && contains(words, second)) << words;
  EXPECT_TRUE(cluster.peers().empty());
  words = wordsOf<PeerLost>([&] { cluster.async([] { return 1; }).get(); });
  EXPECT_TRUE(contains(words, first) && contains(words, second)) << words;
}

TEST_F(Loss, DuringAnUnorderedMapGivesEachIndexOnceStill) {
  Peers peers(3);
  Cluster cluster = connect(peers.addresses());
  std::set<std::uint64_t> seen;
  auto slow = [](int x) {
    std::this_thread::sleep_for(2ms); // the work
    return x + 1;
  };
  for (auto& [index, value] : cluster.mapUnordered(std::views::iota(0, 300), slow)) {
    if (seen.size() == 20)
      peers[1].end(SIGKILL);
    EXPECT_TRUE(seen.insert(index).second) << index;
    EXPECT_EQ(value, int(index) + 1);
  }
  EXPECT_EQ(seen.size(), 300u);
  EXPECT_EQ(cluster.peers().size(), 2u);
}

TEST_F(Loss, DoesNotChangeAFloatingPointSum) {
  Peers peers(3);
  Cluster cluster = connect(peers.addresses());
  auto sum = [&](const Options& options) {
    auto slow = [](int x) {
      std::this_thread::sleep_for(200us); // the work
      return 1.0 / (x + 1);
    };
    return cluster.mapReduce(std::views::iota(0, 3000), slow, std::plus<>(), 0.0, options);
  };
  double before = sum({});
  Options options;
  options.progress = [&, killed = false](const Progress&) mutable {
    if (!std::exchange(killed, true))
      peers[2].end(SIGKILL);
  };
  EXPECT_EQ(sum(options), before);
  EXPECT_EQ(sum({}), before);
  EXPECT_EQ(cluster.peers().size(), 2u);
}

TEST_F(Loss, LeavesEveryFutureOfAnIdempotentCallWithItsResult) {
  Peers peers(2);
  Cluster cluster = connect(peers.addresses());
  std::vector<Future<int>> futures;
  for (int i = 0; i < 200; ++i)
    futures.push_back(cluster.async(
        {.idempotent = true},
        [](int x) {
          std::this_thread::sleep_for(1ms); // the work
          return x * 3;
        },
        i));
  futures[0].wait();
  peers[0].end(SIGKILL);
  for (int i = 0; i < 200; ++i)
    EXPECT_EQ(futures[std::size_t(i)].get(), i * 3);
}

TEST_F(Loss, OfThePeerThatRunsASingleCallMovesTheCallIfItIsIdempotent) {
  Peers peers(2);
  Cluster cluster = connect(peers.addresses());
  Gate gate;
  TemporaryFolder folder;
  auto future =
      cluster.async({.idempotent = true}, [entrance = gate.entrance(), path = folder.path()] {
        std::string supervisor = std::to_string(getppid());
        std::fclose(std::fopen((path + "/" + supervisor).c_str(), "w"));
        entrance.wait();
        return supervisor;
      });
  std::filesystem::directory_iterator none, found;
  await("the call has begun", [&] {
    found = std::filesystem::directory_iterator(folder.path());
    return found != none;
  });
  std::size_t runs = found->path().filename() == std::to_string(peers[0].id()) ? 0 : 1;
  std::string other = std::to_string(peers[1 - runs].id());
  peers[runs].end(SIGKILL);
  gate.open();
  EXPECT_EQ(future.get(), other);
}

TEST_F(Loss, OfThePeerThatRunsACallThatIsNotIdempotentIsPeerLostThatSaysItMayHaveRun) {
  Peers peers(2);
  Cluster cluster = connect(peers.addresses());
  Gate gate;
  TemporaryFolder folder;
  auto future = cluster.async([entrance = gate.entrance(), path = folder.path()] {
    std::fclose(std::fopen((path + "/" + std::to_string(getppid())).c_str(), "wx"));
    entrance.wait();
  });
  auto runs = [&] {
    using std::filesystem::directory_iterator;
    return std::distance(directory_iterator(folder.path()), directory_iterator());
  };
  await("the call has begun", [&] { return runs() == 1; });
  const std::string begun = std::filesystem::directory_iterator(folder.path())->path().filename();
  peers[begun == std::to_string(peers[0].id()) ? 0 : 1].end(SIGKILL);
  gate.open();
  try {
    future.get();
    FAIL() << "expected PeerLost";
  } catch (const PeerLost& error) {
    EXPECT_TRUE(error.mayHaveRun());
    EXPECT_TRUE(contains(error.what(), "the call may have run")) << error.what();
  }
  EXPECT_EQ(runs(), 1) << "it was not sent elsewhere";
}

TEST_F(Loss, OfAChosenPeerIsPeerLost) {
  Peers peers(2);
  Cluster cluster = connect(peers.addresses());
  Member chosen = cluster.peers()[0];
  peers[0].end(SIGKILL);
  std::string words = wordsOf<PeerLost>([&] { cluster.on(chosen, [] { return 1; }); });
  EXPECT_TRUE(contains(words, chosen.address)) << words;
}

TEST_F(Loss, OfOnePeerDuringOnAllIsThatPeersResultOnly) {
  Peers peers(2);
  Cluster cluster = connect(peers.addresses());
  auto results = cluster.onAll([doomed = peers[0].id()] {
    if (getppid() == doomed)
      kill(doomed, SIGKILL);
    return 7;
  });
  ASSERT_EQ(results.size(), 2u);
  std::string words = wordsOf<PeerLost>([&] { results[0].result.get(); });
  EXPECT_TRUE(contains(words, results[0].peer.address)) << words;
  EXPECT_EQ(results[1].result.get(), 7);
}

// --- of workers --------------------------------------------------------------------------------

TEST_F(Loss, OfAWorkerDuringAMapLeavesItComplete) {
  Peers peers(2);
  Cluster cluster = connect(peers.addresses());
  mapWhile(cluster, [&] {
    for (pid_t worker : childrenOf(peers[0].id()))
      kill(worker, SIGKILL);
  });
  EXPECT_GE(peers[0].counters().workersLost, 1u); // with the spare, which took its place
  EXPECT_EQ(cluster.peers().size(), 2u) << "the peer itself lives";
}

TEST_F(Loss, ByTheCodeItselfIsWorkerDiedThatSaysHow) {
  Peers peers(2);
  Cluster cluster = connect(peers.addresses());
  std::string words = wordsOf<WorkerDied>([&] { cluster.async([] { std::abort(); }).get(); });
  EXPECT_TRUE(contains(words, "SIGABRT") || contains(words, "signal 6")) << words;
  words = wordsOf<WorkerDied>([&] { cluster.async([] { raise(SIGSEGV); }).get(); });
  EXPECT_TRUE(contains(words, "SIGSEGV") || contains(words, "signal 11")) << words;
  words = wordsOf<WorkerDied>([&] { cluster.async([] { _exit(3); }).get(); });
  EXPECT_TRUE(contains(words, "3")) << words;
  words = wordsOf<WorkerDied>([&] {
    cluster.map(std::views::iota(0, 50), [](int x) {
      if (x == 17)
        std::abort();
      return x;
    });
  });
  EXPECT_TRUE(contains(words, "SIGABRT") || contains(words, "signal 6")) << words;
  EXPECT_EQ(cluster.async([] { return 5; }).get(), 5) << "others are not harmed";
}

TEST_F(Loss, ByTheCodeItselfTellsWhereInTheSource) {
  Peers peers(1);
  Cluster cluster = connect(peers.addresses());
  try {
    cluster.async([] { std::abort(); }).get();
    ADD_FAILURE() << "it came back";
  } catch (const WorkerDied& died) {
    EXPECT_EQ(died.signal(), SIGABRT);
    EXPECT_EQ(died.element(), 0u);
    EXPECT_TRUE(died.mayHaveRun());
    EXPECT_EQ(died.digest().size(), 64u);
    ASSERT_FALSE(died.stack().empty());
    EXPECT_TRUE(contains(died.stack().back(), "the lambda at ")) << died.what();
    EXPECT_TRUE(contains(died.stack().back(), "loss-test.cpp:")) << died.what();
#if !__has_feature(address_sanitizer) // which has handlers of its own
    EXPECT_TRUE(contains(died.what(), "abort in libc.so")) << died.what();
#endif
  }
}

TEST_F(Loss, OnTheFirstTriesOnlyLeavesTheMapComplete) {
  Peers peers(2);
  Cluster cluster = connect(peers.addresses());
  TemporaryFolder folder;
  auto results = cluster.map(std::views::iota(0, 20), [path = folder.path()](int x) {
    if (x == 7 && mkdir((path + "/first").c_str(), 0700) == 0)
      std::abort();
    if (x == 7 && mkdir((path + "/second").c_str(), 0700) == 0)
      std::abort();
    return x;
  });
  EXPECT_EQ(results[7], 7);
  EXPECT_EQ(results.size(), 20u);
}

// --- of peers that never were ------------------------------------------------------------------

/// A port of 127.0.0.1 that nobody else gets; nothing listens on it until listen() is called.
class Port {
 public:
  Port() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name;
    if (bind(socket_, reinterpret_cast<sockaddr*>(&name), size) != 0 ||
        getsockname(socket_, reinterpret_cast<sockaddr*>(&name), &size) != 0)
      throw std::runtime_error("no port");
    address_ = "127.0.0.1:" + std::to_string(ntohs(name.sin_port));
  }
  ~Port() { close(socket_); }
  Port(const Port&) = delete;
  const std::string& address() const { return address_; }
  void listen() const { ::listen(socket_, 10); }

 private:
  int socket_;
  std::string address_;
};

TEST_F(Loss, NobodyAtTheAddressIsPeerLostThatNamesIt) {
  Port port;
  std::string words = wordsOf<PeerLost>([&] { connect(port.address()); });
  EXPECT_TRUE(contains(words, port.address())) << words;
  words = wordsOf<PeerLost>([] { connect("unix:/does/not/exist"); });
  EXPECT_TRUE(contains(words, "/does/not/exist")) << words;
}

TEST_F(Loss, EveryAddressWhereNobodyIsIsNamed) {
  Peers peers(1);
  Port first, second;
  std::string words = wordsOf<PeerLost>(
      [&] { connect(first.address() + "," + peers.addresses() + ", " + second.address()); });
  EXPECT_TRUE(contains(words, first.address()) && contains(words, second.address())) << words;
  EXPECT_FALSE(contains(words, peers.addresses())) << words;
}

TEST_F(Loss, APortThatNeverAnswersIsPeerLost) {
  Port port;
  port.listen(); // the kernel accepts; nobody reads
  std::string words = wordsOf<PeerLost>([&] { connect(port.address()); });
  EXPECT_TRUE(contains(words, port.address())) << words;
}

TEST_F(Loss, AnAddressThatIsNoneIsSaidInWords) {
  for (std::string wrong : {"nonsense", "127.0.0.1", "127.0.0.1:99999", "127.0.0.1:http",
                            "unix:", "10.11.12.13:70", "[::1", "host.example:70"})
    try {
      connect(wrong);
      ADD_FAILURE() << wrong;
    } catch (const Error& error) {
      EXPECT_TRUE(contains(error.what(), wrong)) << error.what();
      EXPECT_FALSE(contains(error.what(), ".c++:"))
          << "no place in a source file: " << error.what();
    }
  for (std::string empty : {"", ",", " , "})
    wordsOf<ConfigurationError>([&] { connect(empty); });
}

} // namespace
} // namespace roam::e2e
