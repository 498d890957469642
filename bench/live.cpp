// Names in a running cluster.
#include "bench/live.h"
#include "bench/measure.h"
#include "bench/peers.h"
#include <atomic>
#include <roam/live.h>
#include <roam/roam.h>
#include <string>
#include <thread>
#include <utility>

namespace roam::bench {
namespace {

constexpr int rounds = 7, pushes = 20, manyNames = 200;
constexpr int clients = 4;
constexpr double updateSeconds = 60, updateEvery = 0.1;

/// A peer, and more that joined it.
class JoinedPeers {
 public:
  explicit JoinedPeers(const std::string& cache) : first_(1, cache) {}
  void add(const std::string& cache) {
    more_.push_back(
        std::make_unique<Peers>(1, cache, std::vector<std::string>{"--join", first_.addresses()}));
  }
  const std::string& first() const { return first_.addresses(); }
  const std::string& last() const { return more_.back()->addresses(); }

 private:
  Peers first_;
  std::vector<std::unique_ptr<Peers>> more_;
};

/// Each N is other code.
template <int N>
double pushAndCall(Cluster& cluster, std::vector<double>& calls) {
  auto live = cluster.live<int(int)>("pushed");
  double start = now();
  cluster.publish("pushed", [](int x) { return x * (N + 3) + N; });
  double published = now();
  require(live(2) == 2 * (N + 3) + N, "push");
  double end = now();
  calls.push_back(end - published);
  return end - start;
}

template <int... N>
std::vector<double> pushAll(Cluster& cluster, std::vector<double>& calls,
                            std::integer_sequence<int, N...>) {
  return {pushAndCall<N>(cluster, calls)...};
}

} // namespace

namespace {

void benchPush(const std::string& name) {
  std::vector<double> medians, processor, calls;
  for (int i = 0; i < rounds; ++i) {
    TemporaryFolder folder;
    JoinedPeers peers(folder.path() + "/a");
    peers.add(folder.path() + "/b");
    Cluster cluster = connect(peers.first());
    cluster.publish("warm", [](int x) { return x; });
    require(cluster.live<int(int)>("warm")(1) == 1, "push");
    std::vector<double> seconds;
    Cost cost = costOf(
        [&] { seconds = pushAll(cluster, calls, std::make_integer_sequence<int, pushes>()); });
    medians.push_back(median(seconds));
    processor.push_back(cost.processor / pushes);
  }
  print(name, median(medians) * 1e3, "ms");
  print(name + ".call", median(calls) * 1e3, "ms");
  print(name + ".cpu", median(processor) * 1e3, "ms");
}

} // namespace

void benchPush() {
  TemporaryFolder folder;
  std::string bundle = folder.path() + "/bundle.roam";
  bundleOfThisProgram(bundle);
  setenv("ROAM_BUNDLE", bundle.c_str(), 1);
  benchPush("push");
  unsetenv("ROAM_BUNDLE");
}

void benchPushCompile() {
  benchPush("push-compile");
}

void benchLiveCall() {
  TemporaryFolder folder;
  Peers peers(1, folder.path() + "/cache");
  Cluster cluster = connect(peers.addresses());
  Member peer = cluster.peers().at(0);
  auto noop = [](std::uint64_t x) { return x + 1; };
  cluster.publish("noop", noop);
  auto live = cluster.live<std::uint64_t(std::uint64_t)>("noop");

  auto byName = [&](std::uint64_t i) { return live(i); };
  auto plain = [&](std::uint64_t i) { return cluster.async(noop, i).get(); };
  compareCalls("live-call", byName, plain);
}

namespace {

template <int N>
void publishNumbered(Cluster& cluster) {
  cluster.publish("name/" + std::to_string(N), [](int x) { return x * (N + 5) - N; });
}
template <int... N>
void publishMany(Cluster& cluster, std::integer_sequence<int, N...>) {
  (publishNumbered<N>(cluster), ...);
}

} // namespace

void benchLateJoiner() {
  TemporaryFolder folder;
  JoinedPeers peers(folder.path() + "/first");
  Cluster cluster = connect(peers.first());
  publishMany(cluster, std::make_integer_sequence<int, manyNames>());
  std::vector<double> seconds;
  for (int round = 0; round < rounds; ++round) {
    double start = now();
    peers.add(folder.path() + "/late" + std::to_string(round));
    Cluster late = connect(peers.last());
    Member peer = late.peers().at(0);
    require(late.on(
                peer, [](int x) { return x + 1; }, 1) == 2,
            "late-joiner");
    seconds.push_back(now() - start);
  }
  print("late-joiner", median(seconds) * 1e3, "ms");
}

namespace {

/// What one client saw.
struct Seen {
  std::uint64_t calls = 0, errors = 0, mixed = 0, back = 0;
};

Seen callAllTheTime(const std::string& address, const std::atomic<bool>& ends) {
  Seen seen;
  Cluster cluster = connect(address);
  auto left = cluster.live<std::uint64_t()>("left"), right = cluster.live<std::uint64_t()>("right");
  std::uint64_t last = 0;
  while (!ends)
    try {
      std::uint64_t now = left();
      seen.back += now < last;
      last = now;
      now = right();
      seen.back += now < last;
      last = now;
      Names moment = cluster.names();
      seen.mixed +=
          moment.live<std::uint64_t()>("left")() != moment.live<std::uint64_t()>("right")();
      seen.calls += 4;
    } catch (const Error& error) {
      if (seen.errors++ == 0)
        std::fprintf(stderr, "update: %s\n", error.what());
    }
  return seen;
}

} // namespace

void benchUpdate() {
  TemporaryFolder folder;
  JoinedPeers peers(folder.path() + "/a");
  peers.add(folder.path() + "/b");
  Cluster cluster = connect(peers.first());
  std::uint64_t revision = 1;
  auto publish = [&] {
    cluster.publish(
        "left", [revision] { return revision; }, "right", [revision] { return revision; });
  };
  publish();
  std::atomic<bool> ends = false;
  std::vector<Seen> seen(clients);
  std::vector<std::thread> threads;
  for (int i = 0; i < clients; ++i)
    threads.emplace_back(
        [&, i] { seen[i] = callAllTheTime(i % 2 ? peers.first() : peers.last(), ends); });
  double start = now();
  std::vector<double> seconds;
  for (double next = start; next < start + updateSeconds; next += updateEvery) {
    std::this_thread::sleep_for(std::chrono::duration<double>(next - now()));
    ++revision;
    double begin = now();
    publish();
    seconds.push_back(now() - begin);
  }
  ends = true;
  Seen all;
  for (int i = 0; i < clients; ++i) {
    threads[i].join();
    all.calls += seen[i].calls;
    all.errors += seen[i].errors;
    all.mixed += seen[i].mixed;
    all.back += seen[i].back;
  }
  print("update-errors", double(all.errors), "errors");
  print("update-mixed", double(all.mixed + all.back), "calls");
  print("update.calls", double(all.calls), "calls");
  print("update.revisions", double(revision), "revisions");
  print("update.publish", median(seconds) * 1e3, "ms");
}

} // namespace roam::bench
