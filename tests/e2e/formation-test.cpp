// Clusters that come into being: peers that start together, strangers of one name, members that are
// required, and peers that can't run what is bound.
#include "tests/e2e/across/elsewhere.h"
#include "tests/e2e/members.h"
#include <filesystem>
#include <list>

namespace roam::e2e {
namespace {

class Formation : public EndToEnd {
 protected:
  /// All are members of one cluster, with one store.
  static void areOne(const std::string& where, std::size_t count) {
    Cluster cluster = connect(where);
    await("all peers are connected", [&] { return cluster.peers().size() == count; });
    std::uint64_t revision = publishAtLast(cluster, "one", [] { return 1; });
    for (const Member& peer : cluster.peers())
      EXPECT_EQ(connect(peer.address).names().list().at(0).revision, revision) << peer.address;
  }
  /// Starts three at the same moment.
  static void threeAtOnce(const std::string& where, const std::string& cluster) {
    std::list<Process> peers;
    for (int i = 0; i < 3; ++i)
      peers.emplace_back(Words{builtProgram("roam"), "peer", "--listen", "127.0.0.1:0", "--workers",
                               "1", "--lifeline", "0", "--join", where, "--cluster", cluster,
                               "--state", ""});
    std::string addresses;
    for (Process& peer : peers) {
      std::string line = peer.line();
      addresses += (addresses.empty() ? "" : ",") + line.substr(line.rfind(' ') + 1);
    }
    areOne(addresses, 3);
    for (Process& peer : peers)
      peer.signal(SIGKILL); // their files stay in the folder
  }

  TemporaryFolder folder;
};

std::string whatFails(const std::function<void()>& f) {
  try {
    f();
    return "nothing failed";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST_F(Formation, PeersOfAFolderThatStartAtTheSameMomentHaveOneStore) {
  std::filesystem::create_directory(folder.path() + "/peers");
  for (int round = 0; round < 10; ++round) // with the stale files of those before
    threeAtOnce("dir:" + folder.path() + "/peers", "prices");
}

TEST_F(Formation, PeersByMulticastThatStartAtTheSameMomentHaveOneStore) {
  for (int round = 0; round < 10; ++round)
    threeAtOnce("multicast",
                folder.path().substr(folder.path().rfind('-') + 1) + std::to_string(round));
}

TEST_F(Formation, AFolderThatIsRemovedAndComesBackFindsTheSameCluster) {
  const std::string path = folder.path() + "/peers", where = "dir:" + path;
  std::filesystem::create_directory(path);
  MemberProcess first(folder, "first", {"--join", where});
  first.awaitWork();
  std::filesystem::remove_all(path);
  first.awaitWords("dir:" + path);
  std::filesystem::create_directory(path);
  MemberProcess second(folder, "second", {"--join", where});
  second.awaitWork();
  await("the first has written its file again",
        [&] { return std::distance(std::filesystem::directory_iterator(path), {}) == 2; });
}

TEST_F(Formation, TwoClustersOfOneNameAreNotTakenForOne) {
  const Words named{"--cluster", "prices", "--state", ""};
  MemberProcess first(folder, "first", named), second(folder, "second", named);
  first.awaitWork();
  second.awaitWork();
  Cluster cluster = connect(first.address() + "," + second.address());
  std::string words = whatFails([&] { cluster.publish("one", [] { return 1; }); });
  EXPECT_NE(
      words.find(second.address() + " is no member of the same cluster: it has another store"),
      std::string::npos)
      << words;
  EXPECT_TRUE(cluster.names().list().empty());
}

TEST_F(Formation, APeerOfAnotherClusterIsNotJoined) {
  MemberProcess prices(folder, "prices", {"--cluster", "prices", "--state", ""});
  prices.awaitWork();
  MemberProcess weather(folder, "weather",
                        {"--cluster", "weather", "--state", "", "--join", prices.address()});
  weather.awaitWords("it has not found the store of its cluster");
  EXPECT_TRUE(weather.said("prices")) << weather.log();
  EXPECT_TRUE(weather.said("weather")) << weather.log();
}

TEST_F(Formation, AMemberThatIsRequiredIsWaitedFor) {
  MemberProcess first(folder, "first");
  first.awaitWork();
  const std::string address = "unix:" + folder.path() + "/third";
  MemberProcess second(folder, "second", {"--join", first.address(), "--require", address});
  second.awaitWords("the member that it requires is not there: " + address);
  MemberProcess third(folder, "third", {"--join", first.address(), "--require", second.address()});
  third.awaitWork();
  second.awaitWork();
}

TEST_F(Formation, APeerThatCannotRunWhatIsBoundTakesNoWorkAndSaysWhatAndWhy) {
  const char* library = ROAM_E2E_LOADED;
  setenv("LD_LIBRARY_PATH", std::filesystem::path(library).parent_path().c_str(), 1);
  MemberProcess first(folder, "first");
  first.awaitWork();
  unsetenv("LD_LIBRARY_PATH");
  Cluster cluster = connect(first.address());
  EXPECT_EQ(cluster.publish("less", [](int x) { return onlyAtTheOrigin(x); }), 1u);
  EXPECT_EQ(cluster.live<int(int)>("less")(3), 2);

  MemberProcess second(folder, "second", {"--join", first.address()});
  second.awaitWords("takes no work, for it is not level with its cluster: it can't run less: ");
  EXPECT_TRUE(second.said("libroam-e2e-loaded.so")) << second.log();
  EXPECT_EQ(cluster.live<int(int)>("less")(4), 3);
  EXPECT_EQ(publishAtLast(cluster, "less", [](int x) { return x - 1; }), 2u);
  second.awaitWork();
  std::string words =
      whatFails([&] { cluster.publish("less", [](int x) { return onlyAtTheOrigin(x); }); });
  EXPECT_NE(words.find(second.address() + " can't run less: "), std::string::npos) << words;
  EXPECT_EQ(cluster.names().list().at(0).revision, 2u);
}

} // namespace
} // namespace roam::e2e
