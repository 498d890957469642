// What every store does: entries, conditions, listings.
#include "net/limits.h"
#include "tests/runtime/store/engines.h"
#include <kj/debug.h>
#include <kj/vector.h>

using namespace roam;
using namespace roam::test;

class Stores : public StoreTest {};
INSTANTIATE_TEST_SUITE_P(All, Stores, testing::Values(sqliteEngine, servedEngine, etcdEngine),
                         nameOf);

TEST_P(Stores, GiveBackWhatWasWritten) {
  EXPECT_EQ(valueOf("names/a"), "-");
  const net::Revision first = put("names/a", "one");
  auto found = get(store->get("names/a"));
  auto& entry = KJ_ASSERT_NONNULL(found);
  EXPECT_EQ(entry.key, "names/a");
  EXPECT_EQ(entry.value, "one");
  EXPECT_EQ(entry.modified, first);
  EXPECT_EQ(entry.lease, 0u);
  EXPECT_EQ(put("names/a", "two"), first + 1);
  EXPECT_EQ(valueOf("names/a"), "two");
  EXPECT_EQ(remove("names/a"), first + 2);
  EXPECT_EQ(valueOf("names/a"), "-");
}

TEST_P(Stores, KeepAnyBytes) {
  const std::string key("k\0\xff\n/", 5), value("\0v\xff\x80\r\n", 6);
  put(key, value);
  EXPECT_EQ(valueOf(key), value);
  put("empty", "");
  EXPECT_EQ(valueOf("empty"), "");
  auto listing = get(store->list(std::string("k\0\xff", 3)));
  ASSERT_EQ(listing.entries.size(), 1u);
  EXPECT_EQ(listing.entries[0].key, key);
}

TEST_P(Stores, WriteAllOfACommitOrNothing) {
  const net::Revision before = put("a", "1");
  auto committed = get(store->commit({{"a", before}, {"b", 0}}, {{"a", "2"}, {"b", "2"}}));
  EXPECT_TRUE(committed.done);
  EXPECT_EQ(committed.revision, before + 1) << "one commit makes one revision";
  committed = get(store->commit({{"a", committed.revision}, {"b", 0}}, {{"a", "3"}, {"c", "3"}}));
  EXPECT_FALSE(committed.done);
  EXPECT_EQ(committed.revision, before + 1);
  EXPECT_EQ(valueOf("a") + valueOf("b") + valueOf("c"), "22-");
}

TEST_P(Stores, TakeACommitThatOnlyAsks) {
  const net::Revision before = put("a", "1");
  EXPECT_TRUE(get(store->commit({{"a", before}}, {})).done);
  EXPECT_FALSE(get(store->commit({{"a", before + 1}}, {})).done);
  auto removed = get(store->commit({}, {{"not there", std::nullopt}}));
  EXPECT_TRUE(removed.done);
  EXPECT_EQ(removed.revision, before) << "nothing was written";
  EXPECT_EQ(revision(), before);
}

TEST_P(Stores, ListOnePrefixInOrderOfKeys) {
  for (std::string key : {"names/b", "names/a", "name", "names0", "names/", "other"})
    put(key, "of " + key);
  const net::Revision last = remove("other");
  auto listing = get(store->list("names/"));
  EXPECT_EQ(listing.revision, last);
  std::string keys;
  for (auto& entry : listing.entries) {
    EXPECT_EQ(entry.value, "of " + entry.key);
    keys += entry.key + " ";
  }
  EXPECT_EQ(keys, "names/ names/a names/b ");
  EXPECT_EQ(get(store->list("")).entries.size(), 5u);
}

TEST_P(Stores, HaveOneIdentity) {
  auto identity = get(store->identity());
  EXPECT_EQ(identity.size(), 16u);
  EXPECT_EQ(get(engine->client()->identity()), identity);
}

TEST_P(Stores, RefuseWhatPassesTheirLimits) {
  auto refused = [&](std::vector<net::StoreWrite> writes) {
    return failureOf(store->commit({}, std::move(writes)));
  };
  EXPECT_TRUE(says(refused({{"", "v"}}), "this one is empty"));
  EXPECT_TRUE(says(refused({{std::string(limits::storeKeyBytes + 1, 'k'), "v"}}), "a key of"));
  EXPECT_TRUE(says(refused({{"k", std::string(limits::storeValueBytes + 1, 'v')}}), "'k' has"));
  EXPECT_TRUE(says(refused({{"k", "1"}, {"k", "2"}}), "'k' twice"));
  std::vector<net::StoreWrite> many, large;
  for (std::size_t i = 0; i <= limits::storeWrites; ++i)
    many.push_back({std::to_string(i), "v"});
  for (int i = 0; i < 3; ++i)
    large.push_back({std::to_string(i), std::string(limits::storeValueBytes, 'v')});
  EXPECT_TRUE(says(refused(many), "129 writes"));
  EXPECT_TRUE(says(refused(large), "the values of one commit"));
  EXPECT_EQ(get(store->list("")).entries.size(), 0u);
}

TEST_P(Stores, TakeWhatJustFits) {
  const std::string key(limits::storeKeyBytes, 'k'), value(limits::storeValueBytes, 'v');
  std::vector<net::StoreWrite> writes{{key, value}, {"l", value}};
  std::vector<net::StoreCondition> conditions;
  for (std::size_t i = 0; i < limits::storeWrites; ++i)
    conditions.push_back({std::to_string(i), 0});
  for (std::size_t i = 2; i < limits::storeWrites; ++i)
    writes.push_back({std::to_string(i), ""});
  EXPECT_TRUE(get(store->commit(conditions, writes)).done);
  EXPECT_EQ(valueOf(key), value);
}

TEST_P(Stores, ListMoreThanOneAnswerHolds) {
  const std::string value(limits::storeValueBytes, 'v');
  const int count = int(2 * limits::storeAnswerBytes / limits::storeValueBytes) + 3;
  for (int i = 0; i < count; ++i)
    put("large/" + std::to_string(100 + i), value);
  auto listing = get(store->list("large/"));
  ASSERT_EQ(listing.entries.size(), std::size_t(count));
  for (int i = 0; i < count; ++i)
    EXPECT_EQ(listing.entries[i].key, "large/" + std::to_string(100 + i));
}

TEST_P(Stores, LetOneOfSeveralWritersWin) {
  kj::Vector<kj::Own<net::Store>> writers;
  for (int i = 0; i < 4; ++i)
    writers.add(engine->client());
  for (int round = 0; round < 20; ++round) {
    kj::Vector<kj::Promise<net::Committed>> tries;
    for (int i = 0; i < 4; ++i)
      tries.add(writers[i]->commit({{"round/" + std::to_string(round), 0}},
                                   {{"round/" + std::to_string(round), std::to_string(i)}}));
    int winners = 0;
    std::string winner;
    for (int i = 0; i < 4; ++i)
      if (get(kj::mv(tries[i])).done) {
        ++winners;
        winner = std::to_string(i);
      }
    EXPECT_EQ(winners, 1);
    EXPECT_EQ(valueOf("round/" + std::to_string(round)), winner);
  }
}
