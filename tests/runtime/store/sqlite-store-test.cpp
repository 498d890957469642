// What only the embedded store has: its file and its limits.
#include "runtime/store/open-store.h"
#include "tests/runtime/store/sqlite-stores.h"
#include "tests/support/child-process.h"
#include <fstream>
#include <kj/debug.h>
#include <kj/vector.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace roam;
using namespace roam::test;

TEST_F(SqliteStores, AreThereAgainAfterARestart) {
  net::Revision last = 0;
  std::string identity;
  {
    auto store = open();
    identity = store->identity().wait(loop);
    put(*store, "a", "1").wait(loop);
    put(*store, "b", "1").wait(loop);
    last = store->commit({}, {{"b", std::nullopt}}).wait(loop).revision;
  }
  auto store = open();
  EXPECT_EQ(store->identity().wait(loop), identity);
  EXPECT_EQ(store->list("").wait(loop).revision, last);
  EXPECT_EQ(valueOf(*store, "a") + valueOf(*store, "b"), "1-");
  auto watch = store->watch("", last - 2);
  EXPECT_EQ(textOf(watch->next().wait(loop).events), "b=1 | b-") << "history is kept, too";
  EXPECT_EQ(put(*store, "a", "2").wait(loop).revision, last + 1);
}

TEST_F(SqliteStores, NeverGiveARevisionTwiceThoughHistoryWasForgotten) {
  store::StoreSpace none;
  none.historyBytes = 0;
  net::Revision last = 0;
  {
    auto store = open(none);
    put(*store, "a", "1").wait(loop);
    last = store->commit({}, {{"a", std::nullopt}}).wait(loop).revision;
  }
  auto store = open(none);
  EXPECT_EQ(put(*store, "b", "1").wait(loop).revision, last + 1);
}

TEST_F(SqliteStores, TellAWatchThatAnOlderCopyIsInTheirPlace) {
  auto store = open();
  put(*store, "a", "1").wait(loop);
  EXPECT_TRUE(has(failureOf(store->watch("a", 99)->next()), net::compactedWords));
}

TEST_F(SqliteStores, InMemoryAreGoneWithTheStore) {
  auto& timer = io.provider->getTimer();
  auto one = kj::heap<store::SqliteStore>(timer, ""), two = kj::heap<store::SqliteStore>(timer, "");
  put(*one, "a", "1").wait(loop);
  EXPECT_EQ(valueOf(*one, "a") + valueOf(*two, "a"), "1-");
  EXPECT_NE(one->identity().wait(loop), two->identity().wait(loop));
}

TEST_F(SqliteStores, OfOneFileAreOpenedOnce) {
  auto store = open();
  std::string why = failureToOpen();
  EXPECT_TRUE(has(why, path));
  EXPECT_TRUE(has(why, "is in use by another peer"));
  EXPECT_TRUE(has(why, ":" + std::to_string(getpid())));
  store = nullptr;
  ChildProcess other({ROAM_STORE_PROGRAM, path, "0"});
  other.line();
  EXPECT_TRUE(has(failureToOpen(), ":" + std::to_string(other.id())));
  other.kill();
  EXPECT_EQ(failureToOpen(), "it opened");
}

TEST_F(SqliteStores, CanBeReadByOthersForACopy) {
  auto store = open();
  put(*store, "a", "1").wait(loop);
  store::Database other(path);
  other.run("VACUUM INTO '" + path + "-copy'");
  put(*store, "a", "2").wait(loop);
  store::SqliteStore copy(io.provider->getTimer(), path + "-copy");
  EXPECT_EQ(valueOf(copy, "a"), "1");
  EXPECT_EQ(copy.identity().wait(loop), store->identity().wait(loop));
}

TEST_F(SqliteStores, SayWhatIsWrongWithTheirFile) {
  std::ofstream(path) << "this is a letter, and long enough to be mistaken for a database, it says "
                         "many things of no concern to anyone who would open a store";
  EXPECT_TRUE(has(failureToOpen(), "is damaged, or no store"));
  unlink(path.c_str());
  { store::Database(path).run("CREATE TABLE other (x)"); }
  EXPECT_TRUE(has(failureToOpen(), "is no store of Roam"));
  unlink(path.c_str());
  open();
  { store::Database(path).run("PRAGMA user_version = 77"); }
  EXPECT_TRUE(has(failureToOpen(), "was written by a later Roam (layout 77"));
}

TEST_F(SqliteStores, SayThatTheirFileIsDamagedWhenTheyMeetIt) {
  {
    auto store = open();
    for (int i = 0; i < 100; ++i)
      put(*store, "key" + std::to_string(i), std::string(1000, 'x')).wait(loop);
  }
  struct stat whole;
  ASSERT_EQ(stat(path.c_str(), &whole), 0);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096); // the header, and the list of tables, are spared
  file << std::string(std::size_t(whole.st_size) - 4096, '\xa5');
  file.close();
  std::string why = failureToOpen();
  if (why == "it opened") {
    auto store = open();
    why = failureOf(store->list(""));
  }
  EXPECT_TRUE(has(why, path + " is damaged"));
}

TEST_F(SqliteStores, SayThatTheirFileCannotBeWritten) {
  open();
  ASSERT_EQ(chmod(path.c_str(), 0444), 0);
  ASSERT_EQ(chmod(folder.path().c_str(), 0777), 0);
  ASSERT_EQ(chmod((path + "-lock").c_str(), 0666), 0);
  const bool isRoot = geteuid() == 0; // whom no mode stops
  if (isRoot)
    ASSERT_EQ(seteuid(65534), 0);
  std::string why = failureToOpen(), elsewhere;
  KJ_IF_MAYBE (failure, kj::runCatchingExceptions(
                            [this] { store::SqliteStore(io.provider->getTimer(), "/proc/store"); }))
    elsewhere = failure->getDescription().cStr();
  if (isRoot)
    ASSERT_EQ(seteuid(0), 0);
  EXPECT_TRUE(has(why, path + " can't be written"));
  EXPECT_TRUE(has(elsewhere, "the store in /proc/store can't be opened"));
}

TEST_F(SqliteStores, ThatAreFullAreReadOnly) {
  store::StoreSpace small;
  small.fileBytes = 256u << 10;
  auto store = open(small);
  put(*store, "a", "1").wait(loop);
  std::string why;
  for (int i = 0; i < 20 && why.empty(); ++i)
    why = failureOf(put(*store, "large" + std::to_string(i), std::string(50'000, 'x')));
  EXPECT_TRUE(has(why, "the store in " + path + " is full"));
  EXPECT_EQ(valueOf(*store, "a"), "1");
  for (int i = 0; i < 3; ++i)
    store->commit({}, {{"large" + std::to_string(i), std::nullopt}}).wait(loop);
}

TEST_F(SqliteStores, OnAFullDiskAreReadOnlyUntilThereIsRoom) {
  auto store = open();
  const net::Revision first = put(*store, "a", "1").wait(loop).revision;
  {
    FilesEndAt limit(128u << 10);
    std::string why;
    for (int i = 0; i < 50 && why.empty(); ++i)
      why = failureOf(put(*store, "b", std::string(10'000, 'x')));
    EXPECT_TRUE(has(why, "the store in " + path));
    EXPECT_TRUE(has(why, "nothing was written"));
    EXPECT_EQ(valueOf(*store, "a"), "1");
    EXPECT_EQ(store->watch("a", first - 1)->next().wait(loop).events.size(), 1u);
  }
  EXPECT_EQ(failureOf(put(*store, "a", "2")), "");
  EXPECT_EQ(valueOf(*store, "a"), "2");
  store = nullptr;
  EXPECT_EQ(valueOf(*open(), "a"), "2");
}

TEST_F(SqliteStores, TakeTheOtherWritesOfATransactionThatFailed) {
  store::StoreSpace small;
  small.fileBytes = 256u << 10;
  auto store = open(small);
  auto watch = store->watch("", 0);
  kj::Vector<kj::Promise<net::Committed>> commits;
  for (int i = 0; i < 8; ++i) // they wait together, and the large one fits in no file
    commits.add(put(*store, "k" + std::to_string(i),
                    i == 4 ? std::string(400'000, 'x') : std::to_string(i)));
  std::string done;
  for (auto& commit : commits)
    done += failureOf(kj::mv(commit)).empty() ? "+" : "-";
  EXPECT_EQ(done, "++++-+++");
  std::vector<net::StoreEvent> seen;
  while (seen.size() < 7)
    for (auto& event : watch->next().wait(loop).events)
      seen.push_back(event);
  EXPECT_EQ(textOf(seen), "k0=0 | k1=1 | k2=2 | k3=3 | k5=5 | k6=6 | k7=7");
  EXPECT_EQ(store->list("").wait(loop).revision, 7u);
}

TEST_F(SqliteStores, RefuseMoreThanTheyCanKeepWaiting) {
  auto store = open();
  kj::Vector<kj::Promise<net::Committed>> commits;
  const std::string value(limits::storeValueBytes, 'x');
  for (std::size_t i = 0; i < limits::storeBytesWaiting / value.size() + 2; ++i)
    commits.add(put(*store, "a", value));
  std::size_t refused = 0;
  for (auto& commit : commits)
    KJ_IF_MAYBE (failure, kj::runCatchingExceptions([&] { commit.wait(loop); })) {
      EXPECT_EQ(failure->getType(), kj::Exception::Type::OVERLOADED);
      ++refused;
    }
  EXPECT_GE(refused, 1u);
  EXPECT_LE(refused, 2u);
}

TEST_F(SqliteStores, FailWhatStillWaitsForThem) {
  auto store = open();
  auto watch = store->watch("a", 0);
  auto next = watch->next();
  auto commit = put(*store, "b", "1");
  auto grant = store->grant(1 * kj::SECONDS);
  store = nullptr;
  EXPECT_TRUE(has(failureOf(kj::mv(next)), "the store is closed"));
  EXPECT_TRUE(has(failureOf(kj::mv(commit)), "the store is closed"));
  EXPECT_TRUE(has(failureOf(kj::mv(grant)), "the store is closed"));
  EXPECT_TRUE(has(failureOf(watch->next()), "the store is closed"));
}

TEST_F(SqliteStores, SayWhichNamesAreStores) {
  auto fails = [&](const std::string& where, const std::string& cluster = "c") {
    KJ_IF_MAYBE (failure, kj::runCatchingExceptions([&] { store::openStore(io, where, cluster); }))
      return std::string(failure->getDescription().cStr());
    return std::string("it opened");
  };
  EXPECT_EQ(fails("memory"), "it opened");
  EXPECT_EQ(fails("sqlite:" + path), "it opened");
  EXPECT_EQ(fails("etcd://127.0.0.1:1"), "it opened") << "etcd is reached when it is needed";
  EXPECT_TRUE(has(fails("redis://x"), "'redis://x' is no store"));
  EXPECT_TRUE(has(fails("sqlite:"), "is no store"));
  EXPECT_TRUE(has(fails("etcd://"), "names no etcd"));
  EXPECT_TRUE(has(fails("etcd://10.1.1.1:2379"), "10.1.1.1"));
  EXPECT_TRUE(has(fails("etcd://127.0.0.1:1", "a/b"), "'a/b'"));
}
