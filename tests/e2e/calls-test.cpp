// mapUnordered, mapReduce, async, on, onAll and peers.
#include "tests/e2e/gate.h"
#include "tests/e2e/shared-peers.h"
#include <atomic>
#include <numeric>
#include <ranges>
#include <set>
#include <string>
#include <unistd.h>

namespace roam::e2e {
namespace {

using namespace std::chrono_literals;

class Calls : public SharedPeers {};
class Reduction : public SharedPeers {};
class Async : public SharedPeers {};
class OnePeer : public SharedPeers {};

std::vector<int> firstNumbers(int count) {
  std::vector<int> numbers(std::size_t(count), 0);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

// --- mapUnordered ------------------------------------------------------------------------------

TEST_F(Calls, MapUnorderedGivesEachIndexOnce) {
  std::set<std::uint64_t> seen;
  std::vector<int> numbers = firstNumbers(5000);
  for (auto& [index, value] : cluster().mapUnordered(numbers, [](int x) { return x * 3; })) {
    EXPECT_TRUE(seen.insert(index).second) << index;
    EXPECT_EQ(value, 3 * int(index));
  }
  EXPECT_EQ(seen.size(), numbers.size());
}

TEST_F(Calls, MapUnorderedKeepsATemporaryRange) {
  std::uint64_t lengths = 0, results = 0;
  for (auto& [index, value] : cluster().mapUnordered(
           std::vector<std::string>(300, "four"), [](const std::string& s) { return s + "!"; })) {
    lengths += value.size();
    ++results;
  }
  EXPECT_EQ(results, 300u);
  EXPECT_EQ(lengths, 1500u);
  std::uint64_t sum = 0;
  for (auto& each : cluster().mapUnordered(std::views::iota(0, 100), [](int x) { return x; }))
    sum += std::uint64_t(each.value);
  EXPECT_EQ(sum, 4950u);
}

TEST_F(Calls, MapUnorderedOfNothingGivesNothing) {
  for (auto& each : cluster().mapUnordered(std::vector<int>(), [](int x) { return x; }))
    ADD_FAILURE() << each.index;
}

TEST_F(Calls, MapUnorderedThatIsDroppedEarlyLeavesTheRestUndone) {
  auto elementsDone = [] {
    return peers()[0].counters().elementsDone + peers()[1].counters().elementsDone;
  };
  std::uint64_t before = elementsDone();
  {
    Gate gate;
    Options oneEach;
    oneEach.chunk = 1;
    auto waitButFirst = [entrance = gate.entrance()](int x) {
      if (x > 0)
        entrance.wait();
      return x;
    };
    auto results = cluster().mapUnordered(firstNumbers(10'000), waitButFirst, std::move(oneEach));
    EXPECT_EQ((*results.begin()).value, 0);
  }
  cluster().onAll([] { return 0; }); // comes behind what had begun
  EXPECT_LT(elementsDone() - before, 100u);
}

// --- mapReduce ---------------------------------------------------------------------------------

TEST_F(Reduction, EqualsTheFold) {
  std::vector<int> numbers = firstNumbers(12'345);
  EXPECT_EQ(cluster().mapReduce(
                numbers, [](int x) { return std::int64_t(x) * x; }, std::plus<>(), std::int64_t(5)),
            std::accumulate(numbers.begin(), numbers.end(), std::int64_t(5),
                            [](std::int64_t sum, int x) { return sum + std::int64_t(x) * x; }));
}

TEST_F(Reduction, FoldsFromLeftToRight) {
  auto concatenate = [](std::string a, const std::string& b) { return std::move(a) + b; };
  std::string expected = "<";
  for (int i = 0; i < 2000; ++i)
    expected += std::to_string(i);
  EXPECT_EQ(cluster().mapReduce(
                firstNumbers(2000), [](int x) { return std::to_string(x); }, concatenate,
                std::string("<")),
            expected);
}

TEST_F(Reduction, OfNothingIsTheStart) {
  EXPECT_EQ(cluster().mapReduce(
                std::vector<int>(), [](int x) { return x; }, std::plus<>(), 42),
            42);
}

TEST_F(Reduction, TakesAFunctionWithCaptures) {
  int modulus = 97;
  auto add = [modulus](int a, int b) { return (a + b) % modulus; };
  EXPECT_EQ(cluster().mapReduce(
                firstNumbers(1000), [](int x) { return x; }, add, 0),
            499'500 % modulus);
}

TEST_F(Reduction, OfFloatingPointIsTheSameOnOneTwoAndThreePeers) {
  std::vector<double> numbers;
  for (int i = 0; i < 20'000; ++i)
    numbers.push_back(1.0 / (1 + i * 7919 % 20'011));
  Peers three(3);
  std::set<double> sums;
  for (std::string addresses :
       {three[0].address(), three[1].address() + "," + three[2].address(), three.addresses()}) {
    Cluster some = connect(addresses);
    for (int repeat = 0; repeat < 3; ++repeat)
      sums.insert(some.mapReduce(
          numbers, [](double x) { return x * 1.1; }, std::plus<>(), 0.0));
  }
  EXPECT_EQ(sums.size(), 1u);
}

// --- async -------------------------------------------------------------------------------------

TEST_F(Async, GivesTheResult) {
  EXPECT_EQ(cluster()
                .async([](int a, const std::string& b) { return b + std::to_string(a); }, 7,
                       std::string("seven "))
                .get(),
            "seven 7");
}

TEST_F(Async, OfNoResultIsWaitedFor) {
  Gate gate;
  std::string path = gate.entrance().path;
  cluster().async([path] { std::remove(path.c_str()); }).get();
  EXPECT_TRUE(gate.entrance().isOpen());
}

TEST_F(Async, GivesAResultThatOnlyMoves) {
  auto pointer = cluster().async([] { return std::make_unique<int>(5); }).get();
  EXPECT_EQ(*pointer, 5);
}

TEST_F(Async, WaitForTellsWhetherTheResultIsHere) {
  Gate gate;
  auto future = cluster().async([entrance = gate.entrance()] {
    entrance.wait();
    return 5;
  });
  EXPECT_FALSE(future.waitFor(1ms));
  gate.open();
  EXPECT_TRUE(future.waitFor(60s));
  EXPECT_EQ(future.get(), 5);
}

TEST_F(Async, ThatIsCancelledThrowsCancelled) {
  Gate gate;
  auto future = cluster().async([entrance = gate.entrance()] {
    entrance.wait();
    return 5;
  });
  future.cancel();
  EXPECT_TRUE(future.waitFor(60s));
  EXPECT_THROW(future.get(), Cancelled);
}

TEST_F(Async, ThatIsCancelledWhenCompleteGivesItsResult) {
  auto future = cluster().async([] { return 5; });
  future.wait();
  future.cancel();
  EXPECT_EQ(future.get(), 5);
}

TEST_F(Async, ThatIsDroppedDisturbsNothing) {
  for (int i = 0; i < 50; ++i)
    (void)cluster().async([](int x) { return x; }, i);
  EXPECT_EQ(cluster().async([] { return 1; }).get(), 1);
}

TEST_F(Async, TwoHundredAtOnceGiveTheirOwnResults) {
  std::vector<Future<std::string>> futures;
  for (int i = 0; i < 200; ++i)
    futures.push_back(cluster().async([](int x) { return std::to_string(x * x); }, i));
  for (int i = 199; i >= 0; --i)
    EXPECT_EQ(futures[std::size_t(i)].get(), std::to_string(i * i));
}

TEST_F(Async, ThatRunsWhenItsClusterIsDestroyedThrowsCancelled) {
  Gate gate;
  auto own = std::make_unique<Cluster>(connect(peers().addresses()));
  auto future = own->async([entrance = gate.entrance()] {
    entrance.wait();
    return 5;
  });
  own = nullptr;
  EXPECT_THROW(future.get(), Cancelled);
}

// --- on, onAll, peers --------------------------------------------------------------------------

TEST_F(OnePeer, PeersSayWhoTheyAre) {
  std::vector<Member> all = cluster().peers();
  ASSERT_EQ(all.size(), 2u);
  for (unsigned i = 0; i < 2; ++i) {
    EXPECT_EQ(all[i].index, i);
    EXPECT_EQ(all[i].workers, 1u);
    EXPECT_TRUE(all[i].name.ends_with(":" + std::to_string(peers()[i].id()))) << all[i].name;
    EXPECT_EQ(all[i].address, peers()[i].address());
  }
}

TEST_F(OnePeer, OnRunsThere) {
  for (const Member& peer : cluster().peers())
    EXPECT_EQ(cluster().on(
                  peer, [](int more) { return getppid() + more; }, 1),
              peers()[peer.index].id() + 1);
}

TEST_F(OnePeer, OnAllGivesOneResultAPeer) {
  auto results = cluster().onAll([] { return getppid(); });
  ASSERT_EQ(results.size(), 2u);
  for (auto& [peer, result] : results)
    EXPECT_EQ(result.get(), peers()[peer.index].id());
}

TEST_F(OnePeer, AnErrorOnOnePeerDoesNotHideTheOthersOfOnAll) {
  auto results = cluster().onAll([bad = peers()[0].id()] {
    if (getppid() == bad)
      throw std::invalid_argument("not here");
    return 1;
  });
  ASSERT_EQ(results.size(), 2u);
  EXPECT_THROW(results[0].result.get(), std::invalid_argument);
  EXPECT_EQ(results[1].result.get(), 1);
}

} // namespace
} // namespace roam::e2e
