// Which addresses may be written.
#include "net/address.h"
#include "tests/net/peers.h"

using namespace roam;
using namespace roam::test;

namespace {

std::string refusalOf(kj::StringPtr address) {
  KJ_IF_MAYBE (failure, kj::runCatchingExceptions([&] { net::loopbackAddress(address); }))
    return failure->getDescription().cStr();
  return "accepted";
}

} // namespace

TEST(Address, AListIsSplitAtCommasWithoutBlanks) {
  using Addresses = std::vector<std::string>;
  EXPECT_EQ(net::splitAddresses(" 127.0.0.1:1 ,\tunix:/a b\n,,  ,[::1]:2"),
            (Addresses{"127.0.0.1:1", "unix:/a b", "[::1]:2"}));
  EXPECT_EQ(net::splitAddresses("127.0.0.1:1"), (Addresses{"127.0.0.1:1"}));
  EXPECT_EQ(net::splitAddresses(""), Addresses{});
  EXPECT_EQ(net::splitAddresses(" , "), Addresses{});
}

TEST(Address, LoopbackAndUnixSocketsMayBeReached) {
  for (kj::StringPtr good : {"127.0.0.1:7070"_kj, "127.8.9.10:0"_kj, "[::1]:7070"_kj,
                             "unix:/tmp/peer.socket"_kj, "unix:peer"_kj})
    EXPECT_EQ(net::loopbackAddress(good), good);
  EXPECT_EQ(net::loopbackAddress("localhost:81"), "127.0.0.1:81"_kj);
}

TEST(Address, OtherMachinesAreRefusedWithTheReason) {
  for (kj::StringPtr other : {"10.0.0.5:7070"_kj, "0.0.0.0:7070"_kj, "[::]:7070"_kj, "*:7070"_kj,
                              "example.org:7070"_kj, "128.0.0.1:1"_kj, "[fe80::1]:1"_kj,
                              "localhost.example.org:1"_kj, "127.0.0.1.example.org:1"_kj}) {
    EXPECT_TRUE(contains(refusalOf(other).c_str(), "loopback")) << other.cStr();
    EXPECT_TRUE(contains(refusalOf(other).c_str(), other.cStr()));
  }
}

TEST(Address, NonsenseIsRefusedWithAnExample) {
  for (kj::StringPtr nonsense :
       {""_kj, "7070"_kj, ":7070"_kj, "127.0.0.1"_kj, "127.0.0.1:"_kj, "127.0.0.1:x"_kj,
        "127.0.0.1:70000"_kj, "127.0.0.1:-1"_kj, "::1:7070"_kj, "127.0.0.1:1 "_kj})
    EXPECT_TRUE(contains(refusalOf(nonsense).c_str(), "write HOST:PORT")) << nonsense.cStr();
  EXPECT_TRUE(contains(refusalOf("unix:").c_str(), "names no socket"));
  EXPECT_TRUE(
      contains(refusalOf(kj::str("unix:/", std::string(200, 'x').c_str())).c_str(), "at most"));
}
