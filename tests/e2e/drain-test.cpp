// Peers that leave on purpose: nothing is lost, nothing runs twice, nothing counts as a failure.
#include "tests/e2e/gate.h"
#include "tests/e2e/peers.h"
#include <csignal>
#include <fcntl.h>
#include <future>
#include <ranges>
#include <roam/roam.h>
#include <unistd.h>

namespace roam::e2e {
namespace {

using namespace std::chrono_literals;

class Drain : public EndToEnd {
 protected:
  static Ended drain(const PeerProcess& peer, const std::vector<std::string>& more = {}) {
    std::vector<std::string> words{builtProgram("roam"), "drain", peer.address()};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  /// The last two columns of `roam status`: chunks that wait or run, and whether it leaves.
  static std::string openAndLeaving(const PeerProcess& peer) {
    std::string line =
        run({builtProgram("roam"), "status", "--plain", "--join", peer.address()}).output;
    auto last = line.rfind('\t');
    return line.substr(line.rfind('\t', last - 1) + 1);
  }
};

/// Throws if anybody was here before with the same number.
void enterOnce(const std::string& folder, int number) {
  std::string path = folder + "/" + std::to_string(number);
  int file = open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY, 0600);
  if (file < 0)
    throw std::runtime_error(path + " ran twice");
  close(file);
}

/// Shipped code that tells when it has begun, and waits at a gate.
class Held {
 public:
  auto closure() const {
    return [at = gate_.entrance(), path = folder_.path()] {
      ::close(::open((path + "/begun").c_str(), O_CREAT | O_WRONLY, 0600));
      at.wait();
      return 1;
    };
  }
  void awaitBegin() const {
    await("it runs", [&] { return access((folder_.path() + "/begun").c_str(), F_OK) == 0; });
  }
  void open() const { gate_.open(); }
  const std::string& path() const { return folder_.path(); }

 private:
  Gate gate_;
  TemporaryFolder folder_;
};

TEST_F(Drain, InTheMiddleOfAMapLosesNothingRunsNothingTwiceAndIsNoTry) {
  Peers peers(2, 2);
  Cluster cluster = connect(peers.addresses());
  TemporaryFolder folder;
  Options options;
  options.chunk = 1;
  options.retries = 0;
  options.progress = [&, drained = false](const Progress&) mutable {
    if (!std::exchange(drained, true))
      EXPECT_EQ(drain(peers[0]).status, 0);
  };
  auto squares = cluster.map(
      std::views::iota(0, 200),
      [path = folder.path()](int x) {
        enterOnce(path, x);
        std::this_thread::sleep_for(2ms); // the work
        return x * x;
      },
      options);
  ASSERT_EQ(squares.size(), 200u);
  for (int x = 0; x < 200; ++x)
    EXPECT_EQ(squares[std::size_t(x)], x * x);
  EXPECT_EQ(cluster.peers().size(), 1u);
}

TEST_F(Drain, HandsCallsThatWaitToTheOthersAndFinishesTheOneThatRuns) {
  Peers peers(2);
  Cluster cluster = connect(peers.addresses());
  Held code;
  auto held = std::async(std::launch::async,
                         [&] { return cluster.on(cluster.peers()[0], code.closure()); });
  code.awaitBegin();
  std::vector<Future<int>> futures;
  for (int i = 1; i <= 20; ++i)
    futures.push_back(cluster.async(
        [path = code.path()](int x) {
          enterOnce(path, x);
          return x;
        },
        i));
  Ended ended = drain(peers[0], {"--no-wait"});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_NE(ended.output.find("takes no work any more\n"), std::string::npos) << ended.output;
  EXPECT_EQ(ended.output.find("has left"), std::string::npos) << ended.output;
  for (int i = 1; i <= 20; ++i)
    EXPECT_EQ(futures[std::size_t(i - 1)].get(), i);
  EXPECT_EQ(openAndLeaving(peers[0]), "1\t1\n");
  EXPECT_EQ(openAndLeaving(peers[1]), "0\t0\n");
  code.open();
  EXPECT_EQ(held.get(), 1);
  EXPECT_EQ(peers[0].end(0), 0);
}

TEST_F(Drain, SaysWhatItWaitsForAndWhenThePeerHasLeft) {
  Peers peers(1);
  Cluster cluster = connect(peers.addresses());
  Held code;
  auto held = cluster.async(code.closure());
  code.awaitBegin();
  Process command({builtProgram("roam"), "drain", peers[0].address()});
  const std::string peer = " at " + peers[0].address();
  EXPECT_TRUE(command.line().ends_with(peer + " takes no work any more"));
  EXPECT_TRUE(command.line().ends_with(peer + ": 1 chunks wait or run"));
  code.open();
  held.get();
  EXPECT_TRUE(command.line().ends_with(peer + " has left"));
  EXPECT_EQ(command.end(0), 0);
  EXPECT_EQ(peers[0].end(0), 0);
}

TEST_F(Drain, FindsAPeerByTheNameItGivesItself) {
  Peers peers(2);
  std::string status =
      run({builtProgram("roam"), "status", "--plain", "--join", peers.addresses()}).output;
  std::string line = status.substr(status.find(peers[1].address()));
  auto begin = line.find('\t') + 1;
  std::string name = line.substr(begin, line.find('\t', begin) - begin);
  Ended ended = run({builtProgram("roam"), "drain", name, "--join", peers.addresses()});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(peers[1].end(0), 0);
  EXPECT_EQ(openAndLeaving(peers[0]), "0\t0\n");
}

TEST_F(Drain, OfAPeerThatIsNotThereIsThree) {
  Peers peers(1);
  peers[0].end(SIGKILL);
  Ended ended = drain(peers[0]);
  EXPECT_EQ(ended.status, 3);
  EXPECT_NE(ended.errors.find("no peer answers at " + peers[0].address()), std::string::npos)
      << ended.errors;
}

TEST_F(Drain, OfTheOnlyPeerIsPeerLostThatSaysWhy) {
  Peers peers(1);
  Cluster cluster = connect(peers.addresses());
  Held code;
  auto held = cluster.async(code.closure());
  code.awaitBegin();
  peers[0].signal(SIGTERM);
  await("it leaves", [&] { return openAndLeaving(peers[0]) == "1\t1\n"; });
  try {
    cluster.async([] { return 1; }).get();
    FAIL() << "expected PeerLost";
  } catch (const PeerLost& error) {
    EXPECT_NE(std::string(error.what()).find(peers[0].address() + " takes no work: it leaves"),
              std::string::npos)
        << error.what();
  }
  code.open();
  held.get();
  EXPECT_EQ(peers[0].end(0), 0);
}

TEST_F(Drain, IsOverAtOnceWithASecondSignalAndWhatRanGoesElsewhere) {
  Peers peers(2);
  Cluster cluster = connect(peers.addresses());
  Held code;
  auto first = cluster.async({.idempotent = true}, code.closure());
  code.awaitBegin();
  PeerProcess& busy = openAndLeaving(peers[0]) == "1\t0\n" ? peers[0] : peers[1];
  busy.signal(SIGTERM);
  await("it leaves", [&] { return openAndLeaving(busy) == "1\t1\n"; });
  EXPECT_EQ(busy.end(SIGINT), 0);
  code.open();
  EXPECT_EQ(first.get(), 1);
}

TEST_F(Drain, WaitsOnlyAsLongAsThePeerWasTold) {
  PeerProcess impatient(1, {"--drain-time", "0"}), other(1);
  Cluster cluster = connect(impatient.address() + "," + other.address());
  Held code;
  auto call = cluster.async({.idempotent = true}, code.closure());
  code.awaitBegin();
  ASSERT_EQ(openAndLeaving(impatient), "1\t0\n");
  EXPECT_EQ(impatient.end(SIGTERM), 0);
  code.open();
  EXPECT_EQ(call.get(), 1);
}

} // namespace
} // namespace roam::e2e
