// Options of a call, and calls from several threads.
#include "tests/e2e/gate.h"
#include "tests/e2e/shared-peers.h"
#include <cmath>
#include <numeric>
#include <ranges>
#include <set>
#include <string>
#include <thread>

namespace roam::e2e {
namespace {

using namespace std::chrono_literals;

class OptionsOfACall : public SharedPeers {};
class Threads : public SharedPeers {};

TEST_F(OptionsOfACall, ChunkSaysHowManyElementsAreSentAtATime) {
  Options options;
  options.chunk = 7;
  auto places = cluster().map(
      std::views::iota(0, 30), [place = -1](int) mutable { return ++place; }, options);
  for (int i = 0; i < 30; ++i)
    EXPECT_EQ(places[std::size_t(i)], i % 7);
}

TEST_F(OptionsOfACall, ProgressRisesToTheTotalOnTheCallersThread) {
  std::vector<Progress> seen;
  std::set<std::thread::id> threads;
  Options options;
  options.chunk = 10;
  options.progress = [&](const Progress& progress) {
    seen.push_back(progress);
    threads.insert(std::this_thread::get_id());
  };
  cluster().map(
      std::views::iota(0, 1000), [](int x) { return x; }, options);
  ASSERT_EQ(seen.size(), 100u);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i].total, 1000u);
    EXPECT_EQ(seen[i].done, 10 * (i + 1));
  }
  EXPECT_EQ(threads, std::set{std::this_thread::get_id()});
}

TEST_F(OptionsOfACall, ProgressIsToldByUnorderedMapsAndReductionsToo) {
  std::uint64_t last = 0;
  Options options;
  options.progress = [&](const Progress& progress) {
    EXPECT_GT(progress.done, last);
    last = progress.done;
  };
  for (auto& each : cluster().mapUnordered(
           std::views::iota(0, 500), [](int x) { return x; }, std::move(options)))
    (void)each;
  EXPECT_EQ(last, 500u);
  std::uint64_t reduced = 0;
  Options more;
  more.progress = [&](const Progress& progress) { reduced = progress.done; };
  cluster().mapReduce(
      std::views::iota(0, 500), [](int x) { return x; }, std::plus<>(), 0, more);
  EXPECT_EQ(reduced, 500u);
}

TEST_F(OptionsOfACall, AnExceptionOfProgressEndsTheMap) {
  Options options;
  options.chunk = 1;
  options.progress = [](const Progress& progress) {
    if (progress.done == 3)
      throw std::domain_error("enough");
  };
  EXPECT_THROW(cluster().map(
                   std::views::iota(0, 1000), [](int x) { return x; }, options),
               std::domain_error);
  EXPECT_EQ(cluster().map(std::vector{1}, [](int x) { return x; }), std::vector{1});
}

TEST_F(OptionsOfACall, ADeadlineOfNothingIsATimeoutAndOneOfAgesIsNone) {
  auto next = [](int x) { return x + 1; };
  for (double none : {0.0, -5.0, std::nan("")}) {
    Options options;
    options.deadline = Duration{none};
    EXPECT_THROW(cluster().map(std::views::iota(0, 100'000), next, options), Timeout) << none;
  }
  Options options;
  options.deadline = Duration{1e300};
  EXPECT_EQ(cluster().map(std::vector{1, 2}, next, options), (std::vector{2, 3}));
}

TEST_F(OptionsOfACall, AClusterThatWasMovedFromSaysSo) {
  Cluster other = roam::connect(peers().addresses());
  Cluster moved = std::move(other);
  EXPECT_EQ(moved.async([] { return 7; }).get(), 7);
  EXPECT_THROW(other.peers(), Error);
}

TEST_F(OptionsOfACall, ADeadlineThatPassesIsATimeout) {
  Gate gate;
  Options options;
  options.deadline = 100ms;
  auto wait = [entrance = gate.entrance()](int x) {
    entrance.wait();
    return x;
  };
  try {
    cluster().map(std::views::iota(0, 100), wait, options);
    FAIL() << "the gate is closed";
  } catch (const Timeout& timeout) {
    EXPECT_NE(std::string(timeout.what()).find("deadline of 0.1 s"), std::string::npos)
        << timeout.what();
  }
}

TEST_F(Threads, MayCallAtTheSameTime) {
  std::vector<std::thread> threads;
  std::vector<std::string> wrong(6);
  for (std::size_t t = 0; t < wrong.size(); ++t)
    threads.emplace_back([t, &said = wrong[t]] {
      try {
        for (int round = 0; round < 10; ++round) {
          auto twice = [t](int x) { return x * 2 + int(t); };
          if (cluster().map(std::views::iota(0, 300), twice) !=
              loop(std::views::iota(0, 300), twice))
            said = "map";
          if (cluster().async(twice, round).get() != round * 2 + int(t))
            said = "async";
          if (cluster().mapReduce(std::views::iota(0, 300), twice, std::plus<>(), 0) !=
              300 * 299 + 300 * int(t))
            said = "mapReduce";
        }
      } catch (const std::exception& error) {
        said = error.what();
      }
    });
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(wrong, std::vector<std::string>(6));
}

TEST_F(Threads, MayHaveClustersOfTheirOwn) {
  std::vector<std::thread> threads;
  std::vector<int> sums(4);
  for (std::size_t t = 0; t < sums.size(); ++t)
    threads.emplace_back([&sum = sums[t]] {
      Cluster own = connect(peers().addresses());
      sum = own.mapReduce(
          std::views::iota(0, 100), [](int x) { return x; }, std::plus<>(), 0);
    });
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(sums, std::vector<int>(4, 4950));
}

TEST_F(Threads, AreNotNeededToMoveACluster) {
  Cluster own = connect(peers().addresses());
  auto future = own.async([] { return 7; });
  Cluster moved = std::move(own);
  EXPECT_EQ(future.get(), 7);
  EXPECT_EQ(moved.async([] { return 8; }).get(), 8);
}

} // namespace
} // namespace roam::e2e
