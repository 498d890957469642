// Where machine code comes from: each place is used before the ones that cost more, and counted.
#include "jit/slice/bundle-file.h"
#include "tests/e2e/gate.h"
#include "tests/e2e/peers.h"
#include <cstdlib>
#include <fstream>
#include <map>
#include <roam/roam.h>

namespace roam::e2e {
namespace {

/// How often code came from each place, without those it never came from.
using Served = std::map<std::string, std::uint64_t>;

Served servedAt(const std::vector<const PeerProcess*>& peers) {
  Served served;
  for (const PeerProcess* peer : peers) {
    Counters counted = peer->counters();
    served["linked"] += counted.linked;
    served["memory"] += counted.memory;
    served["bundle"] += counted.bundled;
    served["disk"] += counted.cacheHits;
    served["peer"] += counted.fromPeers;
    served["shipped"] += counted.shipped;
    served["compiled"] += counted.compiled;
  }
  std::erase_if(served, [](auto& place) { return place.second == 0; });
  return served;
}
Served servedAt(const PeerProcess& peer) {
  return servedAt(std::vector{&peer});
}

/// The call that all tests make.
int answerOf(const PeerProcess& peer) {
  Cluster cluster = connect(peer.address());
  int offset = 2;
  return cluster.async([offset](int x) { return x * 20 + offset; }, 2).get();
}

class Ladder : public EndToEnd {
 protected:
  static void SetUpTestSuite() { folder_ = std::make_unique<TemporaryFolder>(); }
  static void TearDownTestSuite() { folder_ = nullptr; }

  /// The closures of this program with objects for this machine.
  static std::string bundle() {
    std::string path = folder_->path() + "/bundle.roam";
    if (!std::ifstream(path).good()) {
      Ended made =
          run({builtProgram("roam"), "bundle", "-o", path, builtProgram("roam-e2e-ladder")});
      EXPECT_EQ(made.status, 0) << made.errors;
    }
    return path;
  }
  /// The same, but each object has lost a bit.
  static std::string damagedBundle() {
    BundleFile whole(bundle());
    std::vector<std::byte> bytes(whole.bytes().begin(), whole.bytes().end());
    for (const BundleEntry& entry : whole.bundle().entries())
      for (const BundleObject& object : entry.objects)
        bytes[std::size_t(object.written.unchecked.data() - whole.bytes().data()) +
              object.written.unchecked.size() - 1] ^= std::byte{1};
    std::string path = folder_->path() + "/damaged.roam";
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
    return path;
  }

 private:
  static inline std::unique_ptr<TemporaryFolder> folder_;
};

/// Set as long as it lives.
struct Variable {
  Variable(const char* name, const std::string& value) : name(name) {
    setenv(name, value.c_str(), 1);
  }
  ~Variable() { unsetenv(name); }
  const char* name;
};

TEST_F(Ladder, WhatNobodyHasIsCompiledAndThenOnDisk) {
  PeerProcess peer(1);
  EXPECT_EQ(answerOf(peer), 42);
  EXPECT_EQ(servedAt(peer), (Served{{"compiled", 1}}));
  peer.restart();
  EXPECT_EQ(answerOf(peer), 42);
  EXPECT_EQ(servedAt(peer), (Served{{"disk", 1}}));
}

TEST_F(Ladder, ASecondWorkerFindsItInMemory) {
  PeerProcess peer(2);
  Cluster cluster = connect(peer.address());
  Gate gate;
  auto wait = [entrance = gate.entrance()](int x) {
    entrance.wait();
    return x;
  };
  auto first = cluster.async(wait, 1), second = cluster.async(wait, 2);
  await("both workers have the code", [&] { return servedAt(peer).count("memory") == 1; });
  gate.open();
  EXPECT_EQ(first.get() + second.get(), 3);
  EXPECT_EQ(servedAt(peer), (Served{{"compiled", 1}, {"memory", 1}}));
}

TEST_F(Ladder, OnePeerCompilesForAll) {
  Peers peers(4);
  Cluster cluster = connect(peers.addresses());
  int offset = 2;
  for (auto& outcome : cluster.onAll([offset](int x) { return x * 20 + offset; }, 2))
    EXPECT_EQ(outcome.result.get(), 42);
  std::vector<const PeerProcess*> all;
  for (auto& peer : peers)
    all.push_back(&*peer);
  EXPECT_EQ(servedAt(all), (Served{{"compiled", 1}, {"peer", 3}}));
}

TEST_F(Ladder, AnObjectThatComesWithTheSliceIsNotCompiled) {
  PeerProcess peer(1);
  Variable set("ROAM_BUNDLE", bundle());
  EXPECT_EQ(answerOf(peer), 42);
  EXPECT_EQ(servedAt(peer), (Served{{"shipped", 1}}));
  EXPECT_EQ(peer.counters().slicesReceived, 1u);
}

TEST_F(Ladder, ADamagedObjectThatComesWithTheSliceIsNotUsed) {
  PeerProcess peer(1);
  Variable set("ROAM_BUNDLE", damagedBundle());
  EXPECT_EQ(answerOf(peer), 42);
  EXPECT_EQ(servedAt(peer), (Served{{"compiled", 1}}));
}

TEST_F(Ladder, AListOfBundlesWithAFileThatIsNoneIsRefused) {
  PeerProcess peer(1);
  Variable set("ROAM_BUNDLE", bundle() + ":" + builtProgram("roam"));
  EXPECT_THROW(answerOf(peer), ConfigurationError);
}

TEST_F(Ladder, WhatIsBundledNeitherTravelsNorIsCompiled) {
  PeerProcess peer(1, {"--bundle", bundle()});
  EXPECT_EQ(answerOf(peer), 42);
  EXPECT_EQ(servedAt(peer), (Served{{"bundle", 1}}));
  EXPECT_EQ(peer.counters().slicesReceived, 0u);
}

TEST_F(Ladder, ADamagedObjectOfABundleIsNotUsedButItsSliceIs) {
  PeerProcess peer(1, {"--bundle", damagedBundle()});
  EXPECT_EQ(answerOf(peer), 42);
  EXPECT_EQ(servedAt(peer), (Served{{"compiled", 1}}));
  EXPECT_EQ(peer.counters().slicesReceived, 0u);
}

} // namespace
} // namespace roam::e2e
