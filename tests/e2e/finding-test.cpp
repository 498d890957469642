// Clusters that are found: by a folder, by multicast, by the DNS and by a command.
#include "tests/e2e/peers.h"
#include <algorithm>
#include <arpa/inet.h>
#include <csignal>
#include <filesystem>
#include <list>
#include <random>
#include <sys/socket.h>
#include <unistd.h>

namespace roam::e2e {
namespace {

using Words = std::vector<std::string>;

class Finding : public EndToEnd {
 protected:
  /// Starts a peer that is told where the others are.
  PeerProcess& start(const std::string& where, Words more = {}) {
    more.insert(more.end(), {"--join", where});
    return peers.emplace_back(1, more);
  }
  /// Of those that answer.
  static Words found(const std::string& where, const Words& more = {}) {
    Words words{builtProgram("roam"), "status", "--plain", "--join", where};
    words.insert(words.end(), more.begin(), more.end());
    std::string output = run(words).output;
    Words addresses;
    for (std::size_t from = 0; from < output.size(); from = output.find('\n', from) + 1)
      addresses.push_back(output.substr(from, output.find('\t', from) - from));
    std::sort(addresses.begin(), addresses.end());
    return addresses;
  }
  Words addresses() const {
    Words all;
    for (auto& peer : peers)
      all.push_back(peer.address());
    std::sort(all.begin(), all.end());
    return all;
  }
  /// A program joins there and sends lambdas.
  static void isUsedFrom(const std::string& where) {
    Ended ended = run({builtProgram("roam-e2e-program"), "sum"}, {"ROAM_JOIN=" + where});
    EXPECT_EQ(ended.status, 0) << ended.errors;
  }

  TemporaryFolder folder;
  std::list<PeerProcess> peers;
};

/// A multicast group that no other test uses.
std::string freeGroup() {
  int probe = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in any = {};
  any.sin_family = AF_INET;
  socklen_t size = sizeof any;
  bind(probe, reinterpret_cast<sockaddr*>(&any), sizeof any);
  getsockname(probe, reinterpret_cast<sockaddr*>(&any), &size);
  close(probe);
  std::random_device random;
  return "multicast:239.255." + std::to_string(random() % 256) + "." +
         std::to_string(random() % 256) + ":" + std::to_string(ntohs(any.sin_port));
}

} // namespace

TEST_F(Finding, PeersOfAFolder) {
  std::string where = "dir:" + folder.path();
  for (int i = 0; i < 3; ++i)
    start(where);
  await("all are found", [&] { return found(where) == addresses(); });
  isUsedFrom(where);
  for (auto& peer : peers)
    EXPECT_TRUE(std::filesystem::exists(folder.path() + "/" + peer.address()));
}

TEST_F(Finding, APeerThatLeavesTakesItsFileAlong) {
  std::string where = "dir:" + folder.path();
  std::string file = folder.path() + "/" + start(where).address();
  await("its file is there", [&] { return std::filesystem::exists(file); });
  EXPECT_EQ(peers.front().end(SIGTERM), 0);
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(Finding, TheFileOfAPeerThatWasKilledIsRemovedByWhoFindsIt) {
  std::string where = "dir:" + folder.path();
  std::string file = folder.path() + "/" + start(where).address();
  await("its file is there", [&] { return std::filesystem::exists(file); });
  peers.front().end(SIGKILL);
  peers.clear();
  EXPECT_TRUE(std::filesystem::exists(file));
  EXPECT_EQ(found(where), Words{});
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(Finding, APeerThatDoesNotRegisterLeavesNoFile) {
  std::string where = "dir:" + folder.path();
  start(where, {"--no-register"});
  start(where);
  await("the other is found", [&] { return found(where) == Words{peers.back().address()}; });
}

TEST_F(Finding, ClustersOfOneFolderAreKeptApart) {
  std::string where = "dir:" + folder.path();
  start(where, {"--cluster", "prices"});
  start(where, {"--cluster", "weather"});
  await("each is found by its name", [&] {
    return found(where, {"--cluster", "prices"}) == Words{peers.front().address()} &&
           found(where, {"--cluster", "weather"}) == Words{peers.back().address()};
  });
  EXPECT_EQ(found(where), Words{});
}

TEST_F(Finding, PeersByMulticast) {
  std::string where = freeGroup();
  for (int i = 0; i < 3; ++i)
    start(where);
  await("all are found", [&] { return found(where) == addresses(); });
  isUsedFrom(where);
}

TEST_F(Finding, PeersThatACommandPrints) {
  start("exec:true", {});
  std::string where = "exec:echo " + peers.front().address();
  EXPECT_EQ(found(where), addresses());
  isUsedFrom(where);
}

TEST_F(Finding, PeersOfAName) {
  PeerProcess peer(1);
  std::string port = peer.address().substr(peer.address().rfind(':') + 1);
  Words all = found("dns:localhost:" + port);
  EXPECT_EQ(std::count(all.begin(), all.end(), peer.address()), 1);
  isUsedFrom("dns:localhost:" + port);
}

} // namespace roam::e2e
