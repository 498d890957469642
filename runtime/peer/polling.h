// Whether a worker polls for its next request, or sleeps at once.
#pragma once
#include <chrono>
#include <sys/resource.h>
#include <thread>

namespace roam::peer {

/// Polling saves the 8 us that waking a process takes, and costs a core meanwhile. It pays when an
/// origin makes one short call after another and a core has nothing else to do. So: only after a
/// row of short waits, and not for a while after the kernel took the core away during a poll, for
/// then others have work for it.
class Polling {
 public:
  using Clock = std::chrono::steady_clock;
  /// Longer than a round trip to an origin on this machine.
  static constexpr std::chrono::microseconds longest{60};

  explicit Polling(unsigned cores = std::thread::hardware_concurrency()) : possible_(cores > 1) {}

  /// Runs `poll` until it is true, but not for long, and only if that promises something. Whether
  /// it became true.
  template <class Poll>
  bool pollFor(Poll&& poll) {
    begun_ = Clock::now();
    if (poll())
      return true;
    if (!possible_ || shortWaits_ < rowOfShortWaits || begun_ < pausedUntil_)
      return false;
    long before = preemptions();
    bool found = false;
    while (!(found = poll()) && Clock::now() - begun_ < longest)
      ;
    if (preemptions() != before)
      pausedUntil_ = Clock::now() + pause;
    return found;
  }

  /// What was waited for has come, after a poll that may have failed.
  void arrived() { shortWaits_ = Clock::now() - begun_ < longest ? shortWaits_ + 1 : 0; }

 private:
  static constexpr unsigned rowOfShortWaits = 8;
  static constexpr std::chrono::milliseconds pause{100};

  /// How often this thread lost its core without having asked for it.
  static long preemptions() {
    rusage use{};
    getrusage(RUSAGE_THREAD, &use);
    return use.ru_nivcsw;
  }

  bool possible_;
  unsigned shortWaits_ = 0;
  Clock::time_point begun_{}, pausedUntil_{};
};

} // namespace roam::peer
