// Each way to crash twenty times, two to a peer, which would refuse the code after the third.
#include "bench/faults/crash.h"
#include "bench/measure.h"
#include "bench/peers.h"
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <roam/roam.h>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

namespace roam::bench {
namespace {

enum class Way {
  nullPointer,
  division,
  illegal,
  overflow,
  abort,
  exit,
  quickExit,
  allocation,
  heapDamage,
  descriptors,
  kill,
  terminate,
  fork,
  count
};

int recurse(volatile int* depth) {
  volatile char frame[1024];
  *depth = *depth + 1;
  frame[0] = static_cast<char>(*depth);
  return recurse(depth) + frame[0];
}

/// Of the worker's own memory, not of the machine's.
void allocateEndlessly() {
  rlimit limit{256 << 20, 256 << 20};
  setrlimit(RLIMIT_DATA, &limit);
  for (;;) {
    void* more = std::malloc(1 << 20);
    if (more == nullptr)
      std::abort();
    std::memset(more, 1, 1 << 20);
  }
}

void damageHeap() {
  auto* volatile block = static_cast<std::size_t*>(std::malloc(24));
  block[-1] = 0x4141414141414141;
  std::free(block);
}

int crash(Way way) {
  volatile int zero = 0;
  switch (way) {
  case Way::nullPointer:
    return *static_cast<volatile int*>(nullptr);
  case Way::division:
    return static_cast<int>(way) / zero;
  case Way::illegal:
    __builtin_trap();
  case Way::overflow:
    return recurse(&zero);
  case Way::abort:
    std::abort();
  case Way::exit:
    std::exit(3);
  case Way::quickExit:
    _exit(4);
  case Way::allocation:
    allocateEndlessly();
    break;
  case Way::heapDamage:
    damageHeap();
    break;
  case Way::descriptors:
    for (int descriptor = 0; descriptor < 1024; ++descriptor)
      close(descriptor);
    break;
  case Way::kill:
    raise(SIGKILL);
    break;
  case Way::terminate:
    raise(SIGTERM);
    break;
  case Way::fork:
    (void)!::fork(); // both come back
    break;
  case Way::count:
    break;
  }
  return 0;
}

Options once() {
  Options options;
  options.retries = 0;
  return options;
}

/// Milliseconds from the end of the crash to the answer of the next task, which is to be right.
double crashAndServe(Cluster& cluster, Way way) {
  try {
    cluster.async(once(), [way] { return crash(way); }).get();
  } catch (const WorkerDied&) { // most ways end so
  }
  double start = now();
  if (cluster.async([](int x) { return x + 1; }, 41).get() != 42)
    return -1;
  return (now() - start) * 1e3;
}

} // namespace

void benchCrashes() {
  constexpr int each = 20, toAPeer = 2;
  std::vector<double> next;
  int crashes = 0, contained = 0;
  for (int way = 0; way < static_cast<int>(Way::count); ++way)
    for (int round = 0; round < each; round += toAPeer) {
      Peers peers(1, "");
      Cluster cluster = connect(peers.addresses());
      crashAndServe(cluster, Way::count); // its code is there, as that of a task of the same map is
      for (int i = 0; i < toAPeer; ++i) {
        double milliseconds = crashAndServe(cluster, static_cast<Way>(way));
        ++crashes;
        contained += milliseconds >= 0 && ::kill(peers.processes()[0], 0) == 0;
        next.push_back(milliseconds);
      }
    }
  print("crash-contained", 100.0 * contained / crashes, "%");
  print("crash-contained.crashes", crashes, "crashes");
  print("crash-next-ms", median(next), "ms");
  print("crash-next-ms.p99", quantile(next, 0.99), "ms");
}

void benchPoison() {
  Peers peers(1, "", {"--workers", "2"});
  Cluster cluster = connect(peers.addresses());
  int died = 0, refused = 0;
  std::vector<Future<int>> others, poison;
  for (int i = 0; i < 40; ++i) {
    poison.push_back(cluster.async(once(), [] { return crash(Way::abort); }));
    others.push_back(cluster.async([](int x) { return x * x; }, i));
  }
  for (auto& one : poison)
    try {
      one.get();
      require(false, "code that aborts came back");
    } catch (const WorkerDied&) {
      ++died;
    } catch (const Refused&) {
      ++refused;
    }
  for (int i = 0; i < 40; ++i)
    require(others[static_cast<std::size_t>(i)].get() == i * i, "other work, beside the poison");
  print("poison-workers", died, "workers");
  print("poison-workers.refused", refused, "calls");
}

} // namespace roam::bench
