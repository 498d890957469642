// Members of a cluster whose store goes away and comes back, with or without what was in it.
#include "tests/e2e/members.h"
#include "tests/support/etcd-process.h"
#include <atomic>
#include <filesystem>
#include <future>
#include <thread>

namespace roam::e2e {
namespace {

class Membership : public EndToEnd {
 protected:
  TemporaryFolder folder;
};

/// What calling or binding threw, or empty.
template <class F>
std::string errorOf(F f) {
  try {
    f();
    return {};
  } catch (const Error& error) {
    return error.what();
  }
}

/// Calls a name as fast as it can, and checks that no revision comes after a later one.
class Caller {
 public:
  Caller(Cluster& cluster, const std::string& name)
      : cluster_(cluster), name_(name), thread_([this] { run(); }) {}
  ~Caller() { stop(); }
  void stop() {
    stopped_ = true;
    if (thread_.joinable())
      thread_.join();
  }
  unsigned calls() const { return calls_; }
  unsigned last() const { return last_; }
  bool wentBack() const { return wentBack_; }
  /// That it goes on.
  void awaitMore() const {
    unsigned before = calls_;
    await("calls of the name go on", [&] { return calls_ >= before + 5; });
  }

 private:
  void run() {
    auto live = cluster_.live<unsigned()>(name_);
    while (!stopped_)
      try {
        unsigned revision = live();
        wentBack_ = wentBack_ || revision < last_;
        last_ = revision;
        ++calls_;
      } catch (const Error&) {
        std::this_thread::yield(); // nobody takes work now
      }
  }

  Cluster& cluster_;
  const std::string name_;
  std::atomic<bool> stopped_ = false, wentBack_ = false;
  std::atomic<unsigned> calls_ = 0, last_ = 0;
  std::thread thread_;
};

TEST_F(Membership, APeerWhoseClusterIsNotThereTakesNoWorkAndSaysSo) {
  const std::string first = "unix:" + folder.path() + "/first";
  MemberProcess second(folder, "second", {"--join", first});
  second.awaitWords("takes no work, for it is not level with its cluster: it has not found the "
                    "store of its cluster");
  EXPECT_TRUE(second.said(first)) << second.log();
  Cluster cluster = connect(second.address());
  Options options;
  options.deadline = Duration(1);
  try {
    cluster.async(std::move(options), [] { return 1; }).get();
    FAIL() << "a peer that is not level took work";
  } catch (const Timeout& error) {
    EXPECT_NE(std::string(error.what()).find("it has not found the store of its cluster"),
              std::string::npos)
        << error.what();
  }
  MemberProcess late(folder, "first");
  late.awaitWork();
  second.awaitWork();
  EXPECT_TRUE(second.said("level with the cluster, and takes work"));
  EXPECT_EQ(cluster.async([] { return 1; }).get(), 1);
}

TEST_F(Membership, AKilledStoreComesBackWithAllThatWasAcknowledged) {
  const Words durable{"--state", folder.path() + "/state", "--cluster", "prices"};
  MemberProcess first(folder, "first", durable);
  first.awaitWork();
  MemberProcess second(folder, "second", {"--join", first.address(), "--cluster", "prices"});
  second.awaitWork();
  Cluster cluster = connect(first.address() + "," + second.address());
  unsigned acknowledged = 1;
  cluster.publish("count", [] { return 1u; });
  Caller caller(cluster, "count");
  auto publishMore = [&] {
    unsigned next = acknowledged + 1;
    acknowledged = unsigned(publishAtLast(cluster, "count", [next] { return next; }));
  };
  for (int i = 0; i < 5; ++i)
    publishMore();
  caller.awaitMore();
  for (int round = 0; round < 2; ++round) {
    first.kill();
    caller.awaitMore(); // on the second
    first.start();
    first.awaitWork();
    EXPECT_EQ(connect(first.address()).names().list().at(0).revision, acknowledged);
    publishMore();
    publishMore();
    caller.awaitMore();
  }
  caller.stop();
  EXPECT_FALSE(caller.wentBack());
  EXPECT_EQ(cluster.live<unsigned()>("count")(), acknowledged);
}

TEST_F(Membership, PeersTurnWorkAwayWhileTheStoreIsGoneAndAreLevelAgainByThemselves) {
  const Words durable{"--state", folder.path() + "/state", "--cluster", "prices"};
  MemberProcess first(folder, "first", durable);
  first.awaitWork();
  MemberProcess second(folder, "second", {"--join", first.address(), "--cluster", "prices"});
  second.awaitWork();
  Cluster cluster = connect(second.address());
  cluster.publish("one", [] { return 1; });
  EXPECT_EQ(cluster.live<int()>("one")(), 1);
  first.kill();
  second.awaitWords("can't be reached");
  auto waiting = cluster.live<int()>("one").async();
  first.start();
  second.awaitWords("level with the cluster, and takes work");
  EXPECT_EQ(waiting.get(), 1);
  EXPECT_EQ(publishAtLast(cluster, "one", [] { return 11; }), 2u);
  EXPECT_EQ(cluster.live<int()>("one")(), 11);
}

TEST_F(Membership, AStoreThatComesBackEmptyIsJoinedAnew) {
  MemberProcess first(folder, "first");
  first.awaitWork();
  MemberProcess second(folder, "second", {"--join", first.address()});
  second.awaitWork();
  Cluster cluster = connect(second.address());
  for (int i = 1; i <= 3; ++i)
    cluster.publish("one", [i] { return i; });
  cluster.publish("two", [] { return 2; });
  EXPECT_EQ(cluster.live<int()>("one")(), 3);
  first.kill();
  first.start();
  first.awaitWork();
  second.awaitWords("is another store than before");
  second.awaitWords("level with the cluster, and takes work");
  await("the client knows, too",
        [&] { return !errorOf([&] { cluster.live<int()>("two")(); }).empty(); });
  EXPECT_THROW(cluster.live<int()>("two")(), UnknownName);
  EXPECT_EQ(publishAtLast(cluster, "one", [] { return 11; }), 1u);
  EXPECT_EQ(cluster.live<int()>("one")(), 11);
  EXPECT_EQ(cluster.names().list().size(), 1u);
}

TEST_F(Membership, AKeeperThatFindsThoseWhoWaitForItKeepsTheStoreAgain) {
  const std::string where = "dir:" + folder.path() + "/peers";
  std::filesystem::create_directory(folder.path() + "/peers");
  const Words durable{"--join", where, "--state", folder.path() + "/state", "--cluster", "prices"};
  MemberProcess first(folder, "a-first", durable);
  first.awaitWork();
  MemberProcess second(folder, "b-second", durable);
  second.awaitWork();
  Cluster cluster = connect(second.address());
  cluster.publish("one", [] { return 1; });
  first.kill();
  first.start();
  first.awaitWork();
  EXPECT_EQ(publishAtLast(cluster, "one", [] { return 11; }), 2u);
  EXPECT_EQ(cluster.live<int()>("one")(), 11);
}

TEST_F(Membership, APeerThatWasStoppedTakesNoWorkUntilItHasWhatWasBoundMeanwhile) {
  MemberProcess first(folder, "first");
  first.awaitWork();
  MemberProcess second(folder, "second", {"--join", first.address()});
  second.awaitWork();
  Cluster cluster = connect(first.address() + "," + second.address());
  PeerWatch watch = cluster.watchPeers();
  cluster.publish("one", [] { return 1; });
  cluster.async([] { return 1; }).get();
  Member stopped = cluster.peers().at(1);
  ASSERT_EQ(stopped.address, second.address());

  second.signal(SIGSTOP);
  const std::string trace = folder.path() + "/ran";
  auto lost = std::async(std::launch::async, [&] { // it lies in the socket when the peer goes on
    return errorOf(
        [&] { cluster.on(stopped, [trace] { std::fclose(std::fopen(trace.c_str(), "w")); }); });
  });
  awaitEvent(watch, PeerChange::suspected, second.address());
  EXPECT_NE(lost.get(), "");
  awaitEvent(watch, PeerChange::dead, second.address());
  EXPECT_EQ(publishAtLast(cluster, "one", [] { return 11; }), 2u);
  second.signal(SIGCONT);
  awaitEvent(watch, PeerChange::joined, second.address());
  second.awaitWords("takes no work, for it is not level with its cluster");
  second.awaitWords("level with the cluster, and takes work");
  EXPECT_FALSE(std::filesystem::exists(trace)) << "it took work with a lease that had ended";
  first.signal(SIGSTOP); // so that only the second answers
  EXPECT_EQ(cluster.live<int()>("one").async({.idempotent = true}).get(), 11);
  first.signal(SIGCONT);
}

TEST_F(Membership, PeersOfAnEtcdRideOutThatItIsKilledAndThatItIsAway) {
  std::filesystem::create_directory(folder.path() + "/etcd");
  test::EtcdProcess etcd(folder.path() + "/etcd");
  const Words shared{"--store", etcd.where(), "--cluster", "prices"};
  MemberProcess first(folder, "first", shared), second(folder, "second", shared);
  first.awaitWork();
  second.awaitWork();
  Cluster cluster = connect(first.address());
  EXPECT_EQ(publishAtLast(cluster, "count", [] { return 1u; }), 1u);
  await("both are connected", [&] { return cluster.peers().size() == 2; });
  Caller caller(cluster, "count");
  caller.awaitMore();
  etcd.killAndRestart();
  EXPECT_EQ(publishAtLast(cluster, "count", [] { return 2u; }), 2u);
  caller.awaitMore();
  ::kill(etcd.id(), SIGSTOP);
  first.awaitWords("takes no work, for it is not level with its cluster: the store (etcd://");
  second.awaitWords("takes no work, for it is not level with its cluster: the store (etcd://");
  ::kill(etcd.id(), SIGCONT);
  first.awaitWords("level with the cluster, and takes work");
  second.awaitWords("level with the cluster, and takes work");
  EXPECT_EQ(publishAtLast(cluster, "count", [] { return 3u; }), 3u);
  caller.awaitMore();
  caller.stop();
  EXPECT_EQ(caller.last(), 3u);
  EXPECT_FALSE(caller.wentBack());
}

} // namespace
} // namespace roam::e2e
