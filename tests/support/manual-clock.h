// Time that passes only when a test says so.
#pragma once
#include <kj/timer.h>

namespace roam::test {

/// The timer to hand to what is tested. Starts at KJ's origin.
class ManualClock {
 public:
  kj::Timer& timer() { return timer_; }

  /// Lets `time` pass in steps no longer than `step`, so that what a timer starts may set timers of
  /// its own; runs everything that becomes ready on the way.
  void advance(kj::Duration time, kj::WaitScope& loop, kj::Duration step = 10 * kj::MILLISECONDS) {
    loop.poll();
    for (const kj::TimePoint end = timer_.now() + time; timer_.now() < end;) {
      timer_.advanceTo(kj::min(end, timer_.now() + step));
      loop.poll();
    }
  }

  /// As if this process had stood still for `time`: nothing runs until the loop turns again.
  void jump(kj::Duration time) { timer_.advanceTo(timer_.now() + time); }

 private:
  kj::TimerImpl timer_{kj::origin<kj::TimePoint>()};
};

} // namespace roam::test
