// Variables that belong to each peer: one instance, whichever closure, program and chunk asks.
#include "tests/e2e/peers.h"
#include <cerrno>
#include <csignal>
#include <map>
#include <memory>
#include <numeric>
#include <roam/roam.h>
#include <set>
#include <string>
#include <unistd.h>
#include <vector>

namespace roam::e2e {

class PeerLocal : public EndToEnd {
 protected:
  Peers peers_{1, 4};
  Cluster cluster_ = connect(peers_.addresses());
};

[[roam::peer_local]] int counter;
[[roam::peer_local]] inline int from = 40;
struct Shop {
  [[roam::peer_local]] static long sold;
};
long Shop::sold = 1000;

TEST_F(PeerLocal, IsSharedByClosures) {
  EXPECT_EQ(cluster_.async([] { return ++counter; }).get(), 1);
  EXPECT_EQ(cluster_.async([](int by) { return counter += by; }, 10).get(), 11);
  EXPECT_EQ(cluster_.async([] { return ++counter; }).get(), 12);
  EXPECT_EQ(counter, 0); // this program has its own
}

TEST_F(PeerLocal, StartsWithItsInitialValue) {
  EXPECT_EQ(cluster_.async([] { return ++from; }).get(), 41);
  EXPECT_EQ(cluster_.async([] { return from + 1; }).get(), 42);
  EXPECT_EQ(cluster_.async([] { return Shop::sold += 5; }).get(), 1005);
  EXPECT_EQ(cluster_.async([] { return -Shop::sold; }).get(), -1005);
}

TEST_F(PeerLocal, IsOneThoughThePeerHasSeveralWorkers) {
  std::vector<int> ones(2000, 1);
  Options options;
  options.chunk = 10;
  auto counted = cluster_.map(
      ones, [](int one) { return std::pair(counter += one, getpid()); }, options);
  std::set<int> values;
  std::set<pid_t> processes;
  for (auto [value, process] : counted) {
    values.insert(value);
    processes.insert(process);
  }
  EXPECT_EQ(values.size(), ones.size());
  EXPECT_EQ(*values.rbegin(), 2000);
  EXPECT_EQ(processes.size(), 1u);
  EXPECT_EQ(cluster_.async([] { return counter; }).get(), 2000);
}

[[roam::peer_local]] std::map<int, std::string> cache{
    {-1, "built on the peer, in " + std::string("its worker")}};
[[roam::peer_local]] inline const pid_t home = getpid();

TEST_F(PeerLocal, IsInitialisedOnThePeerOnce) {
  auto fill = [](int key) {
    cache.emplace(key, std::to_string(key));
    return cache.size();
  };
  std::vector<int> keys(100);
  std::iota(keys.begin(), keys.end(), 0);
  cluster_.map(keys, fill);
  EXPECT_EQ(cluster_.async([] { return cache.at(-1) + cache.at(99); }).get(),
            "built on the peer, in its worker99");
  EXPECT_TRUE(cluster_.async([] { return home == getpid(); }).get());
}

inline std::vector<std::string>& lines() {
  [[roam::peer_local]] static std::vector<std::string> all{"first"};
  return all;
}
int next() {
  [[roam::peer_local]] static int last = 6;
  return ++last;
}

TEST_F(PeerLocal, MayBeAStaticVariableOfAFunction) {
  EXPECT_EQ(cluster_
                .async([] {
                  lines().push_back("second");
                  return lines().size();
                })
                .get(),
            2u);
  EXPECT_EQ(cluster_.async([] { return lines().back() + lines().front(); }).get(), "secondfirst");
  EXPECT_EQ(cluster_.async([] { return next(); }).get(), 7);
  EXPECT_EQ(cluster_.async([](int x) { return next() * x; }, 2).get(), 16);
}

struct Shape {
  virtual ~Shape() = default;
  virtual int corners() const = 0;
};
struct Square : Shape {
  int corners() const override { return 4; }
};
[[roam::peer_local]] std::unique_ptr<Shape> shape;

TEST_F(PeerLocal, HoldsObjectsOfClassesThatAClosureBrought) {
  cluster_.async([] { shape = std::make_unique<Square>(); }).get();
  EXPECT_EQ(cluster_.async([] { return shape->corners(); }).get(), 4);
}

[[roam::peer_local]] int attempts;
int patient() {
  if (++attempts < 2 && program_invocation_short_name == std::string("roam-worker"))
    throw std::runtime_error("not yet");
  return 5;
}
[[roam::peer_local]] int patience = patient();

TEST_F(PeerLocal, WhoseInitialiserThrowsIsTriedAgainByTheNextClosure) {
  try {
    cluster_.async([] { return patience; }).get();
    FAIL() << "it ran";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("threw std::runtime_error: not yet"),
              std::string::npos)
        << error.what();
  }
  EXPECT_EQ(cluster_.async([] { return patience + 1; }).get(), 6);
  EXPECT_EQ(cluster_.async([] { return attempts; }).get(), 2);
}

TEST_F(PeerLocal, OutlivesTheProgram) {
  std::string join = "ROAM_JOIN=" + peers_.addresses();
  for (const char* visits : {"1\n", "2\n"})
    EXPECT_EQ(run({builtProgram("roam-e2e-program"), "visit"}, {join}).output, visits);
  EXPECT_EQ(run({builtProgram("roam-e2e-program-elsewhere"), "visit twice"}, {join}).output, "4\n");
}

TEST_F(PeerLocal, StartsAnewWhenItsWorkerDies) {
  EXPECT_EQ(cluster_.async([] { return ++counter; }).get(), 1);
  EXPECT_THROW(cluster_.async([] { counter = int(raise(SIGKILL)); }).get(), std::exception);
  EXPECT_EQ(cluster_.async([] { return ++counter; }).get(), 1);
}

} // namespace roam::e2e
