// Lost connections and killed stores.
#include "net/coroutine.h"
#include "tests/runtime/store/engines.h"
#include <map>

using namespace roam;
using namespace roam::test;

class StoreFaults : public StoreTest {
 protected:
  /// Writes 0, 1, 2... to a key, each once, whatever happens: if it is not known whether a write
  /// was done, it looks. The condition is for a write that arrives late.
  kj::Promise<void> count(net::Store& through, std::string key, int end) {
    net::Revision modified = 0;
    for (int value = 0; value < end;) {
      bool known = true;
      try {
        auto committed = co_await through.commit({{key, modified}}, {{key, std::to_string(value)}});
        known = committed.done;
        modified = committed.revision;
      } catch (const kj::Exception& failure) {
        if (failure.getType() != kj::Exception::Type::DISCONNECTED)
          throw;
        known = false;
      }
      if (!known) {
        auto found = co_await look(through, key);
        modified = found.modified;
        known = found.value == std::to_string(value);
      }
      if (known)
        acknowledged[key] = value++;
    }
  }
  /// Until it can be seen.
  kj::Promise<net::StoreEntry> look(net::Store& through, std::string key) {
    for (;;) {
      try {
        auto found = co_await through.get(key);
        KJ_IF_MAYBE (entry, found)
          co_return *entry;
        co_return net::StoreEntry();
      } catch (const kj::Exception& failure) {
        if (failure.getType() != kj::Exception::Type::DISCONNECTED)
          throw;
      }
    }
  }

  /// All events until there are so many.
  kj::Promise<void> collect(net::StoreWatch& watch, std::size_t count) {
    while (seen.size() < count)
      for (auto& event : (co_await watch.next()).events)
        seen.push_back(event);
  }
  /// Each value of each key once, in order, and revisions never go back.
  void expectEachOnce(int count) {
    std::map<std::string, int> next;
    net::Revision revision = 0;
    for (auto& event : seen) {
      EXPECT_GE(event.revision, revision);
      revision = event.revision;
      EXPECT_EQ(event.value, std::to_string(next[event.key]++)) << event.key;
    }
    for (auto& [key, reached] : next)
      EXPECT_EQ(reached, count) << key;
  }

  std::vector<net::StoreEvent> seen;
  std::map<std::string, int> acknowledged;
};
INSTANTIATE_TEST_SUITE_P(All, StoreFaults, testing::Values(servedEngine, etcdEngine), nameOf);

TEST_P(StoreFaults, NoWatchEventIsLostOrDoubledAcross20Cuts) {
  auto writer = engine->client();
  auto watch = store->watch("k", revision());
  auto collecting = collect(*watch, 2000).eagerlyEvaluate(nullptr);
  auto one = count(*writer, "k1", 1000).eagerlyEvaluate(nullptr);
  auto two = count(*writer, "k2", 1000).eagerlyEvaluate(nullptr);
  for (int cuts = 0; cuts < 20; ++cuts) {
    const std::size_t before = seen.size();
    while (seen.size() < before + 20 && seen.size() < 1900) // it goes on between cuts
      pass(1 * kj::MILLISECONDS);
    engine->cut();
  }
  get(kj::mv(one));
  get(kj::mv(two));
  get(kj::mv(collecting));
  EXPECT_EQ(seen.size(), 2000u);
  expectEachOnce(1000);
}

TEST_P(StoreFaults, AKilledStoreHasAllThatItAcknowledged) {
  const std::string identity = get(store->identity());
  auto watch = store->watch("k", revision());
  auto collecting = collect(*watch, 300).eagerlyEvaluate(nullptr);
  auto writing = count(*store, "k", 300).eagerlyEvaluate(nullptr);
  for (int kills = 1; kills <= 3; ++kills) {
    while (acknowledged["k"] < kills * 60)
      pass(1 * kj::MILLISECONDS);
    const int promised = acknowledged["k"];
    engine->killAndRestart();
    EXPECT_GE(std::stoi(valueOf("k")), promised);
  }
  get(kj::mv(writing));
  get(kj::mv(collecting));
  expectEachOnce(300);
  EXPECT_EQ(get(store->identity()), identity);
}

TEST_P(StoreFaults, ReadsRideOutACut) {
  put("a", "1");
  for (int i = 0; i < 10; ++i) {
    auto reading = store->get("a");
    auto listing = store->list("a");
    engine->cut();
    EXPECT_TRUE(get(kj::mv(reading)) != nullptr);
    EXPECT_EQ(get(kj::mv(listing)).entries.size(), 1u);
  }
}

TEST_P(StoreFaults, LeasesOutliveAStoreThatIsKilled) {
  const net::Lease lease = get(store->grant(3 * kj::SECONDS));
  put("members/a", "me", lease);
  engine->killAndRestart();
  get(store->keepAlive(lease));
  EXPECT_EQ(valueOf("members/a"), "me");
  auto watch = store->watch("members/", revision());
  EXPECT_EQ(textOf(get(watch->next()).events), "members/a-");
}
