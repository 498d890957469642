// Entries that end with a lease.
#include "tests/runtime/store/engines.h"
#include <kj/debug.h>

using namespace roam;
using namespace roam::test;

class Leases : public StoreTest {
 protected:
  /// The shortest that every store grants.
  static constexpr kj::Duration time = 2 * kj::SECONDS;

  /// What is told until there are so many events.
  std::string next(net::StoreWatch& watch, std::size_t count = 1) {
    std::vector<net::StoreEvent> all;
    while (all.size() < count)
      for (auto& event : get(watch.next()).events)
        all.push_back(event);
    return textOf(all);
  }
};
INSTANTIATE_TEST_SUITE_P(All, Leases, testing::Values(sqliteEngine, servedEngine, etcdEngine),
                         nameOf);

TEST_P(Leases, EndWithTheirEntries) {
  const net::Lease lease = get(store->grant(time));
  EXPECT_NE(lease, 0u);
  auto watch = store->watch("members/", put("members/b", "me", lease));
  EXPECT_EQ(KJ_ASSERT_NONNULL(get(store->get("members/b"))).lease, lease);
  put("members/a", "me", lease);
  put("members/c", "other");
  EXPECT_EQ(next(*watch, 4), "members/a=me | members/c=other | members/a- members/b-");
  EXPECT_EQ(valueOf("members/a") + valueOf("members/b") + valueOf("members/c"), "--other");
}

TEST_P(Leases, LastAsLongAsTheyAreKeptAlive) {
  const net::Lease lease = get(store->grant(time));
  put("members/a", "me", lease);
  for (int i = 0; i < 6; ++i) {
    pass(time / 2);
    get(store->keepAlive(lease));
  }
  EXPECT_EQ(valueOf("members/a"), "me");
}

TEST_P(Leases, EndWhenTheyAreRevoked) {
  const net::Lease lease = get(store->grant(60 * kj::SECONDS));
  auto watch = store->watch("members/", put("members/a", "me", lease));
  get(store->revoke(lease));
  EXPECT_EQ(next(*watch), "members/a-");
  get(store->revoke(lease)); // nothing happens
}

TEST_P(Leases, ThatHaveEndedAreOfNoUse) {
  const net::Lease lease = get(store->grant(60 * kj::SECONDS));
  get(store->revoke(lease));
  auto failure = failureOf(store->keepAlive(lease));
  EXPECT_EQ(failure.getType(), kj::Exception::Type::FAILED);
  EXPECT_TRUE(says(failure, "the lease has ended"));
  const net::Revision before = revision();
  auto refusal = failureOf(store->commit({}, {{"other", "x"}, {"members/a", "me", lease}}));
  EXPECT_EQ(refusal.getType(), kj::Exception::Type::FAILED);
  EXPECT_TRUE(says(refusal, "the lease has ended"));
  EXPECT_EQ(revision(), before);
}

TEST_P(Leases, LeaveWhatWasWrittenAgainWithoutThem) {
  const net::Lease lease = get(store->grant(60 * kj::SECONDS)),
                   other = get(store->grant(60 * kj::SECONDS));
  put("a", "1", lease);
  put("a", "2");
  put("b", "1", lease);
  put("b", "2", other);
  put("c", "1", lease);
  auto watch = store->watch("", remove("c"));
  put("c", "2");
  get(store->revoke(lease));
  EXPECT_EQ(next(*watch), "c=2");
  EXPECT_EQ(valueOf("a") + valueOf("b") + valueOf("c"), "222");
  get(store->revoke(other));
  EXPECT_EQ(next(*watch), "b-");
}

TEST_P(Leases, OfNonsenseAreRefused) {
  EXPECT_TRUE(says(failureOf(store->grant(0 * kj::SECONDS)), "a lease of 0 ms"));
  EXPECT_TRUE(says(failureOf(store->grant(1000 * kj::HOURS)), "a lease of"));
  EXPECT_TRUE(says(failureOf(store->keepAlive(1234567)), "the lease has ended"));
  get(store->revoke(1234567));
}
