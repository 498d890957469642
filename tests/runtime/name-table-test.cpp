// A table of names and its store: what it hears, in which order, and what it makes of lost watches,
// other stores and damage.
#include "runtime/name-table.h"
#include "tests/runtime/names.h"
#include <fmt/format.h>

namespace roam::test {
namespace {

/// A way to a store, which a test breaks, or leads to another one.
class Way final : public net::Store {
 public:
  explicit Way(net::Store& to) : to(&to) {}

  kj::Promise<std::string> identity() override { return unless(to->identity()); }
  kj::Promise<kj::Maybe<net::StoreEntry>> get(std::string key) override { return to->get(key); }
  kj::Promise<net::StoreListing> list(std::string prefix) override {
    return unless(to->list(prefix));
  }
  kj::Promise<net::Committed> commit(std::vector<net::StoreCondition> conditions,
                                     std::vector<net::StoreWrite> writes) override {
    return to->commit(std::move(conditions), std::move(writes));
  }
  kj::Own<net::StoreWatch> watch(std::string prefix, net::Revision after) override {
    if (replacedAfterListing != nullptr)
      to = std::exchange(replacedAfterListing, nullptr);
    return kj::heap<Watch>(*this, to->watch(prefix, after));
  }
  kj::Promise<net::Lease> grant(kj::Duration time) override { return to->grant(time); }
  kj::Promise<void> keepAlive(net::Lease lease) override { return to->keepAlive(lease); }
  kj::Promise<void> revoke(net::Lease lease) override { return to->revoke(lease); }

  void breakWatches(const kj::Exception& why) { watching_.cancel(why); }

  net::Store* to;
  net::Store* replacedAfterListing = nullptr; ///< leads there when the next watch begins
  bool isBroken = false;

 private:
  class Watch final : public net::StoreWatch {
   public:
    Watch(Way& way, kj::Own<net::StoreWatch> of) : way_(way), of_(kj::mv(of)) {}
    kj::Promise<net::StoreChanges> next() override { return way_.watching_.wrap(of_->next()); }

   private:
    Way& way_;
    kj::Own<net::StoreWatch> of_;
  };

  template <class T>
  kj::Promise<T> unless(kj::Promise<T> answer) {
    if (isBroken)
      return kj::Exception(kj::Exception::Type::DISCONNECTED, __FILE__, __LINE__,
                           kj::str("nobody is there"));
    return answer;
  }

  kj::Canceler watching_;
};

class NameTableTest : public NamesTest {
 protected:
  ~NameTableTest() noexcept override = default;

  void start() {
    table = std::make_unique<NameTable>(
        way, clock.timer(),
        [this](const std::vector<NamedBinding>& changes) {
          heard += heard.empty() ? "" : " | ";
          for (auto& [name, binding] : changes)
            heard += fmt::format("{}{}@{}", &binding == &changes[0].binding ? "" : " ", name,
                                 binding.revision);
          atChange.push_back(text());
        },
        [this](std::string complaint) { complaints.push_back(std::move(complaint)); });
    get(table->listed());
  }
  /// What the table has, as "a@1 b@2".
  std::string text() const {
    std::string text;
    for (auto& [name, binding] : table->snapshot()->names)
      text += fmt::format("{}{}@{}", text.empty() ? "" : " ", name, binding->revision);
    return text;
  }
  net::Revision bindAll(const std::vector<std::string>& all, const std::string& code) {
    std::vector<NamedBinding> bindings;
    for (auto& name : all)
      bindings.push_back(bindingTo(name, code));
    auto revision = get(names.bind(get(names.announce(bindings, {{digestOf(code), code}}))));
    EXPECT_TRUE(revision);
    return revision.value_or(0);
  }
  /// Until the table knows all that is in the store.
  void catchUp() {
    clock.advance(2 * limits::storeRetry, loop);
    get(way.list(keys::names)); // answered after what the table asked
    loop.poll();
  }
  void breakWatches(const kj::Exception& why) {
    loop.poll();
    way.breakWatches(why);
  }
  static std::string record(std::uint64_t revision) {
    Binding binding = bindingTo("", "A").binding;
    binding.revision = revision;
    return binding.write();
  }

  Way way{*store};
  std::string heard; ///< "a@1 b@1 | a@2": a bar between calls
  std::vector<std::string> atChange, complaints;
  std::unique_ptr<NameTable> table;
};

TEST_F(NameTableTest, HasTheNamesThatAreThereAndHearsOfEachBinding) {
  bindAll({"a"}, "A");
  bindAll({"b"}, "B");
  start();
  EXPECT_EQ(text(), "a@1 b@1");
  bindAll({"a"}, "B");
  bindAll({"a"}, "C");
  bindAll({"c"}, "C");
  catchUp();
  EXPECT_EQ(text(), "a@3 b@1 c@1");
  EXPECT_EQ(table->snapshot()->names.find("a")->second->digest, digestOf("C"));
  EXPECT_TRUE(heard.starts_with("a@1 b@1 | a@2")) << heard;
  EXPECT_LT(heard.find("a@2"), heard.find("a@3")) << heard;
  EXPECT_LT(heard.find("a@3"), heard.find("c@1")) << heard;
}

TEST_F(NameTableTest, WhatOneCommitBindsAppearsTogether) {
  start();
  for (int i = 0; i < 20; ++i)
    bindAll({"a", "b", "c"}, std::to_string(i));
  catchUp();
  EXPECT_EQ(text(), "a@20 b@20 c@20");
  for (const std::string& moment : atChange) {
    std::string revision = moment.substr(2, moment.find(' ') - 2);
    EXPECT_EQ(moment, fmt::format("a@{0} b@{0} c@{0}", revision));
  }
}

TEST_F(NameTableTest, ASnapshotStaysAsItWas) {
  bindAll({"a"}, "A");
  start();
  auto before = table->snapshot();
  bindAll({"a", "b"}, "B");
  catchUp();
  EXPECT_EQ(before->names.size(), 1u);
  EXPECT_EQ(before->names.find("a")->second->revision, 1u);
  EXPECT_GT(table->snapshot()->revision, before->revision);
}

TEST_F(NameTableTest, ANameNeverGoesBack) {
  bindAll({"a"}, "A");
  bindAll({"a"}, "B");
  start();
  put("names/a", record(1));
  catchUp();
  EXPECT_EQ(text(), "a@2");
  breakWatches(net::compactedException(1));
  catchUp();
  EXPECT_EQ(text(), "a@2") << "nor when it is listed again";
  EXPECT_EQ(heard, "a@2");
}

TEST_F(NameTableTest, WhatWasMissedIsListedAgain) {
  bindAll({"a", "b", "c"}, "A");
  start();
  breakWatches(net::compactedException(1));
  bindAll({"a"}, "B");
  put("names/c", std::nullopt);
  bindAll({"d"}, "D");
  catchUp();
  EXPECT_EQ(text(), "a@2 b@1 d@1");
  EXPECT_EQ(heard, "a@1 b@1 c@1 | a@2 d@1") << "what was known is not told again";
  bindAll({"b"}, "B");
  catchUp();
  EXPECT_EQ(text(), "a@2 b@2 d@1") << "it watches again";
  EXPECT_TRUE(complaints.empty()) << complaints.front();
}

TEST_F(NameTableTest, AnotherStoreTakesThePlaceOfTheFirst) {
  for (int i = 0; i < 5; ++i)
    bindAll({"a", "b"}, std::to_string(i));
  start();
  store::SqliteStore second(clock.timer(), "");
  get(NameStore(second)
          .announce({bindingTo("a", "new")}, {{digestOf("new"), "new"}})
          .then([&](NameStore::Announced announced) {
            return NameStore(second).bind(std::move(announced)).ignoreResult();
          }));
  loop.poll();
  auto waits = table->reached(table->snapshot()->revision + 1);
  way.to = &second;
  way.breakWatches(kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__,
                                 kj::str("the cluster's store ", net::replacedWords)));
  catchUp();
  EXPECT_EQ(text(), "a@1");
  EXPECT_EQ(table->snapshot()->names.find("a")->second->digest, digestOf("new"));
  EXPECT_EQ(table->identity(), get(second.identity()));
  EXPECT_TRUE(says(failureOf(kj::mv(waits)), net::replacedWords))
      << "it was a revision of the first";
  EXPECT_TRUE(complaints.empty()) << complaints.front();
  table = nullptr; // before the second
}

TEST_F(NameTableTest, AStoreThatIsReplacedBetweenListingAndWatchingIsListedAgain) {
  bindAll({"a"}, "A");
  store::SqliteStore second(clock.timer(), "");
  get(second.commit({}, {{"names/b", record(1)}}));
  for (int i = 0; i < 10; ++i)
    get(second.commit({}, {{"other", std::to_string(i)}})); // it is ahead of the first
  way.replacedAfterListing = &second;
  start();
  catchUp();
  EXPECT_EQ(text(), "b@1");
  table = nullptr;
}

TEST_F(NameTableTest, WhatCannotBeReadIsToldAndLeftOut) {
  bindAll({"a", "b"}, "A");
  put("names/bad", "rubbish!");
  start();
  EXPECT_EQ(text(), "a@1 b@1");
  ASSERT_EQ(complaints.size(), 1u);
  EXPECT_TRUE(says(complaints[0], "bad: a record in the cluster's store can't be read: "));
  put("names/b", std::string(8, '\xff'));
  bindAll({"a"}, "B");
  catchUp();
  EXPECT_EQ(text(), "a@2 b@1") << "the last that could be read";
  ASSERT_EQ(complaints.size(), 2u);
  EXPECT_TRUE(says(complaints[1], "b: a record"));
}

TEST_F(NameTableTest, AStoreThatCannotBeReachedIsToldAndTriedAgain) {
  bindAll({"a"}, "A");
  way.isBroken = true;
  table = std::make_unique<NameTable>(
      way, clock.timer(), [](const std::vector<NamedBinding>&) {},
      [this](std::string complaint) { complaints.push_back(std::move(complaint)); });
  auto listed = table->listed();
  clock.advance(limits::storeRetry / 2, loop);
  EXPECT_FALSE(listed.poll(loop));
  ASSERT_EQ(complaints.size(), 1u);
  EXPECT_EQ(complaints[0], "the names of the cluster can't be read for now: nobody is there");
  way.isBroken = false;
  clock.advance(limits::storeRetry, loop);
  get(kj::mv(listed));
  EXPECT_EQ(text(), "a@1");
}

TEST_F(NameTableTest, WhoWaitsForARevisionIsToldWhenItIsThere) {
  start();
  auto last = bindAll({"a"}, "A");
  get(table->reached(last));
  EXPECT_EQ(text(), "a@1");
  auto next = table->reached(last + 2);
  put("names/b", record(1));
  loop.poll();
  EXPECT_FALSE(next.poll(loop));
  put("names/b", record(2));
  get(kj::mv(next));
  EXPECT_EQ(text(), "a@1 b@2");
}

} // namespace
} // namespace roam::test
