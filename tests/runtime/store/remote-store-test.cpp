// The way to a store: what is asked again, until when, what is not; and what one connection may
// hold.
#include "net/limits.h"
#include "net/remote-store.h"
#include "net/store-service.h"
#include "tests/runtime/store/sqlite-stores.h"
#include "tests/support/manual-clock.h"
#include <kj/debug.h>
#include <kj/vector.h>

using namespace roam;
using namespace roam::test;

namespace {

/// A store that does what a test says.
class FakeStore final : public protocol::Store::Server {
 public:
  struct Behaviour {
    std::string identity = "sixteen bytes 01";
    bool silent = false;
    unsigned commits = 0, gets = 0;
    std::optional<kj::Exception::Type> failure; ///< of calls
  };
  explicit FakeStore(Behaviour& behaviour) : behaviour_(behaviour) {}

 protected:
  kj::Promise<void> identity(IdentityContext context) override {
    context.getResults().setIdentity(kj::StringPtr(behaviour_.identity.c_str()).asBytes());
    return kj::READY_NOW;
  }
  kj::Promise<void> get(GetContext context) override {
    context.allowCancellation();
    ++behaviour_.gets;
    return outcome();
  }
  kj::Promise<void> commit(CommitContext context) override {
    context.allowCancellation();
    ++behaviour_.commits;
    return outcome();
  }
  kj::Promise<void> watch(WatchContext) override { return outcome(); }

 private:
  kj::Promise<void> outcome() {
    if (behaviour_.silent)
      return kj::NEVER_DONE;
    if (behaviour_.failure)
      return kj::Exception(*behaviour_.failure, __FILE__, __LINE__, kj::str("as told"));
    return kj::READY_NOW;
  }
  Behaviour& behaviour_;
};

class RemoteStores : public testing::Test {
 protected:
  ~RemoteStores() noexcept override = default;

  template <class T>
  kj::Exception failureOf(kj::Promise<T> promise) {
    KJ_IF_MAYBE (failure, kj::runCatchingExceptions([&] { promise.wait(loop); }))
      return kj::mv(*failure);
    ADD_FAILURE() << "expected a failure";
    return kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__);
  }
  /// Fails with these words when so much time has passed, and not before.
  template <class T>
  void expectAfter(kj::Duration time, kj::Promise<T> promise, const std::string& words) {
    clock.advance(time - 20 * kj::MILLISECONDS, loop);
    EXPECT_FALSE(promise.poll(loop));
    clock.advance(40 * kj::MILLISECONDS, loop);
    ASSERT_TRUE(promise.poll(loop));
    auto failure = failureOf(kj::mv(promise));
    EXPECT_EQ(failure.getType(), kj::Exception::Type::DISCONNECTED);
    EXPECT_TRUE(says(failure, words));
  }

  kj::AsyncIoContext io = kj::setupAsyncIo();
  kj::WaitScope& loop = io.waitScope;
  ManualClock clock;
  FakeStore::Behaviour behaviour;
  unsigned connections = 0;
  unsigned unreachable = 0; ///< connections that fail first
  net::RemoteStore store{[this]() -> kj::Promise<protocol::Store::Client> {
                           ++connections;
                           if (unreachable > 0) {
                             --unreachable;
                             return KJ_EXCEPTION(FAILED, "nobody is there");
                           }
                           return protocol::Store::Client(kj::heap<FakeStore>(behaviour));
                         },
                         clock.timer()};
};

} // namespace

TEST_F(RemoteStores, ConnectWhenTheyAreFirstNeededAndOnce) {
  loop.poll();
  EXPECT_EQ(connections, 0u);
  auto one = store.get("a"), two = store.get("b");
  one.wait(loop);
  two.wait(loop);
  store.get("c").wait(loop);
  EXPECT_EQ(connections, 1u);
}

TEST_F(RemoteStores, TryUntilSomeoneIsThere) {
  unreachable = 3;
  auto reading = store.get("a");
  auto writing = store.commit({}, {{"a", "1"}});
  clock.advance(4 * limits::storeRetry, loop);
  reading.wait(loop);
  writing.wait(loop);
  EXPECT_EQ(behaviour.commits, 1u);
}

TEST_F(RemoteStores, SayWhyTheStoreCannotBeReachedAfterTheTimeOfAnAnswer) {
  unreachable = 1000;
  auto failing = store.get("a");
  auto writing = store.commit({}, {{"a", "1"}});
  clock.advance(limits::storeAnswer + limits::storeRetry, loop);
  ASSERT_TRUE(failing.poll(loop) && writing.poll(loop));
  for (auto& failure : {failureOf(kj::mv(failing)), failureOf(writing.ignoreResult())}) {
    EXPECT_EQ(failure.getType(), kj::Exception::Type::DISCONNECTED);
    EXPECT_TRUE(says(failure, "can't be reached: nobody is there"));
  }
  EXPECT_EQ(behaviour.commits, 0u);
}

TEST_F(RemoteStores, TakeASilentConnectionForLost) {
  behaviour.silent = true;
  expectAfter(limits::storeAnswer, store.get("a"), "did not answer within 5 s");
  behaviour.silent = false;
  store.get("a").wait(loop);
  EXPECT_EQ(connections, 2u);
}

TEST_F(RemoteStores, AskAgainWhatMayBeAskedAgain) {
  behaviour.failure = kj::Exception::Type::DISCONNECTED;
  auto reading = store.get("a");
  clock.advance(limits::storeRetry / 2, loop);
  EXPECT_EQ(behaviour.gets, 1u);
  behaviour.failure = kj::Exception::Type::OVERLOADED;
  clock.advance(limits::storeRetry, loop);
  EXPECT_EQ(connections, 2u);
  behaviour.failure = std::nullopt;
  clock.advance(limits::storeRetry, loop);
  reading.wait(loop);
  EXPECT_EQ(behaviour.gets, 3u);
  EXPECT_EQ(connections, 2u) << "a store that has too much to do is not lost";
}

TEST_F(RemoteStores, SendACommitOnce) {
  behaviour.failure = kj::Exception::Type::DISCONNECTED;
  EXPECT_EQ(failureOf(store.commit({}, {{"a", "1"}})).getType(), kj::Exception::Type::DISCONNECTED);
  EXPECT_EQ(behaviour.commits, 1u);
  behaviour.failure = std::nullopt;
  store.commit({}, {{"a", "1"}}).wait(loop);
  EXPECT_EQ(behaviour.commits, 2u);
  EXPECT_EQ(connections, 2u);
}

TEST_F(RemoteStores, AskNothingOfAnotherStore) {
  store.get("a").wait(loop);
  behaviour.identity = "another identity";
  behaviour.failure = kj::Exception::Type::DISCONNECTED;
  auto reading = store.get("a");
  auto watch = store.watch("a", 1);
  auto next = watch->next(); // of which this store knows nothing
  clock.advance(2 * limits::storeRetry, loop);
  for (auto& failure :
       {failureOf(kj::mv(reading)), failureOf(next.ignoreResult()),
        failureOf(store.commit({}, {{"a", "1"}}).ignoreResult()), failureOf(store.keepAlive(1))}) {
    EXPECT_EQ(failure.getType(), kj::Exception::Type::FAILED);
    EXPECT_TRUE(says(failure, net::replacedWords));
  }
  EXPECT_EQ(behaviour.commits, 0u);
}

TEST_F(RemoteStores, FailWhatStillWaitsForThem) {
  behaviour.silent = true;
  auto closing = kj::heap<net::RemoteStore>(
      [this]() -> kj::Promise<protocol::Store::Client> {
        return protocol::Store::Client(kj::heap<FakeStore>(behaviour));
      },
      clock.timer());
  auto reading = closing->get("a");
  auto watch = closing->watch("a", 1);
  loop.poll();
  closing = nullptr;
  EXPECT_TRUE(says(failureOf(kj::mv(reading)), "the store is closed"));
  EXPECT_TRUE(says(failureOf(watch->next()), "the store is closed"));
}

// --- one connection -----------------------------------------------------------------------------

namespace {

/// A store in memory, as hostile clients see it.
class StoreServices : public SqliteStores {
 protected:
  ~StoreServices() noexcept override = default;

  kj::Promise<void> watch(kj::Vector<protocol::StoreWatch::Client>& watches) {
    auto request = client.watchRequest();
    request.setAfter(0);
    return request.send().then(
        [&watches](capnp::Response<protocol::Store::WatchResults>&& response) {
          watches.add(response.getWatch());
        });
  }
  kj::Promise<net::Lease> grant(std::uint64_t milliseconds) {
    auto request = client.grantRequest();
    request.setMilliseconds(milliseconds);
    return request.send().then([](auto&& response) { return net::Lease(response.getLease()); });
  }

  ManualClock clock;
  store::SqliteStore store{clock.timer(), ""};
  net::StoreService service{store, clock.timer()};
  protocol::Store::Client client = service.clientForConnection();
};

} // namespace

TEST_F(StoreServices, LimitTheWatchesOfOneConnection) {
  kj::Vector<protocol::StoreWatch::Client> watches;
  for (std::size_t i = 0; i < limits::storeWatches; ++i)
    watch(watches).wait(loop);
  EXPECT_TRUE(has(failureOf(watch(watches)), "may have 1024 watches"));
  client = service.clientForConnection();
  watch(watches).wait(loop);
}

TEST_F(StoreServices, CountWatchesUntilTheyAreDropped) {
  for (std::size_t i = 0; i < limits::storeWatches + 10; ++i) {
    kj::Vector<protocol::StoreWatch::Client> watches;
    watch(watches).wait(loop);
  }
}

TEST_F(StoreServices, LimitTheLeasesOfOneConnection) {
  net::Lease last = 0;
  for (std::size_t i = 0; i < limits::storeLeases; ++i)
    last = grant(1000).wait(loop);
  EXPECT_TRUE(has(failureOf(grant(1000)), "may have 1024 leases"));
  auto revoke = client.revokeRequest();
  revoke.setLease(last);
  revoke.send().wait(loop);
  grant(60'000).wait(loop);
  EXPECT_TRUE(has(failureOf(grant(1000)), "may have 1024 leases"));
  clock.advance(1100 * kj::MILLISECONDS, loop);
  grant(1000).wait(loop);
}

TEST_F(StoreServices, LimitTheCallsOfOneConnection) {
  kj::Vector<kj::Promise<net::Lease>> calls;
  for (std::size_t i = 0; i < limits::storeCalls + 1; ++i) {
    auto request = client.getRequest();
    request.setKey(kj::StringPtr("a").asBytes());
    calls.add(request.send().then([](auto&&) { return net::Lease(); }));
  }
  std::size_t refused = 0;
  for (auto& call : calls)
    refused += has(failureOf(kj::mv(call)), "may have 1024 calls");
  EXPECT_EQ(refused, 1u);
}

TEST_F(StoreServices, LimitTheListingsThatOneConnectionLeavesHalfDone) {
  for (std::size_t bytes = 0; bytes <= limits::storeAnswerBytes; bytes += limits::storeValueBytes)
    put(store, std::to_string(bytes), std::string(limits::storeValueBytes, 'x')).wait(loop);
  kj::Vector<protocol::StoreListing::Client> rests;
  auto list = [&] {
    return client.listRequest().send().then([&](auto&& response) {
      EXPECT_TRUE(response.hasRest());
      rests.add(response.getRest());
    });
  };
  for (std::size_t i = 0; i < limits::storeListings; ++i)
    list().wait(loop);
  EXPECT_TRUE(has(failureOf(list()), "may have 64 listings"));
  rests.clear();
  list().wait(loop);
}

TEST_F(StoreServices, RefuseWhatIsTooLargeBeforeTheyReadIt) {
  auto commit = client.commitRequest();
  commit.initWrites(1)[0].initValue(unsigned(4 * limits::storeCommitBytes));
  EXPECT_TRUE(has(failureOf(commit.send().ignoreResult()), "larger than a store takes"));
  auto conditions = client.commitRequest();
  conditions.initConditions(129);
  EXPECT_TRUE(has(failureOf(conditions.send().ignoreResult()), "larger than a store takes"));
  auto get = client.getRequest();
  get.initKey(unsigned(limits::storeKeyBytes + 1));
  EXPECT_TRUE(has(failureOf(get.send().ignoreResult()), "a key of 1025 bytes"));
  EXPECT_TRUE(has(failureOf(grant(~0ull).ignoreResult()), "grants up to 24 hours"));
}

TEST_F(StoreServices, AnswerOneQuestionOfAWatchAtATime) {
  kj::Vector<protocol::StoreWatch::Client> watches;
  watch(watches).wait(loop);
  auto first = watches[0].nextRequest().send();
  EXPECT_TRUE(has(failureOf(watches[0].nextRequest().send().ignoreResult()), "once at a time"));
  put(store, "a", "1").wait(loop);
  EXPECT_EQ(first.wait(loop).getEvents().size(), 1u);
  auto dropped = watches[0].nextRequest().send();
  { auto gone = kj::mv(dropped); }
  auto next = watches[0].nextRequest().send();
  put(store, "a", "2").wait(loop);
  EXPECT_EQ(next.wait(loop).getEvents().size(), 1u);
}

TEST_F(StoreServices, FailWhatComesAfterTheirEnd) {
  kj::Vector<protocol::StoreWatch::Client> watches;
  auto ending = kj::heap<net::StoreService>(store, clock.timer());
  client = ending->clientForConnection();
  watch(watches).wait(loop);
  auto next = watches[0].nextRequest().send();
  loop.poll();
  ending = nullptr;
  EXPECT_TRUE(has(failureOf(next.ignoreResult()), "the store is closed"));
  EXPECT_TRUE(has(failureOf(watch(watches)), "the store is closed"));
  EXPECT_TRUE(has(failureOf(watches[0].nextRequest().send().ignoreResult()), "is closed"));
}
