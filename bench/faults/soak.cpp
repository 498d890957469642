#include "bench/faults/soak.h"
#include "bench/faults/soak-cluster.h"
#include "bench/measure.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <numeric>
#include <optional>
#include <roam/live.h>
#include <roam/roam.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace roam::bench {
namespace {

using namespace std::chrono_literals;

/// Each call has this deadline; one that has not ended `grace` later hangs.
constexpr double deadline = 30, grace = 15;

/// A thread that makes one call after the other, until it is told to rest or to end.
class SoakClient {
 public:
  /// `call` makes a call, and says whether its result is right. Its errors are counted, no more: a
  /// cluster that loses peer after peer may run out of tries.
  SoakClient(std::string name, std::function<bool()> call)
      : name_(std::move(name)), call_(std::move(call)), thread_([this] { run(); }) {}
  ~SoakClient() {
    ends_ = true;
    thread_.join();
  }
  SoakClient(const SoakClient&) = delete;

  void rest(bool rests) { rests_ = rests; }
  bool isResting() const { return rests_ && began_ == 0; }
  /// Whether the call that it makes should have ended.
  bool hangs() const {
    const double began = began_;
    return began > 0 && now() - began > deadline + grace;
  }
  const std::string& name() const { return name_; }

  std::atomic<std::uint64_t> calls = 0, wrong = 0, errors = 0;

 private:
  void run() {
    while (!ends_) {
      if (rests_) {
        std::this_thread::sleep_for(10ms);
        continue;
      }
      began_ = now();
      try {
        wrong += !call_();
      } catch (const std::exception& error) {
        if (errors++ < 5)
          std::fprintf(stderr, "%s: %s\n", name_.c_str(), error.what());
      }
      ++calls;
      began_ = 0;
    }
  }

  const std::string name_;
  const std::function<bool()> call_;
  std::atomic<bool> rests_ = false, ends_ = false;
  std::atomic<double> began_ = 0; ///< 0: none runs
  std::thread thread_;
};

Options withinDeadline() {
  Options options;
  options.deadline = Duration(deadline);
  options.retries = 10;
  return options;
}

/// Some hundred elements of some milliseconds.
bool mapIsRight(Cluster& cluster, std::uint64_t round) {
  std::vector<std::uint64_t> input(100 + round * 37 % 400);
  std::iota(input.begin(), input.end(), round);
  auto results = cluster.map(
      input,
      [round](std::uint64_t x) {
        std::this_thread::sleep_for(2ms); // the work
        return x * x + round;
      },
      withinDeadline());
  for (std::size_t i = 0; i < input.size(); ++i)
    if (results.at(i) != input[i] * input[i] + round)
      return false;
  return results.size() == input.size();
}

/// One megabyte there and back.
bool bytesAreRight(Cluster& cluster, std::uint64_t round) {
  std::vector<std::vector<std::uint64_t>> input(8, std::vector<std::uint64_t>(16'384, round));
  auto results = cluster.map(
      input,
      [](std::vector<std::uint64_t> numbers) {
        for (auto& x : numbers)
          x = x * 3 + 1;
        return numbers;
      },
      withinDeadline());
  for (auto& numbers : results)
    if (numbers != std::vector<std::uint64_t>(16'384, round * 3 + 1))
      return false;
  return results.size() == input.size();
}

/// Code that ends its worker, and is refused after that: an error each time.
bool isBlamedForItsCrash(Cluster& cluster) {
  std::this_thread::sleep_for(100ms); // others need workers, too
  try {
    cluster.async([] { std::abort(); }).get();
    return false;
  } catch (const Error&) {
    return true;
  }
}

/// A name that is bound to ever larger numbers gives the last of them.
class NamedNumber {
 public:
  explicit NamedNumber(Cluster& cluster) : cluster_(cluster) {
    publish();
    named_.emplace(cluster_.live<std::uint64_t()>("soak.number"));
  }
  bool isRight() {
    if (++calls_ % 50 == 0)
      publish();
    const std::uint64_t number = (*named_)();
    return number >= std::exchange(least_, number);
  }

 private:
  void publish() {
    const std::uint64_t number = ++next_;
    cluster_.publish("soak.number", [number] { return number; });
    least_ = number;
  }

  Cluster& cluster_;
  std::optional<Live<std::uint64_t()>> named_;
  std::uint64_t next_ = 0, calls_ = 0;
  std::uint64_t least_ = 0; ///< what it must give now, at least
};

/// The program and the cluster at rest.
struct Held {
  double descriptors, megabytes;
};
Held heldBy(pid_t keeper) {
  return {double(descriptorsOf(keeper) + descriptorsOf(getpid())),
          double(memoryOf(keeper)) / (1 << 20)};
}

template <class Condition>
bool await(double seconds, const Condition& condition) {
  for (double end = now() + seconds; !condition();) {
    if (now() > end)
      return false;
    std::this_thread::sleep_for(10ms);
  }
  return true;
}

} // namespace

void benchSoak(double minutes, std::uint64_t seed) {
  SoakCluster peers(seed);
  Cluster first = connect(peers.addresses()), second = connect(peers.addresses());
  NamedNumber number(first);
  std::uint64_t rounds[3] = {};
  std::vector<std::unique_ptr<SoakClient>> clients;
  auto add = [&](const char* name, std::function<bool()> call) {
    clients.push_back(std::make_unique<SoakClient>(name, std::move(call)));
  };
  add("map", [&] { return mapIsRight(first, ++rounds[0]); });
  add("bytes", [&] { return bytesAreRight(second, ++rounds[1]); });
  add("name", [&] { return number.isRight(); });
  add("call", [&] {
    const std::uint64_t x = ++rounds[2];
    auto future = second.async([](std::uint64_t y) { return y * 7; }, x);
    return future.get() == x * 7;
  });

  add("crash", [&] { return isBlamedForItsCrash(second); });

  auto rest = [&] {
    for (auto& client : clients)
      client->rest(true);
    peers.heal();
    bool allRest = await(deadline + grace + 1, [&] {
      return std::ranges::all_of(clients, [](auto& client) { return client->isResting(); });
    });
    std::this_thread::sleep_for(5s); // what was lost is noticed, and let go of
    return allRest;
  };
  auto run = [&](double seconds) {
    for (auto& client : clients)
      client->rest(false);
    await(seconds, [&] {
      peers.disturb();
      return std::ranges::any_of(clients, [](auto& client) { return client->hangs(); });
    });
    return rest();
  };

  const double warm = std::min(60.0, minutes * 30);
  bool ended = run(warm);
  const Held before = heldBy(peers.keeper());
  ended = ended && run(minutes * 60 - warm);
  const Held after = heldBy(peers.keeper());
  double wrong = 0, hung = 0, calls = 0, errors = 0;
  for (auto& client : clients) {
    wrong += double(client->wrong);
    calls += double(client->calls);
    errors += double(client->errors);
    hung += !client->isResting();
  }
  print("soak-wrong", wrong, "results");
  print("soak-hung", hung, "calls");
  print("soak-leaked", std::max(0.0, after.descriptors - before.descriptors), "descriptors");
  print("soak.memory", after.megabytes / before.megabytes, "ratio");
  print("soak.minutes", minutes, "min");
  print("soak.faults", peers.faults(), "faults");
  print("soak.calls", calls, "calls");
  print("soak.errors", errors, "calls");
  if (!ended)
    std::_Exit(3); // threads that hang can't be joined
}

} // namespace roam::bench
