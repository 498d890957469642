// Where to look for peers, as people write it.
#include "net/discovery.h"
#include "net/join-place.h"
#include "tests/net/peers.h"

using namespace roam;
using net::JoinPlace;

namespace {

std::vector<JoinPlace> placesOf(std::string where, std::string multicast = "") {
  return net::joinPlaces({.where = {std::move(where)}, .multicast = std::move(multicast)});
}

/// Why it is refused, or "".
std::string refusalOf(std::string where, std::string multicast = "", std::string cluster = "") {
  net::JoinOptions options{.where = {where}, .cluster = cluster, .multicast = multicast};
  auto failed = kj::runCatchingExceptions([&] {
    net::joinPlaces(options);
    net::clusterOf(options);
  });
  KJ_IF_MAYBE (failure, failed)
    return failure->getDescription().cStr();
  return "";
}

} // namespace

TEST(JoinPlace, EveryKindIsUnderstood) {
  auto places = placesOf("localhost:1, unix:/run/a b,dir:/srv/peers,multicast,multicast:239.1.2.3,"
                         "multicast:239.1.2.4:5,dns:peers.example.org:99,dns:peers");
  using Kind = JoinPlace::Kind;
  std::vector<JoinPlace> expected{{Kind::address, "127.0.0.1:1", 0, "localhost:1"},
                                  {Kind::address, "unix:/run/a b", 0, "unix:/run/a b"},
                                  {Kind::folder, "/srv/peers", 0, "dir:/srv/peers"},
                                  {Kind::multicast, "239.255.77.77", 7077, "multicast"},
                                  {Kind::multicast, "239.1.2.3", 7077, "multicast:239.1.2.3"},
                                  {Kind::multicast, "239.1.2.4", 5, "multicast:239.1.2.4:5"},
                                  {Kind::name, "peers.example.org", 99, "dns:peers.example.org:99"},
                                  {Kind::name, "peers", 7070, "dns:peers"}};
  EXPECT_EQ(places, expected);
}

TEST(JoinPlace, ACommandGoesToTheEndOfItsText) {
  auto places = placesOf(" 127.0.0.1:1, exec:aws ec2 --query a,b | tr , '\\n' ");
  ASSERT_EQ(places.size(), 2u);
  EXPECT_EQ(places[1].kind, JoinPlace::Kind::command);
  EXPECT_EQ(places[1].text, "aws ec2 --query a,b | tr , '\\n'");
}

TEST(JoinPlace, AListOfPlacesIsReadAsItWasMade) {
  using Places = std::vector<std::string>;
  for (const Places& places : {Places{}, Places{"dir:/a"}, Places{"exec:a,b"},
                               Places{"127.0.0.1:1", "dir:/a", "exec:a,b"}})
    EXPECT_EQ(net::splitPlaces(net::joinedPlaces(places)), places);
  EXPECT_EQ(net::splitPlaces(net::joinedPlaces({"exec:a", "dir:/b", "exec:c,d"})),
            (Places{"dir:/b", "exec:a\nc,d"}));
}

TEST(JoinPlace, APlaceThatIsNamedTwiceIsOne) {
  auto places = net::joinPlaces({.where = {"127.0.0.1:1,dir:/a", "dir:/a", ",, "}});
  EXPECT_EQ(places.size(), 2u);
}

TEST(JoinPlace, TheChosenGroupIsThatOfMulticast) {
  auto places = placesOf("multicast", "239.9.9.9:9");
  ASSERT_EQ(places.size(), 1u);
  EXPECT_EQ(places[0].text, "239.9.9.9");
  EXPECT_EQ(places[0].port, 9);
  EXPECT_EQ(placesOf("multicast:239.9.9.9:9", "239.9.9.9:9").size(), 1u);
}

TEST(JoinPlace, WhatIsWrongIsRefusedInWords) {
  struct Case {
    const char *where, *words;
  };
  for (auto [where, words] :
       {Case{"dir:", "write dir:/path/to/folder"}, Case{"exec: ", "write exec:COMMAND"},
        Case{"multicast:10.0.0.1", "no multicast group"},
        Case{"multicast:239.1.1.1:0", "no multicast group"},
        Case{"multicast:", "no multicast group"}, Case{"dns:", "write dns:NAME:PORT"},
        Case{"dns:a:b", "write dns:NAME:PORT"}, Case{"dns:a:0", "write dns:NAME:PORT"},
        Case{"multicats", "no address of a peer"}, Case{"10.0.0.5:7070", "not an address of this"}})
    EXPECT_TRUE(test::contains(refusalOf(where).c_str(), words)) << where;
  EXPECT_EQ(refusalOf("127.0.0.1:1"), "");
}

TEST(JoinPlace, TwoGroupsWhereOneIsMeantAreRefused) {
  EXPECT_TRUE(test::contains(refusalOf("multicast:239.1.1.1", "239.1.1.2").c_str(),
                             "leave one of them out"));
}

TEST(JoinPlace, AGroupIsCheckedAlsoIfNoPlaceUsesIt) {
  EXPECT_TRUE(test::contains(refusalOf("127.0.0.1:1", "here").c_str(), "no multicast group"));
}

TEST(JoinPlace, NamesOfClustersAreShortAndPlain) {
  EXPECT_EQ(refusalOf("", "", "prices-2.eu_WEST"), "");
  EXPECT_TRUE(test::contains(refusalOf("", "", "a b").c_str(), "no name of a cluster"));
  EXPECT_TRUE(
      test::contains(refusalOf("", "", std::string(65, 'a')).c_str(), "no name of a cluster"));
  EXPECT_EQ(net::clusterOf({}), "default");
}
