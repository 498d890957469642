// Leases of the embedded store on a clock of the test's: no other clock counts.
#include "tests/runtime/store/sqlite-stores.h"
#include "tests/support/manual-clock.h"

using namespace roam;
using namespace roam::test;

namespace {

class SqliteLeases : public SqliteStores {
 protected:
  ~SqliteLeases() noexcept override = default;

  /// Time passes, and what that starts is done.
  void pass(net::Store& store, kj::Duration time, kj::Duration step = 10 * kj::MILLISECONDS) {
    clock.advance(time, loop, step);
    store.list("none").wait(loop);
    loop.poll();
  }
  std::unique_ptr<store::SqliteStore> openAtRest() {
    return std::make_unique<store::SqliteStore>(clock.timer(), path);
  }

  ManualClock clock;
};

} // namespace

TEST_F(SqliteLeases, FollowTheTimerAndNoOtherClock) {
  auto store = openAtRest();
  const net::Lease lease = store->grant(3 * kj::SECONDS).wait(loop);
  put(*store, "a", "1", lease).wait(loop);
  pass(*store, 2990 * kj::MILLISECONDS);
  EXPECT_EQ(valueOf(*store, "a"), "1");
  store->keepAlive(lease).wait(loop);
  pass(*store, 2990 * kj::MILLISECONDS);
  EXPECT_EQ(valueOf(*store, "a"), "1");
  pass(*store, 20 * kj::MILLISECONDS);
  EXPECT_EQ(valueOf(*store, "a"), "-");
}

TEST_F(SqliteLeases, EndEachAtItsTime) {
  auto store = openAtRest();
  for (int seconds : {5, 1, 3, 2, 4}) {
    const net::Lease lease = store->grant(seconds * kj::SECONDS).wait(loop);
    put(*store, std::to_string(seconds), "", lease).wait(loop);
  }
  pass(*store, 5 * kj::MILLISECONDS);
  for (std::size_t left = 5; left-- > 0;) {
    pass(*store, 1 * kj::SECONDS);
    EXPECT_EQ(store->list("").wait(loop).entries.size(), left);
  }
}

TEST_F(SqliteLeases, GetTheirTimeAgainWhenTheStoreStoodStill) {
  auto store = openAtRest();
  const net::Lease lease = store->grant(3 * kj::SECONDS).wait(loop);
  put(*store, "a", "1", lease).wait(loop);
  clock.jump(60 * kj::SECONDS);
  pass(*store, 2900 * kj::MILLISECONDS);
  EXPECT_EQ(valueOf(*store, "a"), "1");
  pass(*store, 200 * kj::MILLISECONDS);
  EXPECT_EQ(valueOf(*store, "a"), "-");
}

TEST_F(SqliteLeases, GetTheirWholeTimeAfterARestart) {
  net::Lease lease = 0;
  {
    auto store = openAtRest();
    lease = store->grant(3 * kj::SECONDS).wait(loop);
    put(*store, "a", "1", lease).wait(loop);
    pass(*store, 2 * kj::SECONDS);
  }
  clock.jump(60 * kj::SECONDS);
  auto store = openAtRest();
  pass(*store, 2 * kj::SECONDS);
  store->keepAlive(lease).wait(loop);
  pass(*store, 2 * kj::SECONDS);
  EXPECT_EQ(valueOf(*store, "a"), "1");
  pass(*store, 2 * kj::SECONDS);
  EXPECT_EQ(valueOf(*store, "a"), "-");
  EXPECT_NE(store->grant(1 * kj::SECONDS).wait(loop), lease) << "a name is not used again";
}

TEST_F(SqliteLeases, EndOnAFullDiskAsSoonAsItTakesThat) {
  auto store = openAtRest();
  const net::Lease lease = store->grant(3 * kj::SECONDS).wait(loop);
  put(*store, "a", "1", lease).wait(loop);
  {
    FilesEndAt limit(1);
    pass(*store, 4 * kj::SECONDS);
    EXPECT_EQ(valueOf(*store, "a"), "1");
    EXPECT_TRUE(has(failureOf(store->keepAlive(lease)), "the lease has ended"));
    EXPECT_TRUE(has(failureOf(put(*store, "b", "1", lease)), "the lease has ended"));
  }
  pass(*store, limits::storeEndRetry + 100 * kj::MILLISECONDS);
  EXPECT_EQ(valueOf(*store, "a"), "-");
}
