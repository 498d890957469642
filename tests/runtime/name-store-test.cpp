// How names lie in a store: many at once, conflicts, what is kept and what is removed, damage.
#include "runtime/name-store.h"
#include "tests/runtime/names.h"
#include <fmt/format.h>
#include <kj/vector.h>

namespace roam::test {
namespace {

class NameStoreTest : public NamesTest {
 protected:
  ~NameStoreTest() noexcept override = default;

  /// "3:A 2:B 1:A", the latest first, of codes of one letter.
  std::string historyOf(const std::string& name) {
    std::string text;
    for (const Binding& binding : get(names.history(name)))
      text += fmt::format("{}{}:{}", text.empty() ? "" : " ", binding.revision,
                          get(names.code(binding.digest)));
    return text;
  }
};

TEST_F(NameStoreTest, CountsTheRevisionsOfEachName) {
  EXPECT_EQ(bind("price", "A"), 1u);
  EXPECT_EQ(bind("price", "B"), 2u);
  EXPECT_EQ(bind("rate", "A"), 1u);
  EXPECT_EQ(codeOf("price"), "B");
  EXPECT_EQ(historyOf("price"), "2:B 1:A");
  auto all = get(names.all());
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].name, "price");
  EXPECT_EQ(all[0].binding.revision, 2u);
  EXPECT_EQ(all[1].name, "rate");
}

TEST_F(NameStoreTest, WhatIsAnnouncedIsNotSeenUntilItIsBound) {
  bind("price", "A");
  auto announced = get(announce("price", "B"));
  EXPECT_EQ(codeOf("price"), "A");
  EXPECT_EQ(historyOf("price"), "1:A");
  EXPECT_TRUE(get(names.bind(std::move(announced))));
  EXPECT_EQ(historyOf("price"), "2:B 1:A");
}

TEST_F(NameStoreTest, CodeThatIsLargerThanAValueComesBackWhole) {
  std::string code;
  while (code.size() < 3 * limits::storeValueBytes + 1)
    code += std::to_string(code.size());
  bind("large", code);
  EXPECT_EQ(codeOf("large"), code);
  std::string exact(2 * limits::storeValueBytes, 'x');
  bind("exact", exact);
  EXPECT_EQ(codeOf("exact"), exact);
}

TEST_F(NameStoreTest, BindsOneHundredAndTwentyEightNamesAtOnceAndNoMore) {
  std::vector<NamedBinding> bindings;
  std::map<Digest, std::string> codes;
  for (std::size_t i = 0; i < limits::namesPerPush; ++i) {
    std::string code = "code " + std::to_string(i);
    bindings.push_back(bindingTo(fmt::format("name-{}", i), code));
    codes.emplace(digestOf(code), code);
  }
  auto revision = get(names.bind(get(names.announce(bindings, codes))));
  ASSERT_TRUE(revision);
  auto listing = get(store->list(keys::names));
  EXPECT_EQ(listing.entries.size(), limits::namesPerPush);
  for (auto& entry : listing.entries)
    EXPECT_EQ(entry.modified, *revision) << "all in one commit";
  EXPECT_EQ(codeOf("name-127"), "code 127");

  bindings.push_back(bindingTo("one-more", "code 0"));
  EXPECT_TRUE(says(failureOf(names.bind(get(names.announce(bindings, codes)))),
                   "129 names are to be bound at once; the limit is 128"));
  EXPECT_EQ(codeOf("one-more"), "-");
}

TEST_F(NameStoreTest, NamesThatAreTheBeginningOfOthersAreApart) {
  for (const char* name : {"a", "a/b", "ab", "a-", "a.1"})
    bind(name, name);
  bind("a", "second");
  EXPECT_EQ(get(names.history("a")).size(), 2u);
  EXPECT_EQ(historyOf("a/b"), "1:a/b");
  EXPECT_EQ(historyOf("ab"), "1:ab");
  for (std::size_t i = 0; i < limits::namesHistory; ++i)
    bind("a", std::to_string(i));
  get(names.collect("a"));
  EXPECT_EQ(get(names.history("a")).size(), limits::namesHistory);
  EXPECT_EQ(historyOf("a/b"), "1:a/b");
}

// --- conflicts ---------------------------------------------------------------------------------

TEST_F(NameStoreTest, OfTwoWhoAnnounceTheSameRevisionTheLaterBindsAndHistoryIsHis) {
  bind("price", "A");
  auto mine = get(announce("price", "B"));
  auto theirs = get(announce("price", "C"));
  EXPECT_FALSE(get(names.bind(std::move(mine))));
  EXPECT_TRUE(get(names.bind(std::move(theirs))));
  EXPECT_EQ(historyOf("price"), "2:C 1:A");
  EXPECT_EQ(bind("price", "B"), 3u) << "who was too late tries again";
  EXPECT_EQ(historyOf("price"), "3:B 2:C 1:A");
}

TEST_F(NameStoreTest, AnAnnouncementBeforeAnothersBindingDoesNotBind) {
  auto early = get(announce("price", "B"));
  bind("price", "C");
  bind("price", "D");
  EXPECT_FALSE(get(names.bind(std::move(early))));
  EXPECT_EQ(historyOf("price"), "2:D 1:C");
}

TEST_F(NameStoreTest, OneNameThatAnotherBoundKeepsAllOthersFromBeingBound) {
  auto mine = get(names.announce({bindingTo("price", "A"), bindingTo("rate", "B")},
                                 {{digestOf("A"), "A"}, {digestOf("B"), "B"}}));
  bind("rate", "C");
  EXPECT_FALSE(get(names.bind(std::move(mine))));
  EXPECT_EQ(codeOf("price"), "-");
  EXPECT_EQ(codeOf("rate"), "C");
}

TEST_F(NameStoreTest, ManyWhoBindOneNameAtOnceAllGetARevisionOfTheirOwn) {
  const auto bindSoon = [this](std::string code) -> kj::Promise<void> {
    return announce("price", code).then([this, code](NameStore::Announced announced) {
      return names.bind(std::move(announced)).ignoreResult();
    });
  };
  kj::Vector<kj::Promise<void>> all;
  for (int i = 0; i < 8; ++i)
    all.add(bindSoon(std::string(1, char('A' + i))).eagerlyEvaluate(nullptr));
  get(kj::joinPromises(all.releaseAsArray()));
  auto history = get(names.history("price"));
  ASSERT_FALSE(history.empty());
  EXPECT_EQ(history.front().revision, history.size()) << "no revision is missing";
  EXPECT_EQ(get(names.code(history.front().digest)), codeOf("price"));
}

// --- what is kept ------------------------------------------------------------------------------

TEST_F(NameStoreTest, SixteenRevisionsAreKeptWithTheirCode) {
  for (std::size_t i = 1; i <= limits::namesHistory + 3; ++i) {
    bind("price", std::to_string(i));
    get(names.collect("price"));
  }
  auto history = get(names.history("price"));
  EXPECT_EQ(history.size(), limits::namesHistory);
  EXPECT_EQ(history.back().revision, 4u);
  for (const char* removed : {"1", "2", "3"})
    EXPECT_FALSE(hasCode(removed)) << removed;
  EXPECT_TRUE(hasCode("4"));
}

TEST_F(NameStoreTest, RemovedCodeLeavesNothingBehind) {
  std::string large(2 * limits::storeValueBytes + 5, 'x');
  bind("price", large);
  for (std::size_t i = 0; i < limits::namesHistory; ++i)
    bind("price", std::to_string(i));
  get(names.collect("price"));
  EXPECT_TRUE(get(store->list("code/" + digestOf(large).toString())).entries.empty());
}

TEST_F(NameStoreTest, CodeThatAnotherNameUsesIsKept) {
  bind("price", "shared");
  bind("rate", "shared");
  for (std::size_t i = 0; i < limits::namesHistory; ++i)
    bind("price", std::to_string(i));
  get(names.collect("price"));
  EXPECT_EQ(codeOf("rate"), "shared");
}

TEST_F(NameStoreTest, CodeThatIsAnnouncedIsKept) {
  bind("price", "shared");
  for (std::size_t i = 0; i < limits::namesHistory; ++i)
    bind("price", std::to_string(i));
  auto announced = get(announce("rate", "shared"));
  get(names.collect("price"));
  EXPECT_TRUE(get(names.bind(std::move(announced))));
  EXPECT_EQ(codeOf("rate"), "shared");
}

TEST_F(NameStoreTest, CodeIsWholeHoweverCollectingAndAnnouncingMeet) {
  // The two begin at the same time, one of them some turns of the loop later.
  for (int lead = -12; lead <= 12; ++lead) {
    std::string name = fmt::format("price{}", lead), code = "shared " + name;
    bind(name, code);
    for (std::size_t i = 0; i < limits::namesHistory; ++i)
      bind(name, std::to_string(i));
    kj::Promise<void> collecting = nullptr;
    kj::Promise<NameStore::Announced> announcing = nullptr;
    const auto turn = [&] { get(store->get("any").ignoreResult()); };
    if (lead < 0) {
      collecting = names.collect(name).eagerlyEvaluate(nullptr);
      for (int i = lead; i < 0; ++i)
        turn();
    }
    announcing = announce("other-" + name, code).eagerlyEvaluate(nullptr);
    if (lead >= 0) {
      for (int i = 0; i < lead; ++i)
        turn();
      collecting = names.collect(name).eagerlyEvaluate(nullptr);
    }
    auto announced = get(kj::mv(announcing));
    get(kj::mv(collecting));
    EXPECT_TRUE(get(names.bind(std::move(announced))));
    EXPECT_EQ(codeOf("other-" + name), code) << lead;
  }
}

TEST_F(NameStoreTest, WhatWasAnnouncedAndNeverBoundMakesRoomForTheNext) {
  bind("price", "A");
  get(announce("price", "never bound")); // and its process was killed
  EXPECT_TRUE(hasCode("never bound"));
  EXPECT_EQ(historyOf("price"), "1:A");
  EXPECT_EQ(bind("price", "B"), 2u);
  EXPECT_EQ(historyOf("price"), "2:B 1:A");
  EXPECT_FALSE(hasCode("never bound"));
}

TEST_F(NameStoreTest, WhoseCodeAnotherRemovedSendsItAgain) {
  auto mine = get(announce("price", "mine"));
  bind("price", "theirs");
  EXPECT_FALSE(hasCode("mine"));
  EXPECT_FALSE(get(names.bind(std::move(mine))));
  bind("price", "mine");
  EXPECT_EQ(codeOf("price"), "mine");
}

TEST_F(NameStoreTest, CodeThatIsNotThereHasToBeBrought) {
  EXPECT_TRUE(says(failureOf(names.announce({bindingTo("price", "A")}, {})),
                   "was removed from the store: try again"));
  bind("rate", "A");
  get(names.announce({bindingTo("price", "A")}, {}));
}

// --- going back --------------------------------------------------------------------------------

TEST_F(NameStoreTest, GoingBackBindsTheRevisionBeforeAsANewOne) {
  bind("price", "A");
  bind("price", "B");
  Binding back = get(names.rollBack("price", std::nullopt, "test:2"));
  EXPECT_EQ(back.revision, 3u);
  EXPECT_EQ(back.copyOf, 1u);
  EXPECT_EQ(back.boundBy, "test:2");
  EXPECT_EQ(historyOf("price"), "3:A 2:B 1:A");
  EXPECT_EQ(get(names.rollBack("price", 3, "test:2")).copyOf, 1u) << "a copy is of the first";
  EXPECT_EQ(historyOf("price"), "4:A 3:A 2:B 1:A");
}

TEST_F(NameStoreTest, GoingBackToWhatIsNotKeptSaysSo) {
  EXPECT_TRUE(says(failureOf(names.rollBack("price", 1, "test")),
                   "no code was ever bound to the name price"));
  bind("price", "A");
  EXPECT_TRUE(says(failureOf(names.rollBack("price", std::nullopt, "test")),
                   "price has no revision 0 to go back to; `roam history price`"));
  EXPECT_TRUE(says(failureOf(names.rollBack("price", 7, "test")), "no revision 7"));
  get(announce("price", "B"));
  EXPECT_TRUE(says(failureOf(names.rollBack("price", 2, "test")), "no revision 2"))
      << "2 was never bound";
  for (std::size_t i = 0; i < limits::namesHistory; ++i)
    bind("price", std::to_string(i));
  get(names.collect("price"));
  EXPECT_TRUE(says(failureOf(names.rollBack("price", 1, "test")), "no revision 1"));
}

TEST_F(NameStoreTest, GoingBackAgainAndAgainKeepsSixteenRevisions) {
  bind("price", "A");
  bind("price", "B");
  for (std::size_t i = 0; i < 2 * limits::namesHistory; ++i)
    get(names.rollBack("price", std::nullopt, "test"));
  EXPECT_EQ(get(names.history("price")).size(), limits::namesHistory);
  EXPECT_EQ(get(store->list("code/")).entries.size(), 4u) << "two codes of one part each";
}

// --- damage ------------------------------------------------------------------------------------

TEST_F(NameStoreTest, DamagedCodeIsFound) {
  std::string code = "the code";
  bind("price", code);
  const std::string key = "code/" + digestOf(code).toString();
  const auto failure = [&] { return failureOf(names.code(digestOf(code))); };
  const char* damaged = "in the store is damaged";
  put(key + "/0000", "the c0de");
  EXPECT_TRUE(says(failure(), damaged));
  put(key + "/0000", "the");
  EXPECT_TRUE(says(failure(), damaged));
  put(key + "/0000", std::nullopt);
  EXPECT_TRUE(says(failure(), damaged));
  put(key + "/0000", code);
  for (std::uint64_t size : {0ull, 9ull, ~0ull}) {
    put(key, writeCodeSize(size));
    EXPECT_TRUE(says(failure(), damaged)) << size;
  }
  put(key, "rubbish!");
  EXPECT_TRUE(says(failure(), "a record in the cluster's store can't be read"));
  put(key, std::nullopt);
  EXPECT_TRUE(says(failure(), "the store has no code of " + digestOf(code).toString()));
}

TEST_F(NameStoreTest, ADamagedBindingIsToldWithItsKey) {
  bind("price", "A");
  bind("rate", "A");
  put("names/price", "rubbish!");
  for (auto& failure : {failureOf(names.all()), failureOf(names.history("price")),
                        failureOf(announce("price", "B"))})
    EXPECT_TRUE(says(failure, "names/price: a record in the cluster's store can't be read"));
  EXPECT_EQ(bind("rate", "B"), 2u) << "other names are not concerned";
}

TEST_F(NameStoreTest, DamagedHistoryStopsNeitherBindingNorCollecting) {
  bind("price", "A");
  put("history/price@00000000000000000001", "rubbish!");
  put("history/price@00000000000000000002", "rubbish!"); // never bound
  bind("price", "B");
  EXPECT_TRUE(says(failureOf(names.history("price")), "history/price@00000000000000000001: "));
  for (std::size_t i = 0; i < limits::namesHistory; ++i)
    bind("price", std::to_string(i));
  get(names.collect("price"));
  EXPECT_EQ(get(names.history("price")).size(), limits::namesHistory);
}

} // namespace
} // namespace roam::test
