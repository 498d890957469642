// Binding names at all peers at once: who must be ready, and what happens if one is not.
#include "roam/error.h"
#include "runtime/push.h"
#include "tests/runtime/cluster.h"

namespace roam::test {
namespace {

class PushTest : public ClusterTest {
 protected:
  ~PushTest() noexcept override = default;

  /// Two peers, members both.
  PushTest() {
    for (int i = 0; i < 2; ++i)
      enrol(addPeer());
    join({peers[0].get()});
  }
  static PushedFunction function(const std::string& name, const std::string& formula) {
    PushedFunction function;
    function.name = name;
    function.signature = "long (long)";
    function.code = formula;
    function.digest = Digest::of(std::string_view(formula));
    return function;
  }
  kj::Promise<PushReport> pushAll(std::vector<PushedFunction> functions) {
    return push(*members, names, io.provider->getTimer(), std::move(functions), "origin:1");
  }
  std::string failureOf(kj::Promise<PushReport> promise) {
    KJ_IF_MAYBE (failure, kj::runCatchingExceptions([&] { promise.wait(loop); }))
      return failure->getDescription().cStr();
    ADD_FAILURE() << "expected a failure";
    return {};
  }
  static testing::AssertionResult says(const std::string& text, const std::string& words) {
    if (text.find(words) != text.npos)
      return testing::AssertionSuccess();
    return testing::AssertionFailure() << "'" << text << "' does not say '" << words << "'";
  }

  NameStore names{store};
};

TEST_F(PushTest, EveryPeerHasTheCodeWhenTheNamesAreBound) {
  auto report = pushAll({function("twice", "2 0"), function("next", "1 1")}).wait(loop);
  EXPECT_EQ(report.peers, 2u);
  ASSERT_EQ(report.bindings.size(), 2u);
  EXPECT_EQ(report.bindings[0].name, "twice");
  for (auto& peer : peers)
    EXPECT_EQ(peer->host.host.counters().slicesReceived, 2u);
  auto listing = store.list(keys::names).wait(loop);
  ASSERT_EQ(listing.entries.size(), 2u);
  for (auto& entry : listing.entries)
    EXPECT_EQ(entry.modified, report.revision);
  Binding bound = names.history("twice").wait(loop).front();
  EXPECT_EQ(bound.signature, "long (long)");
  EXPECT_EQ(bound.boundBy, "origin:1");
  EXPECT_EQ(names.code(bound.digest).wait(loop), "2 0");
}

TEST_F(PushTest, NothingIsBoundIfOneFunctionCannotRun) {
  pushAll({function("twice", "2 0")}).wait(loop);
  std::string failure = failureOf(pushAll({function("twice", "2 1"), function("next", "oh no")}));
  EXPECT_TRUE(says(failure, "nothing was bound, for not every peer is ready:"));
  for (auto& peer : peers)
    EXPECT_TRUE(
        says(failure, peer->name + " at " + peer->address + " can't run next: this is no formula"));
  EXPECT_EQ(names.history("twice").wait(loop).size(), 1u);
  EXPECT_EQ(names.all().wait(loop).size(), 1u);
}

TEST_F(PushTest, APeerThatIsNotLevelGetsTheCodeReadyLikeTheOthers) {
  peers[1]->host.host.turnAway(kj::str("it is not level"));
  EXPECT_EQ(pushAll({function("twice", "2 0")}).wait(loop).peers, 2u);
  EXPECT_EQ(peers[1]->host.host.counters().slicesReceived, 1u);
}

TEST_F(PushTest, APeerThatBeginsToLeaveMeanwhileIsNotWaitedFor) {
  peers[1]->host.runner.holding = true; // so that its connection stays open
  auto waits = pushAll({function("twice", "2 0")});
  await([&] { return !peers[1]->host.runner.held.empty(); });
  peers[1]->host.host.leave();
  enrol(*peers[1], true); // as it would do itself
  EXPECT_EQ(waits.wait(loop).peers, 1u);
  EXPECT_EQ(names.all().wait(loop).size(), 1u);
}

TEST_F(PushTest, APeerThatIsLostMeanwhileIsNotWaitedForOnceItIsNoMember) {
  peers[1]->host.runner.holding = true;
  auto waits = pushAll({function("twice", "2 0")}).eagerlyEvaluate(nullptr);
  await([&] { return !peers[1]->host.runner.held.empty(); });
  peers[1]->host.listener = nullptr;
  await([&] { return wasHeardToBeSuspected("host:1"); });
  EXPECT_TRUE(names.all().wait(loop).empty());
  strike(*peers[1]);
  EXPECT_EQ(waits.wait(loop).peers, 1u);
}

TEST_F(PushTest, NothingIsBoundIfAMemberNeitherTakesWorkNorLeaves) {
  peers[1]->host.runner.holding = true;
  auto waits = pushAll({function("twice", "2 0")});
  await([&] { return !peers[1]->host.runner.held.empty(); });
  peers[1]->host.host.leave(); // and does not tell the store
  std::string failure = failureOf(kj::mv(waits));
  EXPECT_TRUE(says(failure, "host:1 at " + peers[1]->address + " takes no work now: "));
  EXPECT_FALSE(says(failure, "host:0 at"));
  EXPECT_TRUE(names.all().wait(loop).empty());
}

TEST_F(PushTest, AMemberThatLeavesIsNotWaitedFor) {
  enrol(*peers[1], true);
  await([&] { return members->all().wait(loop).size() == 1; });
  EXPECT_EQ(pushAll({function("twice", "2 0")}).wait(loop).peers, 1u);
}

TEST_F(PushTest, SeveralWhoPushOneNameAllBindIt) {
  std::vector<kj::Promise<PushReport>> pushes;
  for (int i = 0; i < 5; ++i)
    pushes.push_back(
        pushAll({function("twice", "2 " + std::to_string(i)), function("other", "1 0")}));
  std::map<std::uint64_t, Digest> bound;
  for (auto& each : pushes) {
    PushReport report = each.wait(loop);
    EXPECT_EQ(report.bindings[0].binding.revision, report.bindings[1].binding.revision);
    bound[report.bindings[0].binding.revision] = report.bindings[0].binding.digest;
  }
  auto history = names.history("twice").wait(loop);
  ASSERT_EQ(history.size(), 5u);
  for (const Binding& binding : history)
    EXPECT_EQ(binding.digest, bound.at(binding.revision)) << binding.revision;
}

TEST_F(PushTest, SixteenRevisionsAreKept) {
  for (int i = 0; i < 20; ++i)
    pushAll({function("twice", "2 " + std::to_string(i))}).wait(loop);
  EXPECT_EQ(store.list("history/twice@").wait(loop).entries.size(), limits::namesHistory);
  EXPECT_EQ(names.history("twice").wait(loop).back().revision, 5u);
}

TEST_F(PushTest, OneHundredAndTwentyEightNamesAreBoundAtOnceAndNoMore) {
  std::vector<PushedFunction> functions;
  for (std::size_t i = 0; i < limits::namesPerPush; ++i)
    functions.push_back(function("name-" + std::to_string(i), "2 " + std::to_string(i)));
  EXPECT_EQ(pushAll(functions).wait(loop).bindings.size(), limits::namesPerPush);
  functions.push_back(function("one-more", "2 0"));
  EXPECT_TRUE(says(failureOf(pushAll(functions)), "129 names are to be bound at once"));
}

TEST(CheckName, TakesLettersDigitsAndSomeSignsInParts) {
  for (const char* name : {"a", "pricing.convert", "a/b/c", "A-1_2", "0", "..."})
    EXPECT_NO_THROW(checkName(name)) << name;
  EXPECT_NO_THROW(checkName(std::string(200, 'a')));
  for (const char* name : {"", "/", "/a", "a/", "a//b", "a b", "a@1", "\xc3\xa9", "a\n"})
    EXPECT_THROW(checkName(name), ConfigurationError) << name;
  EXPECT_THROW(checkName(std::string(201, 'a')), ConfigurationError);
  EXPECT_THROW(checkName(std::string_view("a\0b", 3)), ConfigurationError);
}

} // namespace
} // namespace roam::test
