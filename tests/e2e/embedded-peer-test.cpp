// A program with a peer inside: its own linked closures run in it, others in worker processes.
#include "tests/e2e/gate.h"
#include "tests/e2e/linked/closures.h"
#include "tests/e2e/linked/unlinked.h"
#include "tests/e2e/peers.h"
#include <algorithm>
#include <csignal>
#include <future>
#include <memory>
#include <numeric>
#include <roam/live.h>
#include <roam/peer.h>
#include <sys/wait.h>
#include <unistd.h>

namespace roam::e2e {
namespace {

using namespace std::chrono_literals;

class EmbeddedPeer : public EndToEnd {
 protected:
  static PeerOptions twoWorkers() {
    PeerOptions options;
    options.workers = 2;
    return options;
  }
  static Cluster clusterOf(const Peer& peer) { return connect(peer.addresses().front()); }
};

const auto ownProcess = [] { return int(getpid()); };

TEST_F(EmbeddedPeer, RunsInItsProgramWhatIsLinkedThere) {
  Peer peer(twoWorkers());
  Cluster cluster = clusterOf(peer);
  EXPECT_EQ(cluster.async(ownProcess).get(), getpid());
  EXPECT_EQ(cluster.async([](int pieces) { return feeFor(pieces); }, 3).get(), feeFor(3))
      << "code of another file";
  std::string first = "element ";
  std::vector<int> numbers(1000);
  std::iota(numbers.begin(), numbers.end(), 0);
  auto named = cluster.map(numbers, [first](int n) { return first + std::to_string(n); });
  ASSERT_EQ(named.size(), 1000u);
  EXPECT_EQ(named[999], "element 999");
}

TEST_F(EmbeddedPeer, RunsInWorkersWhatIsNot) {
  Peer peer(twoWorkers());
  Cluster cluster = clusterOf(peer);
  int process = processOfUnlinked(cluster);
  EXPECT_NE(process, getpid());
  std::vector<pid_t> children = childrenOf(getpid());
  EXPECT_NE(std::find(children.begin(), children.end(), process), children.end());
}

TEST_F(EmbeddedPeer, CountsWhatIsLinked) {
  Peer peer(twoWorkers());
  Cluster cluster = clusterOf(peer);
  cluster.async(ownProcess).get();
  cluster.async(ownProcess).get();
  Counters counters = countersOf(peer.addresses().front());
  EXPECT_EQ(counters.linked, 1u);
  EXPECT_EQ(counters.elementsDone, 2u);
  EXPECT_EQ(counters.slicesReceived, 0u);
  EXPECT_EQ(counters.compiled, 0u);
}

TEST_F(EmbeddedPeer, WhatLinkedCodeThrowsKeepsItsType) {
  Peer peer(twoWorkers());
  Cluster cluster = clusterOf(peer);
  auto risky = [](int x) { return x > 0 ? throw std::out_of_range("too many") : x; };
  try {
    cluster.map(std::vector<int>{0, 0, 7}, risky);
    FAIL() << "nothing was thrown";
  } catch (const std::out_of_range& error) {
    EXPECT_NE(std::string(error.what()).find("too many"), std::string::npos) << error.what();
  }
  EXPECT_EQ(cluster.async(risky, 0).get(), 0) << "the program goes on";
}

TEST_F(EmbeddedPeer, ACallThatIsDroppedRunsToItsEnd) {
  Peer peer(twoWorkers());
  Cluster cluster = clusterOf(peer);
  Gate gate;
  std::string text(100'000, 'x');
  {
    auto dropped = cluster.async(
        [at = gate.entrance()](const std::string& given) {
          at.wait();
          return given;
        },
        text);
    EXPECT_EQ(cluster.async(ownProcess).get(), getpid());
  }
  gate.open();
  EXPECT_EQ(cluster.async(ownProcess).get(), getpid());
}

TEST_F(EmbeddedPeer, JoinsAClusterAndLeavesItWhenDestroyed) {
  PeerProcess first(1, {"--cluster", "embedded"});
  Cluster cluster = connect(first.address());
  cluster.publish("pricing.fee", [](int pieces) { return feeFor(pieces); });
  PeerWatch watch = cluster.watchPeers();
  auto awaitChange = [&](PeerChange change) {
    while (auto event = watch.next(20s))
      if (event->peer.name == "inner" && event->change == change)
        return true;
    return false;
  };
  {
    PeerOptions options = twoWorkers();
    options.join = first.address();
    options.cluster = "embedded";
    options.name = "inner";
    Peer peer(options);
    EXPECT_TRUE(awaitChange(PeerChange::joined));
    Cluster direct = clusterOf(peer);
    EXPECT_EQ(direct.live<int(int)>("pricing.fee").async(3).get(), feeFor(3));
  }
  EXPECT_TRUE(awaitChange(PeerChange::left));
  EXPECT_TRUE(childrenOf(getpid()).size() <= 1) << "only the other peer is left";
}

class LinkedName : public EndToEnd {};

TEST_F(LinkedName, IsCalledInThisProcessByASingleCall) {
  PeerProcess peer(1);
  Cluster cluster = connect(peer.address());
  int more = 1;
  cluster.publish("where", [more](int given) { return int(getpid()) + more + given; });
  auto where = cluster.live<int(int)>("where");
  EXPECT_EQ(where(2), getpid() + 3);
  EXPECT_NE(where.async(2).get(), getpid() + 3);
  EXPECT_NE(cluster.map(std::vector<int>{2}, where).at(0), getpid() + 3);
  EXPECT_EQ(cluster.names().live<int(int)>("where")(2), getpid() + 3) << "pinned, too";
}

TEST_F(LinkedName, BoundToOtherCodeIsCalledOnAPeer) {
  PeerProcess peer(1);
  Cluster cluster = connect(peer.address());
  cluster.publish("where", ownProcess);
  auto where = cluster.live<int()>("where");
  EXPECT_EQ(where(), getpid());
  publishUnlinked(cluster, "where");
  int process = where();
  EXPECT_NE(process, getpid());
  EXPECT_FALSE(isGone(process));
}

TEST_F(LinkedName, ThrowsHereAsItWouldFromAPeer) {
  PeerProcess peer(1);
  Cluster cluster = connect(peer.address());
  struct Odd {};
  cluster.publish("risky", [](int x) -> int {
    if (x < 0)
      throw Odd();
    return std::vector<int>{1, 2}.at(x);
  });
  auto risky = cluster.live<int(int)>("risky");
  EXPECT_EQ(risky(1), 2);
  EXPECT_THROW(risky(7), std::out_of_range);
  try {
    risky(-1);
    FAIL() << "nothing was thrown";
  } catch (const RemoteError& error) {
    EXPECT_NE(error.typeName().find("Odd"), std::string::npos) << error.typeName();
    EXPECT_NE(error.peer().find(std::to_string(getpid())), std::string::npos) << error.peer();
  }
}

TEST_F(EmbeddedPeer, LeavesWhenItIsAskedTo) {
  Peer peer(twoWorkers());
  EXPECT_FALSE(peer.waitUntilLeft(0s));
  Ended drained = run({builtProgram("roam"), "drain", peer.addresses().front()});
  EXPECT_EQ(drained.status, 0) << drained.errors;
  EXPECT_TRUE(peer.waitUntilLeft(20s));
}

/// What `roam status` says of the chunks that wait or run at the peer.
std::string openAt(const Peer& peer) {
  std::string line =
      run({builtProgram("roam"), "status", "--plain", "--join", peer.addresses().front()}).output;
  auto end = line.rfind('\t');
  auto begin = line.rfind('\t', end - 1) + 1;
  return line.substr(begin, end - begin);
}

TEST_F(EmbeddedPeer, HandsBackWhatWaitsWhenItLeaves) {
  PeerOptions options;
  options.workers = 1;
  Peer peer(options);
  PeerProcess other(1);
  Cluster cluster = connect(peer.addresses().front() + "," + other.address());
  Gate gate;
  auto leaving = std::async(std::launch::async, [&] {
    await("chunks run and wait", [&] { return openAt(peer) == "2"; });
    Ended drained = run({builtProgram("roam"), "drain", "--no-wait", peer.addresses().front()});
    gate.open();
    return drained;
  });
  Options each;
  each.chunk = 1;
  each.retries = 0;
  std::vector<int> processes = cluster.map(
      std::vector<int>(20),
      [at = gate.entrance()](int) {
        at.wait();
        return int(getpid());
      },
      each);
  EXPECT_EQ(leaving.get().status, 0);
  EXPECT_EQ(std::count(processes.begin(), processes.end(), getpid()), 1) << "the one that ran";
  EXPECT_TRUE(peer.waitUntilLeft(20s));
}

TEST_F(EmbeddedPeer, BelongsToTheProcessThatMadeIt) {
  auto peer = std::make_unique<Peer>(twoWorkers());
  pid_t child = fork();
  if (child == 0) {
    peer.reset();
    _exit(7);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 7 << 8);
  EXPECT_EQ(clusterOf(*peer).async(ownProcess).get(), getpid());
}

TEST_F(EmbeddedPeer, LeavesTheProgramsSignalsAlone) {
  struct sigaction before, after;
  sigaction(SIGPIPE, nullptr, &before);
  {
    Peer peer(twoWorkers());
    EXPECT_EQ(clusterOf(peer).async(ownProcess).get(), getpid());
  }
  sigaction(SIGPIPE, nullptr, &after);
  EXPECT_EQ(before.sa_handler, after.sa_handler);
}

TEST_F(EmbeddedPeer, ThatCannotStartSaysWhy) {
  PeerProcess other(1);
  PeerOptions options = twoWorkers();
  options.listen = {other.address()};
  try {
    Peer peer(options);
    FAIL() << "two listen at " << other.address();
  } catch (const Error& error) {
    std::string said = error.what();
    EXPECT_NE(said.find("can't start a peer in this program: "), std::string::npos) << said;
    EXPECT_NE(said.find("in use"), std::string::npos) << said;
  }
  options = twoWorkers();
  options.join = "dns:";
  EXPECT_THROW(Peer peer(options), ConfigurationError);
}

} // namespace
} // namespace roam::e2e
