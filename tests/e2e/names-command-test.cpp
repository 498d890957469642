// `roam names`, `roam history`, `roam rollback`, and what the store keeps of names.
#include "tests/e2e/gate.h"
#include "tests/e2e/peers.h"
#include <algorithm>
#include <future>
#include <roam/live.h>
#include <roam/roam.h>

namespace roam::e2e {
namespace {

class NamesCommand : public EndToEnd {
 protected:
  Ended roam(std::vector<std::string> words) const {
    words.insert(words.begin(), builtProgram("roam"));
    words.insert(words.end(), {"--join", peer.address()});
    return run(words);
  }
  static std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> all;
    for (std::size_t from = 0; from < text.size(); from = text.find('\n', from) + 1)
      all.push_back(text.substr(from, text.find('\n', from) - from));
    return all;
  }

  PeerProcess peer{1};
  Cluster cluster = connect(peer.address());
};

TEST_F(NamesCommand, ListsNamesTheirHistoryAndRollsBack) {
  cluster.publish("pricing.convert", [](double x) { return x * 2; });
  cluster.publish("pricing.convert", [](double x) { return x * 3; });
  cluster.publish("greet", [](const std::string& who) { return "hello " + who; });

  Ended names = roam({"names"});
  EXPECT_EQ(names.status, 0) << names.errors;
  auto rows = lines(names.output);
  ASSERT_EQ(rows.size(), 3u) << names.output;
  EXPECT_TRUE(rows[0].starts_with("NAME "));
  EXPECT_TRUE(rows[1].starts_with("greet "));
  EXPECT_TRUE(rows[2].ends_with("double (double)")) << rows[2];
  auto plain = lines(roam({"names", "--plain"}).output);
  ASSERT_EQ(plain.size(), 2u);
  EXPECT_TRUE(plain[1].starts_with("pricing.convert\t2\t")) << plain[1];
  EXPECT_EQ(std::ranges::count(plain[1], '\t'), 5);

  Ended back = roam({"rollback", "pricing.convert"});
  EXPECT_EQ(back.status, 0) << back.errors;
  EXPECT_TRUE(back.output.starts_with("pricing.convert is bound as revision 3 to what it was as "
                                      "revision 1: "))
      << back.output;
  auto convert = cluster.live<double(double)>("pricing.convert");
  await("the program has heard of it", [&] { return convert(10) == 20; });
  EXPECT_EQ(roam({"rollback", "pricing.convert", "2"}).status, 0);
  await("the program has heard of it", [&] { return convert(10) == 30; });

  auto history = lines(roam({"history", "pricing.convert", "--plain"}).output);
  ASSERT_EQ(history.size(), 4u);
  EXPECT_TRUE(history[0].starts_with("4\t"));
  EXPECT_TRUE(history[3].starts_with("1\t"));
  EXPECT_NE(roam({"history", "pricing.convert"}).output.find("back to 1"), std::string::npos);
}

TEST_F(NamesCommand, WhatIsNotThereIsNamed) {
  cluster.publish("greet", [] { return 1; });
  for (const char* command : {"history", "rollback"}) {
    Ended unknown = roam({command, "great"});
    EXPECT_EQ(unknown.status, 1);
    EXPECT_NE(unknown.errors.find("great"), std::string::npos) << unknown.errors;
  }
  Ended never = roam({"rollback", "greet", "7"});
  EXPECT_EQ(never.status, 1);
  EXPECT_NE(never.errors.find("7"), std::string::npos) << never.errors;
  EXPECT_EQ(roam({"rollback", "greet"}).status, 1); // there is nothing before
  EXPECT_EQ(cluster.names().list().at(0).revision, 1u);
}

TEST_F(NamesCommand, SixteenRevisionsAreKeptAndTheCodeThatTheyUse) {
  Gate gate;
  cluster.publish("count", [entrance = gate.entrance()](int x) {
    entrance.wait();
    return x + 1000;
  });
  Names before = cluster.names();
  ASSERT_EQ(storeKeys(peer.address(), "code/").size(), 2u); // its size, and one part
  auto running = cluster.live<int(int)>("count").async(1);
  for (int i = 2; i <= 17; ++i)
    cluster.publish("count", [i](int x) { return x + i; });
  EXPECT_EQ(storeKeys(peer.address(), "history/count@").size(), 16u);
  EXPECT_EQ(storeKeys(peer.address(), "code/").size(), 2u); // that of the first is collected
  gate.open();
  EXPECT_EQ(running.get(), 1001);
  EXPECT_EQ(before.live<int(int)>("count")(2), 1002); // who holds the revision can call it
  auto history = lines(roam({"history", "count", "--plain"}).output);
  EXPECT_EQ(history.size(), 16u);
  EXPECT_TRUE(history.back().starts_with("2\t"));
  EXPECT_EQ(roam({"rollback", "count", "1"}).status, 1);
  EXPECT_EQ(roam({"rollback", "count", "2"}).status, 0);
}

} // namespace
} // namespace roam::e2e
