// Names in a running cluster: what a call of one runs, and what happens when it is bound anew.
#include "tests/e2e/gate.h"
#include "tests/e2e/peers.h"
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <roam/live.h>
#include <roam/roam.h>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace roam::e2e {
namespace {

class Live : public EndToEnd {};

/// Two peers, the second of which joined the first.
struct Pair {
  PeerProcess first{1};
  PeerProcess second{1, {"--join", first.address()}};
};

/// Who has come to the gate: each shipped call leaves a file named by its peer.
struct Visitors {
  std::string folder;

  void come() const {
    std::fclose(std::fopen((folder + "/" + std::to_string(getppid())).c_str(), "w"));
  }
  std::ptrdiff_t count() const {
    return std::distance(std::filesystem::directory_iterator(folder), {});
  }
};

double half(double x) {
  return x / 2;
}

TEST_F(Live, ANameCallsWhatItIsBoundToNow) {
  Pair peers;
  Cluster cluster = connect(peers.first.address());
  double rate = 2;
  EXPECT_EQ(cluster.publish("convert", [=](double x) { return x * rate; }), 1u);
  auto convert = roam::live<double(double)>("convert");
  EXPECT_EQ(convert(21), 42);
  rate = 3;
  EXPECT_EQ(cluster.publish("convert", [=](double x) { return x * rate; }), 2u);
  EXPECT_EQ(convert(21), 63);
  EXPECT_EQ(cluster.publish("convert", &half), 3u);
  EXPECT_EQ(convert(21), 10.5);
}

TEST_F(Live, AProgramThatNeverSawTheCodeCallsItByName) {
  Pair peers;
  {
    Cluster publisher = connect(peers.first.address());
    publisher.publish("greeting", [](const std::string& who, int times) {
      std::string all;
      for (int i = 0; i < times; ++i)
        all += "hello " + who + "; ";
      return all;
    });
  }
  Cluster cluster = connect(peers.second.address());
  auto greeting = cluster.live<std::string(std::string, int)>("greeting");
  EXPECT_EQ(greeting("Ada", 2), "hello Ada; hello Ada; ");
  EXPECT_EQ(greeting.async("Bob", 1).get(), "hello Bob; ");
}

TEST_F(Live, WhatTheCallerExpectsAndWhatIsBoundAreBothNamed) {
  Peers peers(1);
  Cluster cluster = connect(peers.addresses());
  EXPECT_THROW(cluster.live<int(int)>("nothing")(1), UnknownName);
  EXPECT_THROW(cluster.live<int(int)>("no thing"), ConfigurationError);
  cluster.publish("length", [](const std::string& text) { return text.size(); });
  try {
    cluster.live<int(double)>("length")(1);
    FAIL() << "a call with another signature went through";
  } catch (const SignatureMismatch& error) {
    EXPECT_EQ(error.name(), "length");
    EXPECT_EQ(error.asked(), "int (double)");
    EXPECT_EQ(error.bound(), "unsigned long (std::basic_string<char>)");
  }
  EXPECT_EQ(cluster.live<std::size_t(std::string)>("length")("four"), 4u);
}

TEST_F(Live, AMapOfANameKeepsTheRevisionItBeganWith) {
  Pair peers;
  Cluster cluster = connect(peers.first.address());
  Gate gate;
  TemporaryFolder folder;
  Visitors visitors{folder.path()};
  cluster.publish("tenfold", [entrance = gate.entrance(), visitors](int x) {
    visitors.come();
    entrance.wait();
    return 10 * x;
  });
  std::vector<int> numbers(200);
  for (int i = 0; i < 200; ++i)
    numbers[i] = i;
  std::vector<int> results;
  std::thread mapping([&] {
    Options options;
    options.chunk = 1;
    results = cluster.map(numbers, cluster.live<int(int)>("tenfold"), options);
  });
  await("the map has begun", [&] { return visitors.count() > 0; });
  EXPECT_EQ(cluster.publish("tenfold", [](int x) { return -x; }), 2u);
  gate.open();
  EXPECT_EQ(cluster.live<int(int)>("tenfold")(7), -7);
  mapping.join();
  ASSERT_EQ(results.size(), 200u);
  for (int i = 0; i < 200; ++i)
    EXPECT_EQ(results[i], 10 * i);
}

TEST_F(Live, NamesThatArePublishedTogetherAreSeenTogether) {
  Peers peers(1);
  Cluster cluster = connect(peers.addresses());
  for (int i = 1; i <= 5; ++i) {
    cluster.publish(
        "left", [i] { return i; }, "right", [i](int x) { return i * x; });
    Names now = cluster.names();
    EXPECT_EQ(now.live<int()>("left")(), i);
    EXPECT_EQ(now.live<int(int)>("right")(10), 10 * i);
  }
  EXPECT_THROW(cluster.publish(
                   "fine", [] { return 1; }, "not fine", [] { return 2; }),
               ConfigurationError);
  EXPECT_EQ(cluster.names().list().size(), 2u);
}

TEST_F(Live, ANameOfAClusterThatStayedBehindAForkIsAnError) {
  Peers peers(1);
  Cluster cluster = connect(peers.addresses());
  cluster.publish("f", [] { return 1; });
  auto f = cluster.live<int()>("f");
  pid_t child = fork();
  if (child == 0) {
    int code = 1;
    try {
      f();
    } catch (const Error&) {
      code = 7;
    }
    _exit(code);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_EQ(f(), 1);
}

template <int N>
void publishTimes(Cluster& cluster) {
  cluster.publish("times", [](int x) { return x * N; });
}
template <int... N>
void publishTimesOf(Cluster& cluster, std::integer_sequence<int, N...>) {
  (publishTimes<N>(cluster), ...);
}

TEST_F(Live, ARevisionThatTheStoreHasForgottenRunsAsLongAsItIsUsed) {
  PeerProcess first(1);
  Cluster cluster = connect(first.address());
  publishTimes<100>(cluster);
  auto old = cluster.names().live<int(int)>("times");
  publishTimesOf(cluster, std::make_integer_sequence<int, 20>());
  PeerProcess late(1, {"--join", first.address()});
  await("the late peer is a member", [&] { return cluster.peers().size() == 2; });
  Options options;
  options.chunk = 1;
  std::vector<int> results = cluster.map(std::vector<int>(300, 2), old, options);
  EXPECT_EQ(results, std::vector<int>(300, 200));
  await("the late peer ran some", [&] { return late.counters().elementsDone > 0; });
}

TEST_F(Live, NamesOfOneMomentKeepTheirRevisions) {
  Peers peers(1);
  Cluster cluster = connect(peers.addresses());
  cluster.publish("a/one", [] { return 1; });
  cluster.publish("b.two", [] { return 2; });
  Names before = cluster.names();
  cluster.publish("a/one", [] { return 11; });
  EXPECT_EQ(before.live<int()>("a/one")(), 1);
  EXPECT_EQ(cluster.names().live<int()>("a/one")(), 11);
  std::vector<Bound> all = before.list();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].name, "a/one");
  EXPECT_EQ(all[0].revision, 1u);
  EXPECT_EQ(all[0].signature, "int ()");
  EXPECT_EQ(all[0].digest.size(), 64u);
  EXPECT_EQ(all[1].name, "b.two");
  EXPECT_EQ(cluster.names().list()[0].revision, 2u);
}

TEST_F(Live, NothingIsBoundIfOnePeerCannotRunTheCode) {
  Peers peers(2); // which do not know each other
  Cluster cluster = connect(peers.addresses());
  try {
    cluster.publish("f", [] { return 1; });
    FAIL() << "a name was bound though not all peers share a store";
  } catch (const Refused& error) {
    EXPECT_NE(std::string(error.what()).find(peers[1].address()), std::string::npos)
        << error.what();
  }
  EXPECT_TRUE(cluster.names().list().empty());
}

TEST_F(Live, APeerThatJoinsLateHoldsAllNamesReady) {
  PeerProcess first(1);
  Cluster cluster = connect(first.address());
  for (int i = 0; i < 5; ++i)
    cluster.publish("times" + std::to_string(i), [i](int x) { return i * x; });
  cluster.publish("plus", [](int x, int y) { return x + y; });
  PeerProcess late(1, {"--join", first.address()});
  Cluster alone = connect(late.address()); // all members are found from there
  await("both peers are connected", [&] { return alone.peers().size() == 2; });
  EXPECT_GE(late.counters().slices, 2u); // five closures are one code
  for (const Member& peer : alone.peers())
    if (peer.address == late.address()) {
      EXPECT_EQ(alone.on(
                    peer, [](int x) { return x; }, 1),
                1);
    }
  EXPECT_EQ(alone.names().list().size(), 6u);
  first.signal(SIGSTOP); // so that only the late one answers
  EXPECT_EQ(alone.live<int(int, int)>("plus")(2, 3), 5);
  EXPECT_EQ(alone.live<int(int)>("times4")(5), 20);
  first.signal(SIGCONT);
}

TEST_F(Live, APeerWaitsForTheMemberThatItRequires) {
  PeerProcess first(1);
  TemporaryFolder folder;
  std::string required = "unix:" + folder.path() + "/required";
  Process waiting({builtProgram("roam"), "peer", "--listen", "127.0.0.1:0", "--workers", "1",
                   "--cache", "", "--lifeline", "0", "--join", first.address(), "--require",
                   required});
  Cluster cluster = connect(first.address());
  EXPECT_EQ(cluster.peers().size(), 1u);
  Process other({builtProgram("roam"), "peer", "--listen", required, "--workers", "1", "--cache",
                 "", "--lifeline", "0", "--join", first.address()});
  EXPECT_EQ(other.line(), "roam peer listening on " + required);
  EXPECT_TRUE(waiting.line().starts_with("roam peer listening on 127.0.0.1:"));
  await("all three are members", [&] { return cluster.peers().size() == 3; });
}

TEST_F(Live, ARunningMapUsesPeersThatJoinLater) {
  PeerProcess first(1);
  Cluster cluster = connect(first.address());
  Gate gate;
  TemporaryFolder folder;
  Visitors visitors{folder.path()};
  std::vector<int> numbers(500, 1);
  std::vector<std::string> who;
  std::thread mapping([&] {
    Options options;
    options.chunk = 1;
    who = cluster.map(
        numbers,
        [entrance = gate.entrance(), visitors](int) {
          visitors.come();
          entrance.wait();
          return std::to_string(getppid());
        },
        options);
  });
  await("the map has begun", [&] { return visitors.count() == 1; });
  PeerProcess second(1, {"--join", first.address()});
  await("the second peer runs some of the map", [&] { return visitors.count() == 2; });
  gate.open();
  mapping.join();
  EXPECT_EQ(who.size(), 500u);
  EXPECT_NE(std::ranges::find(who, std::to_string(second.id())), who.end());
}

TEST_F(Live, ThePeerThatKeepsTheStoreKeepsItAgainAfterARestart) {
  TemporaryFolder folder;
  auto startPeer = [&](const std::string& name) {
    auto peer = std::make_unique<Process>(std::vector<std::string>{
        builtProgram("roam"), "peer", "--workers", "1", "--listen",
        "unix:" + folder.path() + "/" + name, "--join", "dir:" + folder.path() + "/found",
        "--cluster", "kept", "--state", folder.path(), "--lifeline", "0"});
    EXPECT_TRUE(peer->line().ends_with(name));
    return peer;
  };
  std::filesystem::create_directory(folder.path() + "/found");
  auto keeper = startPeer("keeper");
  auto other = startPeer("other");
  std::string otherAddress = "unix:" + folder.path() + "/other";
  connect(otherAddress).publish("twice", [](int x) { return 2 * x; });
  keeper->end(SIGKILL);
  keeper = startPeer("keeper");
  Cluster cluster = connect(otherAddress);
  await("both peers are connected", [&] { return cluster.peers().size() == 2; });
  EXPECT_EQ(cluster.publish("twice", [](int x) { return x + x; }), 2u);
  EXPECT_EQ(cluster.live<int(int)>("twice")(4), 8);
}

TEST_F(Live, WhatBecomesOfPeersIsWatched) {
  PeerProcess first(1);
  auto second =
      std::make_unique<PeerProcess>(1, std::vector<std::string>{"--join", first.address()});
  Cluster cluster = connect(first.address());
  PeerWatch watch = cluster.watchPeers();
  auto next = [&](PeerChange change, const std::string& address) {
    for (;;) {
      std::optional<PeerEvent> event = watch.next(Duration(20));
      ASSERT_TRUE(event) << "no event came for " << address;
      if (event->change == change && event->peer.address == address)
        return;
    }
  };
  next(PeerChange::joined, second->address());
  std::string address = second->address();
  second->signal(SIGKILL);
  next(PeerChange::suspected, address);
  next(PeerChange::dead, address);
  PeerProcess third(1, {"--join", first.address()});
  next(PeerChange::joined, third.address());
  EXPECT_EQ(third.end(SIGTERM), 0);
  next(PeerChange::left, third.address());
}

} // namespace
} // namespace roam::e2e
