// The members of a cluster as an origin sees them: whom it dials, and what it tells of them.
#include "runtime/members.h"
#include "tests/runtime/cluster.h"

namespace roam::test {
namespace {

using MembersTest = ClusterTest;

TEST_F(MembersTest, PeersOfAListJoinInItsOrder) {
  auto& one = addPeer();
  auto& two = addPeer();
  join({&two, &one});
  EXPECT_EQ(heard, (std::vector<std::string>{"joined host:1", "joined host:0"}));
  EXPECT_EQ(origin.peers().size(), 2u);
}

TEST_F(MembersTest, MembersOfTheStoreAreDialledNowAndLater) {
  auto& one = addPeer();
  auto& two = addPeer();
  auto& three = addPeer();
  enrol(one);
  enrol(two);
  join({&one});
  await([&] { return wasHeard("joined host:1"); });
  EXPECT_FALSE(wasHeard("joined host:2"));
  enrol(three);
  await([&] { return wasHeard("joined host:2"); });
  EXPECT_EQ(members->all().wait(loop).size(), 3u);
}

TEST_F(MembersTest, AMemberWhoseRecordCannotBeReadIsTold) {
  auto& one = addPeer();
  auto& two = addPeer();
  enrol(one);
  write("members/127.0.0.1:1", "rubbish!");
  join({&one});
  await([&] {
    return members->complaints().find("members/127.0.0.1:1: a record") != std::string::npos;
  });
  write("members/127.0.0.1:2", "rubbish!");
  enrol(two);
  await([&] { return wasHeard("joined host:1"); });
}

TEST_F(MembersTest, WhoTakesLeaveHasLeft) {
  auto& one = addPeer();
  auto& two = addPeer();
  enrol(one);
  enrol(two);
  join({&one});
  await([&] { return wasHeard("joined host:1"); });
  enrol(two, true);
  strike(two);
  await([&] { return wasHeard("left host:1: it took leave"); });
}

TEST_F(MembersTest, WhoseLeaseEndsIsSuspectedWhileItIsConnected) {
  auto& one = addPeer();
  auto& two = addPeer();
  enrol(one);
  enrol(two);
  join({&one, &two});
  EXPECT_EQ(members->all().wait(loop).size(), 2u);
  strike(two);
  await([&] { return wasHeard("suspected host:1: its lease in the cluster's store ended"); });
}

TEST_F(MembersTest, WhoIsLostIsSuspectedAndThenDead) {
  auto& one = addPeer();
  auto& two = addPeer();
  enrol(one);
  enrol(two);
  join({&one, &two});
  EXPECT_EQ(members->all().wait(loop).size(), 2u);
  two.host.listener = nullptr;
  await([&] { return wasHeardToBeSuspected("host:1"); });
  EXPECT_FALSE(wasHeard("dead host:1: its lease ended"));
  strike(two);
  await([&] { return wasHeard("dead host:1: its lease ended"); });
}

TEST_F(MembersTest, APeerThatListensAtSeveralAddressesCountsOnce) {
  auto& one = addPeer();
  auto other = net::listen(io.provider->getNetwork(), "127.0.0.1:0").wait(loop);
  std::string otherAddress = "127.0.0.1:" + std::to_string(other->getPort());
  net::Listener also(kj::mv(other), one.host.host, io.provider->getTimer(), one.host.log);
  one.host.host.setAddress(one.address);
  enrol(one);
  Members::Options options;
  options.places.where = {otherAddress, one.address};
  options.required = {otherAddress};
  start(std::move(options));
  members->joined().wait(loop);
  EXPECT_EQ(members->all().wait(loop).size(), 1u);
  EXPECT_EQ(origin.peers().size(), 1u);
  EXPECT_EQ(heard, std::vector<std::string>{"joined host:0"});
}

TEST_F(MembersTest, APeerThatIsLostIsDialledAgainAtEachOfItsAddresses) {
  auto& one = addPeer();
  auto other = net::listen(io.provider->getNetwork(), "127.0.0.1:0").wait(loop);
  std::string otherAddress = "127.0.0.1:" + std::to_string(other->getPort());
  net::Listener also(kj::mv(other), one.host.host, io.provider->getTimer(), one.host.log);
  one.host.host.setAddress(one.address);
  Members::Options options;
  options.places.where = {otherAddress};
  start(std::move(options));
  members->joined().wait(loop);
  one.host.host.farewell().wait(loop); // closes the connections, and listens still
  await([&] { return std::ranges::count(heard, "joined host:0") == 2; });
  EXPECT_EQ(origin.peers().size(), 1u);
}

TEST_F(MembersTest, WhereNobodyIsTheErrorNamesTheAddress) {
  auto& one = addPeer();
  auto& two = addPeer();
  two.host.listener = nullptr;
  Members::Options options;
  options.places.where = {one.address, two.address};
  start(std::move(options));
  KJ_IF_MAYBE (failure, kj::runCatchingExceptions([&] { members->joined().wait(loop); })) {
    std::string words = failure->getDescription().cStr();
    EXPECT_EQ(failure->getType(), kj::Exception::Type::DISCONNECTED);
    EXPECT_NE(words.find("cannot join the cluster:"), std::string::npos) << words;
    EXPECT_NE(words.find(two.address), std::string::npos) << words;
    EXPECT_EQ(words.find(one.address), std::string::npos) << words;
  } else
    FAIL() << "expected a failure";
}

TEST_F(MembersTest, WhoIsRequiredIsWaitedFor) {
  auto& one = addPeer();
  auto& two = addPeer();
  Members::Options options;
  options.places.where = {one.address};
  options.required = {two.address};
  start(std::move(options));
  members->joined().wait(loop);
  EXPECT_TRUE(wasHeard("joined host:1")) << "though no place names it";
}

} // namespace
} // namespace roam::test
