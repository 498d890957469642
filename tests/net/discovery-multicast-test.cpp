// Finding peers by multicast, with strangers in the group.
#include "net/discovery/datagram.h"
#include "net/limits.h"
#include "tests/net/discovery.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <random>
#include <sys/socket.h>
#include <unistd.h>

using namespace roam;
using namespace roam::test;

namespace {

/// A group that no other test uses: a port that the kernel gave, and a number that was drawn.
class Group {
 public:
  Group() {
    std::random_device random;
    group_ = "239.255." + std::to_string(random() % 256) + "." + std::to_string(random() % 256);
    socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in any = {};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof any;
    bind(socket_, reinterpret_cast<sockaddr*>(&any), sizeof any);
    getsockname(socket_, reinterpret_cast<sockaddr*>(&any), &size);
    port_ = ntohs(any.sin_port);
    ip_mreqn loopback = {};
    loopback.imr_address.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(socket_, IPPROTO_IP, IP_MULTICAST_IF, &loopback, sizeof loopback);
  }
  ~Group() { close(socket_); }
  Group(const Group&) = delete;

  std::string place() const { return "multicast:" + group_ + ":" + std::to_string(port_); }
  /// As a stranger does.
  void send(const std::string& bytes) const {
    sockaddr_in to = {};
    to.sin_family = AF_INET;
    to.sin_port = htons(port_);
    inet_pton(AF_INET, group_.c_str(), &to.sin_addr);
    EXPECT_EQ(
        sendto(socket_, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to),
        ssize_t(bytes.size()));
  }

 private:
  std::string group_;
  std::uint16_t port_ = 0;
  int socket_ = -1;
};

class DiscoveryMulticast : public ::testing::Test {
 protected:
  ~DiscoveryMulticast() noexcept override {}
  Looking looking(std::string cluster = "", bool registers = true) {
    return Looking(io, net::JoinOptions{{group.place()}, std::move(cluster), registers, ""});
  }

  Group group;
  kj::AsyncIoContext io = kj::setupAsyncIo();
};

std::string answerOf(std::vector<std::string> addresses, std::uint64_t sender = 7) {
  return net::Datagram{"default", sender, std::move(addresses)}.bytes();
}

} // namespace

TEST_F(DiscoveryMulticast, APeerIsFoundInTheFirstRound) {
  Looking peer = looking();
  auto announced = peer->announce("127.0.0.1:1");
  auto socket = peer->announce("unix:/run/roam.sock");
  await(io, "the peer listens", [&] {
    Looking late = looking();
    late->firstRound().wait(io.waitScope);
    return late.found == std::vector<std::string>{"127.0.0.1:1", "unix:/run/roam.sock"};
  });
}

TEST_F(DiscoveryMulticast, APeerThatComesLaterIsFound) {
  Looking early = looking();
  early->firstRound().wait(io.waitScope);
  EXPECT_TRUE(early.found.empty());
  Looking peer = looking();
  auto announced = peer->announce("127.0.0.1:1");
  await(io, "it is found", [&] { return early.found.size() == 1; });
  peer->firstRound().wait(io.waitScope);
  EXPECT_EQ(peer.times("127.0.0.1:1"), 0u) << "it found itself";
}

TEST_F(DiscoveryMulticast, TheFirstRoundEndsWhereNobodyAnswers) {
  Looking alone = looking();
  alone->firstRound().wait(io.waitScope);
  EXPECT_TRUE(alone.found.empty());
  EXPECT_TRUE(alone.log.all.empty());
}

TEST_F(DiscoveryMulticast, PeersOfOtherClustersAreNotFound) {
  Looking prices = looking("prices"), weather = looking("weather"), sun = looking("weather");
  auto one = prices->announce("127.0.0.1:1");
  auto two = weather->announce("127.0.0.1:2");
  await(io, "one of the cluster is found", [&] { return sun.times("127.0.0.1:2") == 1; });
  EXPECT_EQ(sun.found.size(), 1u);
  EXPECT_TRUE(sun.log.all.empty());
}

TEST_F(DiscoveryMulticast, WhoDoesNotRegisterFindsOthersButIsNotFound) {
  Looking silent = looking("", false), peer = looking(), third = looking();
  auto none = silent->announce("127.0.0.1:1");
  auto announced = peer->announce("127.0.0.1:2");
  await(io, "the others find it", [&] { return silent.found.size() + third.found.size() == 2; });
  Looking late = looking();
  late->firstRound().wait(io.waitScope);
  EXPECT_EQ(late.found, (std::vector<std::string>{"127.0.0.1:2"}));
}

TEST_F(DiscoveryMulticast, WhatIsTakenBackIsAnsweredNoMore) {
  Looking peer = looking();
  auto first = peer->announce("127.0.0.1:1");
  auto second = peer->announce("127.0.0.1:2");
  Looking early = looking();
  await(io, "both are found", [&] { return early.found.size() == 2; });
  first = nullptr;
  Looking late = looking();
  await(io, "the second is found", [&] { return late.times("127.0.0.1:2") == 1; });
  EXPECT_EQ(late.times("127.0.0.1:1"), 0u);
}

TEST_F(DiscoveryMulticast, APeerThatStartedAnewIsFoundAgain) {
  Looking early = looking();
  early->firstRound().wait(io.waitScope);
  group.send(answerOf({"127.0.0.1:1"}, 7));
  group.send(answerOf({"127.0.0.1:1"}, 7));
  group.send(answerOf({"127.0.0.1:1"}, 8));
  await(io, "it is found again", [&] { return early.times("127.0.0.1:1") == 2; });
}

TEST_F(DiscoveryMulticast, WhatStrangersSendIsIgnoredAndToldOnce) {
  Looking peer = looking();
  peer->firstRound().wait(io.waitScope);
  std::string good = answerOf({"127.0.0.1:1"});
  std::string otherVersion = good;
  otherVersion[4] = 2;
  group.send("");
  group.send("M-SEARCH * HTTP/1.1\r\n");
  group.send(otherVersion);
  group.send(good + std::string(limits::datagramBytes, 'x'));
  for (std::size_t size = 0; size < good.size(); ++size)
    group.send(good.substr(0, size));
  group.send(answerOf({"10.0.0.5:7070", "\x1b[2J"}));
  group.send(answerOf({"127.0.0.1:9"}));
  await(io, "the last is found", [&] { return peer.times("127.0.0.1:9") == 1; });
  EXPECT_EQ(peer.lines("ignored"), 1u);
  for (auto& address : peer.found)
    EXPECT_TRUE(address == "127.0.0.1:1" || address == "127.0.0.1:9") << address;
}

TEST_F(DiscoveryMulticast, AFloodHoldsUpNothingElse) {
  Looking peer = looking();
  auto announced = peer->announce("127.0.0.1:1");
  peer->firstRound().wait(io.waitScope);
  for (unsigned i = 0; i < 5 * limits::datagramsPerSecond; ++i)
    group.send("noise");
  io.provider->getTimer().afterDelay(1 * kj::MILLISECONDS).wait(io.waitScope);
  Looking late = looking();
  await(io, "the peer is found", [&] { return late.times("127.0.0.1:1") == 1; });
  EXPECT_LE(peer.lines("ignored"), 1u);
}

TEST_F(DiscoveryMulticast, AddressesBeyondTheLimitAreLeftOut) {
  Looking peer = looking();
  peer->firstRound().wait(io.waitScope);
  const std::size_t inOne = 40;
  for (std::size_t i = 0; i < limits::addressesFound + inOne; i += inOne) {
    std::vector<std::string> addresses;
    for (std::size_t j = 0; j < inOne; ++j)
      addresses.push_back("127.0.0.1:" + std::to_string(1 + i + j));
    group.send(answerOf(addresses));
    io.waitScope.poll();
  }
  await(io, "the limit is reached", [&] { return peer.found.size() == limits::addressesFound; });
  await(io, "that is told", [&] { return peer.lines("too many addresses") == 1; });
  EXPECT_EQ(peer.found.size(), limits::addressesFound);
}

TEST(DiscoveryDatagram, AddressesThatFindNoRoomAreLeftOut) {
  net::Datagram full{"default", 1, std::vector<std::string>(100, "unix:/" + std::string(90, 'a'))};
  std::string bytes = full.bytes();
  EXPECT_LE(bytes.size(), limits::datagramBytes);
  auto read = net::Datagram::parse(bytesOf(bytes));
  ASSERT_TRUE(read && read->addresses);
  EXPECT_GT(read->addresses->size(), 5u);
}

TEST(DiscoveryDatagram, IsReadAsItWasWrittenAndFlippedBytesAreNeverTrusted) {
  net::Datagram answer{"prices", 12345, std::vector<std::string>{"127.0.0.1:1", "unix:/a"}};
  auto read = net::Datagram::parse(bytesOf(answer.bytes()));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->cluster, "prices");
  EXPECT_EQ(read->sender, 12345u);
  EXPECT_EQ(read->addresses, answer.addresses);
  auto query = net::Datagram::parse(bytesOf(net::Datagram{"prices", 1, std::nullopt}.bytes()));
  ASSERT_TRUE(query);
  EXPECT_FALSE(query->addresses);
  std::mt19937 random(7);
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = answer.bytes();
    for (int i = 0; i < 3; ++i)
      bytes[8 + random() % (bytes.size() - 8)] = char(random());
    if (auto damaged = net::Datagram::parse(bytesOf(bytes)); damaged && damaged->addresses)
      EXPECT_LE(damaged->addresses->size(), limits::datagramBytes);
  }
}
