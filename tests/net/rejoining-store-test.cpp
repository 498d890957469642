// A store that is replaced: what was begun fails, what comes after is of the new one.
#include "net/limits.h"
#include "net/rejoining-store.h"
#include "net/store.capnp.h"
#include "tests/support/manual-clock.h"
#include <gtest/gtest.h>
#include <kj/async-io.h>
#include <kj/debug.h>
#include <optional>

namespace roam::test {
namespace {

/// What a test makes of the stores that are served.
struct Serving {
  std::string identity = "sixteen bytes 01";
  bool isCut = false;   ///< calls fail as those of a lost connection
  bool isThere = true;  ///< one can connect
  unsigned commits = 0; ///< that arrived
};

/// A store whose entries all have its identity as their value, and whose watches hear of one
/// change.
class ServedStore final : public protocol::Store::Server {
 public:
  explicit ServedStore(Serving& serving) : serving_(serving) {}

 protected:
  kj::Promise<void> identity(IdentityContext context) override {
    check();
    context.getResults().setIdentity(kj::StringPtr(serving_.identity.c_str()).asBytes());
    return kj::READY_NOW;
  }
  kj::Promise<void> get(GetContext context) override {
    check();
    context.getResults().setFound(true);
    context.getResults().initEntry().setValue(kj::StringPtr(serving_.identity.c_str()).asBytes());
    return kj::READY_NOW;
  }
  kj::Promise<void> commit(CommitContext context) override {
    ++serving_.commits;
    check();
    context.getResults().setDone(true);
    return kj::READY_NOW;
  }
  kj::Promise<void> watch(WatchContext context) override {
    check();
    context.getResults().setWatch(kj::heap<Changes>(serving_));
    return kj::READY_NOW;
  }

 private:
  class Changes final : public protocol::StoreWatch::Server {
   public:
    explicit Changes(Serving& serving) : serving_(serving) {}

   protected:
    kj::Promise<void> next(NextContext context) override {
      auto event = context.getResults().initEvents(1)[0];
      event.setKey(kj::StringPtr("key").asBytes());
      event.setValue(kj::StringPtr(serving_.identity.c_str()).asBytes());
      context.getResults().setRevision(++revision_);
      return kj::READY_NOW;
    }

   private:
    Serving& serving_;
    net::Revision revision_ = 0;
  };

  void check() const {
    if (serving_.isCut)
      kj::throwFatalException(KJ_EXCEPTION(DISCONNECTED, "the connection was cut"));
  }
  Serving& serving_;
};

class RejoiningStoreTest : public testing::Test {
 protected:
  ~RejoiningStoreTest() noexcept override = default;

  /// The value of whatever store answers.
  std::string value() {
    auto reading = store.get("key");
    clock.advance(limits::storeRetry, loop);
    KJ_IF_MAYBE (entry, reading.wait(loop))
      return entry->value;
    return "-";
  }
  template <class T>
  kj::Exception failureOf(kj::Promise<T> promise) {
    KJ_IF_MAYBE (failure, kj::runCatchingExceptions([&] { promise.wait(loop); }))
      return kj::mv(*failure);
    ADD_FAILURE() << "expected a failure";
    return kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__);
  }
  template <class T>
  void expectReplaced(kj::Promise<T> promise) {
    auto failure = failureOf(kj::mv(promise));
    EXPECT_EQ(failure.getType(), kj::Exception::Type::FAILED);
    EXPECT_NE(std::string(failure.getDescription().cStr()).find(net::replacedWords),
              std::string::npos)
        << failure.getDescription().cStr();
  }
  /// The connection breaks, and the next one is to a store with this identity.
  void replace(const char* identity) {
    KJ_REQUIRE(!serving.isCut);
    serving.isCut = true;
    EXPECT_EQ(failureOf(store.commit({}, {{"key", "value"}})).getType(),
              kj::Exception::Type::DISCONNECTED);
    serving.isCut = false;
    serving.identity = identity;
    serving.commits = 0;
  }

  kj::EventLoop eventLoop;
  kj::WaitScope loop{eventLoop};
  ManualClock clock;
  Serving serving;
  net::RejoiningStore store{[this]() -> kj::Promise<protocol::Store::Client> {
                              if (!serving.isThere)
                                return KJ_EXCEPTION(DISCONNECTED, "nobody is there");
                              return protocol::Store::Client(kj::heap<ServedStore>(serving));
                            },
                            clock.timer()};
};

TEST_F(RejoiningStoreTest, ALostConnectionToTheSameStoreDoesNotShow) {
  EXPECT_EQ(value(), "sixteen bytes 01");
  replace("sixteen bytes 01");
  EXPECT_EQ(value(), "sixteen bytes 01");
  EXPECT_EQ(store.identity().wait(loop), "sixteen bytes 01");
}

TEST_F(RejoiningStoreTest, WhoMeetsAnotherStoreFailsOnceAndTheNextIsOfThatOne) {
  EXPECT_EQ(value(), "sixteen bytes 01");
  replace("sixteen bytes 02");
  expectReplaced(store.get("key"));
  EXPECT_EQ(value(), "sixteen bytes 02");
  EXPECT_EQ(store.identity().wait(loop), "sixteen bytes 02");
}

TEST_F(RejoiningStoreTest, NothingIsWrittenToAStoreThatTheWriterDoesNotKnow) {
  EXPECT_EQ(value(), "sixteen bytes 01");
  replace("sixteen bytes 02");
  expectReplaced(store.commit({}, {{"key", "value"}}));
  EXPECT_EQ(serving.commits, 0u);
  EXPECT_TRUE(store.commit({}, {{"key", "value"}}).wait(loop).done);
  EXPECT_EQ(serving.commits, 1u);
}

TEST_F(RejoiningStoreTest, AllThatWasBegunWithTheFirstFailsAndLeadsToOneSecond) {
  EXPECT_EQ(value(), "sixteen bytes 01");
  auto watch = store.watch("key", 0);
  EXPECT_EQ(watch->next().wait(loop).events.at(0).value, "sixteen bytes 01");
  replace("sixteen bytes 02");
  auto reading = store.get("key"), another = store.get("key");
  auto changes = watch->next();
  expectReplaced(kj::mv(reading));
  EXPECT_EQ(value(), "sixteen bytes 02");
  expectReplaced(kj::mv(another));
  expectReplaced(kj::mv(changes));
  expectReplaced(watch->next());
  EXPECT_EQ(value(), "sixteen bytes 02") << "a late failure is of the first, not of the second";
  auto again = store.watch("key", 0);
  EXPECT_EQ(again->next().wait(loop).events.at(0).value, "sixteen bytes 02");
}

TEST_F(RejoiningStoreTest, AStoreMayBeReplacedAgainAndAgain) {
  EXPECT_EQ(value(), "sixteen bytes 01");
  for (const char* identity : {"sixteen bytes 02", "sixteen bytes 01", "sixteen bytes 03"}) {
    replace(identity);
    expectReplaced(store.get("key"));
    EXPECT_EQ(value(), identity);
  }
}

TEST_F(RejoiningStoreTest, AStoreThatIsOnlyAwayIsWaitedFor) {
  EXPECT_EQ(value(), "sixteen bytes 01");
  replace("sixteen bytes 01");
  serving.isThere = false;
  auto reading = store.get("key");
  clock.advance(3 * limits::storeRetry, loop);
  EXPECT_FALSE(reading.poll(loop));
  serving.isThere = true;
  clock.advance(limits::storeRetry, loop);
  EXPECT_TRUE(reading.wait(loop) != nullptr);
}

} // namespace
} // namespace roam::test
