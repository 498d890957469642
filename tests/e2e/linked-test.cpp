// Peers that load a library: its closures are machine code there already, for programs that were
// built separately.
#include "tests/e2e/linked/closures.h"
#include "tests/e2e/peers.h"
#include <cmath>
#include <csignal>

namespace roam::e2e {
namespace {

class Linked : public EndToEnd {};

void expectResults(Cluster& cluster) {
  EXPECT_EQ(multiplied(cluster, {1, 2, 14}), (std::vector<int>{3, 6, 42}));
  EXPECT_EQ(greeted(cluster, {"Alan"}), std::vector<std::string>{"Good morning, Mr Alan Turing"});
  double x = 1 + 0x1p-30;
  volatile double product = x * x; // rounded, as on every peer
  EXPECT_EQ(rounded(cluster, {x}), std::vector<double>{product - 1});
  EXPECT_NE(std::fma(x, x, -1.0), product - 1);
  EXPECT_EQ(charged(cluster, {3}), std::vector<int>{22});
  EXPECT_THROW(thrown(cluster), std::out_of_range);
}

TEST_F(Linked, ClosuresOfTheLibraryAreNeitherReceivedNorCompiled) {
  PeerProcess peer(2, {"--load", ROAM_E2E_LINKED_LIBRARY});
  Cluster cluster = connect(peer.address());
  expectResults(cluster);
  Counters counters = peer.counters();
  EXPECT_EQ(counters.slicesReceived, 0u);
  EXPECT_EQ(counters.compiled, 0u);
  EXPECT_GE(counters.linked, 5u);
}

TEST_F(Linked, CodeThatDiffersInAConstantIsNotUsed) {
  PeerProcess peer(1, {"--load", ROAM_E2E_OTHER_LINKED_LIBRARY});
  Cluster cluster = connect(peer.address());
  EXPECT_EQ(multiplied(cluster, {14}), std::vector<int>{42});
  EXPECT_EQ(peer.counters().slicesReceived, 1u);
  EXPECT_EQ(peer.counters().linked, 0u);
  EXPECT_EQ(charged(cluster, {3}), std::vector<int>{22}) << "the other closures are the same";
  EXPECT_EQ(peer.counters().linked, 1u);
}

TEST_F(Linked, AWorkerThatEndedLoadsTheLibraryAgain) {
  PeerProcess peer(1, {"--load", ROAM_E2E_LINKED_LIBRARY});
  Cluster cluster = connect(peer.address());
  EXPECT_EQ(charged(cluster, {3}), std::vector<int>{22});
  for (pid_t worker : childrenOf(peer.id()))
    kill(worker, SIGKILL);
  EXPECT_EQ(charged(cluster, {4}), std::vector<int>{29});
  EXPECT_EQ(peer.counters().slicesReceived, 0u);
}

std::string saidInstead(const std::string& library) {
  Ended ended =
      run({builtProgram("roam"), "peer", "--workers", "1", "--cache", "", "--load", library});
  EXPECT_EQ(ended.status, 1);
  return ended.errors;
}

TEST_F(Linked, APeerDoesNotStartWithoutItsLibraries) {
  std::string said = saidInstead("/nowhere/libapp.so");
  EXPECT_NE(said.find("can't load a library: /nowhere/libapp.so: cannot open shared object file"),
            std::string::npos)
      << said;
  said = saidInstead(ROAM_E2E_LIBRARY_WITHOUT);
  EXPECT_NE(said.find("holds no linked entries"), std::string::npos) << said;
}

} // namespace
} // namespace roam::e2e
