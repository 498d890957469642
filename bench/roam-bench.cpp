// The benchmarks of docs/performance.md: each prints its figure as a ratio against a baseline in
// the same run.
//
//   roam-bench [NAME...]     call small cpu data first-call-compile first-call-cached
//                          first-call-peer first-call-object once slice-size
//                          kernel-saxpy kernel-dot kernel-poly kernel-bs unload linked
//                          push live-call late-joiner update; default:
//                          all
//
// Rounds of Roam and of the baseline alternate, so that what the machine does besides hits both
// alike; figures are medians. Beside each stands the processor time of all processes that took part
// (`NAME.cpu`).
#include "bench/baseline.h"
#include "bench/calls.h"
#include "bench/discovery.h"
#include "bench/first-calls.h"
#include "bench/kernels.h"
#include "bench/linked.h"
#include "bench/live.h"
#include "bench/measure.h"
#include "bench/peer-kernels.h"
#include "bench/peers.h"
#include "bench/push-command.h"
#include "bench/starts.h"
#include "bench/store.h"
#include "bench/unloading.h"
#include "jit/slice/manifest.h"
#include "net/slice-packing.h"
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <roam/roam.h>

namespace roam::bench {
namespace {

constexpr int rounds = 7;

/// Two baseline processes and the connections to them.
struct BaselinePair {
  kj::AsyncIoContext io = kj::setupAsyncIo();
  BaselineProcess processes[2];
  BaselineClient first{io, processes[0].port()}, second{io, processes[1].port()};
  Baseline::Client servers[2] = {first.server(), second.server()};

  /// Sends `count` calls, two outstanding a server, each begun by `send(server, index)`.
  template <class Send>
  void pump(std::size_t count, const Send& send) {
    std::size_t next = 0;
    std::function<kj::Promise<void>(Baseline::Client&)> lane =
        [&](Baseline::Client& server) -> kj::Promise<void> {
      if (next == count)
        return kj::READY_NOW;
      return send(server, next++).then([&] { return lane(server); });
    };
    kj::Vector<kj::Promise<void>> lanes;
    for (int i = 0; i < 2; ++i)
      for (auto& server : servers)
        lanes.add(lane(server));
    kj::joinPromises(lanes.releaseAsArray()).wait(io.waitScope);
  }
};

/// Ratio of two series of costs, with the medians behind it.
void printRatio(const std::string& name, const std::vector<Cost>& roam,
                const std::vector<Cost>& base) {
  std::vector<double> wall, processor;
  for (std::size_t i = 0; i < roam.size(); ++i) {
    wall.push_back(roam[i].wall / base[i].wall);
    processor.push_back(roam[i].processor / base[i].processor);
  }
  print(name, median(wall), "ratio");
  print(name + ".cpu", median(processor), "ratio");
}

// --- small: x*x+7 over a million integers on two peers, over raw Cap'n Proto moving the same bytes
// -

void benchSmall() {
  constexpr std::size_t count = 1'000'000, part = 32'768;
  TemporaryFolder folder;
  Peers peers(2, folder.path() + "/cache");
  Cluster cluster = connect(peers.addresses());
  BaselinePair base;

  std::vector<std::int64_t> input(count), output;
  std::iota(input.begin(), input.end(), 0);
  auto right = [&](const std::vector<std::int64_t>& results) {
    for (std::size_t i = 0; i < count; i += 997)
      if (results[i] != square(input[i], 7))
        return false;
    return results.size() == count;
  };
  auto viaRoam = [&] {
    std::int64_t offset = 7;
    output = cluster.map(input, [offset](std::int64_t x) { return x * x + offset; });
  };
  auto raw = [&] {
    std::vector<std::int64_t> results(count); // a new vector, as the map gives
    base.pump((count + part - 1) / part, [&](Baseline::Client& server, std::size_t k) {
      std::size_t first = k * part, bytes = std::min(part, count - first) * 8;
      auto request = server.squareRequest(capnp::MessageSize{bytes / 8 + 16, 0});
      std::memcpy(request.initXs(bytes).begin(), &input[first], bytes);
      request.setOffset(7);
      return request.send().then([&results, first](capnp::Response<Baseline::SquareResults>&& r) {
        std::memcpy(&results[first], r.getYs().begin(), r.getYs().size());
      });
    });
    output = std::move(results);
  };
  // Several maps a round: one takes about as long as the clock of processor time ticks.
  constexpr int maps = 20;
  auto several = [&](auto& map) {
    return costOf([&] {
      for (int i = 0; i < maps; ++i)
        map();
    });
  };
  viaRoam(), raw();
  std::vector<Cost> roamCost, rawCost;
  for (int round = 0; round < rounds; ++round) {
    rawCost.push_back(several(raw));
    require(right(output), "small, raw");
    roamCost.push_back(several(viaRoam));
    require(right(output), "small");
  }
  printRatio("small", roamCost, rawCost);
  std::vector<double> wall;
  for (auto& cost : roamCost)
    wall.push_back(maps * count / cost.wall / 1e6);
  print("small.rate", median(wall), "Melements/s");
}

// --- cpu: 2,000 tasks of about a millisecond on two peers, against one thread / 2
// ------------------

void benchCpu() {
  TemporaryFolder folder;
  Peers peers(2, folder.path() + "/cache");
  Cluster cluster = connect(peers.addresses());
  std::vector<std::uint64_t> seeds(hitsTasks);
  std::iota(seeds.begin(), seeds.end(), 0);
  std::uint64_t steps = hitsSteps;
  std::vector<double> efficiency, processor;
  for (int round = 0; round < rounds; ++round) {
    std::uint64_t sum = 0;
    Cost native = costOf([&] {
      for (auto seed : seeds)
        sum += hits(seed, steps);
    });
    require(sum == hitsSum, "cpu, native");
    Cost roam = costOf([&] {
      auto results = cluster.map(seeds, [steps](std::uint64_t seed) { return hits(seed, steps); });
      sum = std::accumulate(results.begin(), results.end(), std::uint64_t(0));
    });
    require(sum == hitsSum, "cpu");
    efficiency.push_back(native.wall / 2 / roam.wall);
    processor.push_back(native.processor / roam.processor);
  }
  print("cpu", median(efficiency), "ratio");
  print("cpu.cpu", median(processor), "ratio");
}

// --- data: 64 vectors of 1 MiB there and back, over raw Cap'n Proto
// --------------------------------

using Vector = std::vector<double>;

void benchData() {
  TemporaryFolder folder;
  Peers peers(2, folder.path() + "/cache");
  Cluster cluster = connect(peers.addresses());
  BaselinePair base;
  std::vector<Vector> input(axpbVectors, Vector(axpbDoubles));
  for (std::size_t k = 0; k < axpbVectors; ++k)
    for (std::size_t i = 0; i < axpbDoubles; ++i)
      input[k][i] = double(k) + double(i) / double(axpbDoubles);

  double sum = 0;
  auto viaRoam = [&] {
    auto results = cluster.map(input, [](const Vector& x) {
      Vector y(x.size());
      double s = axpb(x.data(), y.data(), x.size());
      return std::pair(std::move(y), s);
    });
    sum = 0;
    for (auto& [y, s] : results)
      sum += s;
  };
  auto raw = [&] {
    sum = 0;
    std::vector<Vector> results(axpbVectors); // as the map's, the results end in vectors
    base.pump(axpbVectors, [&](Baseline::Client& server, std::size_t k) {
      auto request = server.axpbRequest(capnp::MessageSize{axpbDoubles + 16, 0});
      std::memcpy(request.initXs(axpbDoubles * 8).begin(), input[k].data(), axpbDoubles * 8);
      return request.send().then([&, k](capnp::Response<Baseline::AxpbResults>&& r) {
        auto* ys = reinterpret_cast<const double*>(r.getYs().begin());
        results[k].assign(ys, ys + r.getYs().size() / 8);
        sum += r.getSum();
      });
    });
  };
  viaRoam(), raw();
  std::vector<double> ratio, processor, rate;
  for (int round = 0; round < rounds; ++round) {
    Cost rawCost = costOf(raw);
    require(sum == axpbSum, "data, raw");
    Cost roamCost = costOf(viaRoam);
    require(sum == axpbSum, "data");
    ratio.push_back(rawCost.wall / roamCost.wall);
    processor.push_back(rawCost.processor / roamCost.processor);
    rate.push_back(2.0 * axpbVectors * axpbDoubles * 8 / 1e6 / roamCost.wall);
  }
  print("data", median(ratio), "ratio");
  print("data.cpu", median(processor), "ratio");
  print("data.rate", median(rate), "MB/s");
}

/// The README's closure as it travels, with its description.
void benchSliceSize() {
  double rate = 1.65;
  auto toPounds = [=](double e) { return e * rate; };
  auto [digest, slice, needs, description] =
      readRecord(*recordOf<MapShape<decltype(toPounds), double>>());
  auto packed = net::pack({reinterpret_cast<const kj::byte*>(slice.data()), slice.size()});
  description.code = {}; // as runtime/code-packing.cpp
  print("slice-size", double(packed.size() + description.toText().size()), "bytes");
  print("slice-size.unpacked", double(slice.size()), "bytes");
}

int run(const std::vector<std::string>& names) {
  const std::vector<std::pair<std::string, std::function<void()>>> all = {
      {"call", [] { benchCall("call"); }},
      {"small", benchSmall},
      {"cpu", benchCpu},
      {"data", benchData},
      {"first-call-compile", benchFirstCallCompile},
      {"first-call-cached", benchFirstCallCached},
      {"first-call-peer", benchFirstCallPeer},
      {"first-call-object", benchFirstCallObject},
      {"once", benchOnce},
      {"first-call-heavy", benchFirstCallHeavy},
      {"first-call-regex", benchFirstCallRegex},
      {"join", benchJoin},
      {"slice-size", benchSliceSize},
      {"kernel-saxpy", [] { benchKernel("saxpy"); }},
      {"kernel-dot", [] { benchKernel("dot"); }},
      {"kernel-poly", [] { benchKernel("poly"); }},
      {"kernel-bs", [] { benchKernel("bs"); }},
      {"unload", benchUnload},
      {"linked", benchLinked},
      {"watch", benchWatch},
      {"discovery", benchDiscovery},
      {"push", benchPush},
      {"push-compile", benchPushCompile},
      {"push-command", benchPushCommand},
      {"live-call", benchLiveCall},
      {"late-joiner", benchLateJoiner},
      {"update", benchUpdate}};
  for (auto& [name, bench] : all)
    if (names.empty() || std::count(names.begin(), names.end(), name) > 0)
      bench();
  return 0;
}

} // namespace
} // namespace roam::bench

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--baseline") == 0)
    return roam::bench::serveBaseline(std::atoi(argv[2]));
  if (argc == 4 && std::strcmp(argv[1], "--store") == 0)
    return roam::bench::serveStore(std::atoi(argv[2]), argv[3]);
  return roam::bench::run({argv + 1, argv + argc});
}
