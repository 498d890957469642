// What watches of every store are told.
#include "tests/runtime/store/engines.h"
#include <kj/debug.h>

using namespace roam;
using namespace roam::test;

class Watches : public StoreTest {
 protected:
  /// The changes that came, until one of them is `last`.
  std::vector<net::StoreEvent> until(net::StoreWatch& watch, const std::string& last) {
    std::vector<net::StoreEvent> all;
    while (all.empty() || textOf(all.back()) != last) {
      auto changes = get(watch.next());
      for (auto& event : changes.events)
        all.push_back(event);
      EXPECT_FALSE(changes.events.empty());
      EXPECT_GE(changes.revision, all.back().revision);
    }
    return all;
  }
};
INSTANTIATE_TEST_SUITE_P(All, Watches, testing::Values(sqliteEngine, servedEngine, etcdEngine),
                         nameOf);

TEST_P(Watches, TellOfWhatChangesUnderTheirPrefix) {
  auto watch = store->watch("names/", put("names/a", "0"));
  auto first = watch->next();
  put("other", "x");
  put("names/a", "1");
  EXPECT_EQ(textOf(get(kj::mv(first)).events), "names/a=1");
  put("names/b", "");
  remove("names/a");
  remove("names/b");
  EXPECT_EQ(textOf(until(*watch, "names/b-")), "names/b= | names/a- | names/b-");
}

TEST_P(Watches, BeginAfterTheRevisionThatIsNamed) {
  const net::Revision first = put("a", "1");
  put("a", "2");
  put("b", "3");
  EXPECT_EQ(textOf(until(*store->watch("", first), "b=3")), "a=2 | b=3");
  EXPECT_EQ(textOf(until(*store->watch("", first - 1), "b=3")), "a=1 | a=2 | b=3");
  EXPECT_EQ(textOf(until(*store->watch("b", first), "b=3")), "b=3");
}

TEST_P(Watches, NeverSplitARevision) {
  auto watch = store->watch("k", revision());
  std::string expected;
  for (int i = 0; i < 20; ++i) {
    std::string value = std::to_string(i);
    get(store->commit({}, {{"k1", value}, {"k2", value}, {"other", value}, {"k3", value}}));
    if (i % 7 == 0) { // sometimes behind, sometimes not
      auto changes = get(watch->next());
      ASSERT_EQ(changes.events.size() % 3, 0u);
      EXPECT_EQ(changes.events.back().revision, changes.revision);
    }
  }
  auto rest = until(*watch, "k3=19");
  EXPECT_EQ(rest.size() % 3, 0u);
}

TEST_P(Watches, TellTheSameToAllWhoWatch) {
  auto others = engine->client();
  const net::Revision start = revision();
  auto one = store->watch("k", start), two = others->watch("k", start);
  for (int i = 0; i < 50; ++i)
    put("k" + std::to_string(i % 3), std::to_string(i));
  auto told = textOf(until(*one, "k1=49"));
  EXPECT_EQ(textOf(until(*two, "k1=49")), told);
  EXPECT_EQ(textOf(until(*others->watch("k", start), "k1=49")), told);
}

TEST_P(Watches, EndWhenTheyAreDropped) {
  auto watch = store->watch("a", revision());
  auto waiting = watch->next();
  waiting = nullptr;
  watch = nullptr;
  put("a", "1");
  EXPECT_EQ(valueOf("a"), "1");
}

TEST_P(Watches, SayThatTheirRevisionIsNoLongerKept) {
  const net::Revision first = put("a", "1");
  put("a", "2");
  engine->compact(*store);
  auto failure = failureOf(store->watch("a", first)->next());
  EXPECT_EQ(failure.getType(), kj::Exception::Type::FAILED);
  EXPECT_TRUE(says(failure, net::compactedWords));
  auto listing = get(store->list("a"));
  EXPECT_EQ(listing.entries.at(0).value, "2") << "what is current is kept";
  auto watch = store->watch("a", listing.revision);
  put("a", "3");
  EXPECT_EQ(textOf(until(*watch, "a=3")), "a=3");
}

TEST_P(Watches, OfWhatDoesNotChangeSurviveThatHistoryIsForgotten) {
  auto watch = store->watch("rare", revision());
  put("rare", "1");
  EXPECT_EQ(textOf(get(watch->next()).events), "rare=1");
  auto next = watch->next();
  engine->compact(*store);
  engine->compact(*store);
  put("rare", "2");
  EXPECT_EQ(textOf(get(kj::mv(next)).events), "rare=2");
}

TEST_P(Watches, CatchUpWithMoreThanOneAnswerHolds) {
  const std::string value(500'000, 'v');
  const net::Revision start = revision();
  for (int i = 0; i < 20; ++i)
    put("large/" + std::to_string(i), value);
  auto watch = store->watch("large/", start);
  auto events = until(*watch, "large/19=" + value);
  ASSERT_EQ(events.size(), 20u);
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(events[i].key, "large/" + std::to_string(i));
}
