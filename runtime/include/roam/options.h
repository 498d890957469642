// How a call is to be run: durations, progress, output, and the options every call takes.
#pragma once
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

namespace roam {

/// A length of time in seconds. Takes any std::chrono duration without this header including
/// <chrono>: `options.deadline = 30s` and `options.deadline = roam::Duration{30}` are the same.
struct Duration {
  double seconds = 0;

  constexpr Duration() = default;
  constexpr explicit Duration(double seconds) : seconds(seconds) {}
  template <class D>
  requires requires {
    typename D::rep;
    typename D::period;
  }
  constexpr Duration(const D& duration)
      : seconds(static_cast<double>(duration.count()) * D::period::num / D::period::den) {}
};

/// How far a map has come.
struct Progress {
  std::uint64_t done = 0;  ///< elements whose results are here
  std::uint64_t total = 0; ///< elements of the input
};

/// What shipped code printed on a peer: one line.
struct OutputLine {
  std::string_view peer; ///< its name; empty if the line is Roam's own: that others were lost
  std::string_view text; ///< without its end; valid during the call
  bool isError = false;  ///< it was written to standard error
};

/// Any callable that takes a `const Event&`, or none. Owns a copy of it. Moves, does not copy.
template <class Event>
class EventFunction {
 public:
  EventFunction() = default;
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, EventFunction> &&
           std::is_invocable_v<std::decay_t<F>&, const Event&>) EventFunction(F&& f)
      : target_{new std::decay_t<F>(std::forward<F>(f)),
                [](void* object, const Event& e) { (*static_cast<std::decay_t<F>*>(object))(e); },
                [](void* object) { delete static_cast<std::decay_t<F>*>(object); }} {}
  EventFunction(EventFunction&& other) noexcept { swap(other); }
  EventFunction& operator=(EventFunction&& other) noexcept {
    swap(other);
    return *this;
  }
  ~EventFunction() {
    if (target_.object != nullptr)
      target_.destroy(target_.object);
  }

  explicit operator bool() const { return target_.object != nullptr; }
  void operator()(const Event& event) const { target_.call(target_.object, event); }

 private:
  struct Target {
    void* object = nullptr;
    void (*call)(void*, const Event&) = nullptr;
    void (*destroy)(void*) = nullptr;
  };
  void swap(EventFunction& other) { // every program pays for an instance of std::swap
    Target mine = target_;
    target_ = other.target_;
    other.target_ = mine;
  }
  Target target_;
};
using ProgressFunction = EventFunction<Progress>;
using OutputFunction = EventFunction<OutputLine>;

/// What can be said about one map or call. The defaults are right for most.
struct Options {
  /// Elements sent to a peer at a time; 0 chooses and adapts it: about 10 ms of work, at most 256
  /// KiB.
  std::uint64_t chunk = 0;
  /// The whole call ends with roam::Timeout after this long. The default is a day.
  Duration deadline{86400};
  /// A single call (`async`, `on`, `onAll`, one by name) may run twice: if the peer or the worker
  /// that ran it is lost, it is sent again, elsewhere if it may run anywhere. Otherwise that is
  /// PeerLost or WorkerDied, which says that it may have run. What surely had not begun is sent
  /// again always, and so are the chunks of `map` and its like.
  bool idempotent = false;
  /// How often a chunk is sent again that may have been running when its peer or worker was lost.
  /// Chunks that lay in a queue there, or were turned away, are sent again without being counted.
  unsigned retries = 2;
  /// Called on the thread that called `map` (or that reads `mapUnordered`), whenever results have
  /// arrived.
  ProgressFunction progress;
  /// Called for each line that the code prints on a peer, on the thread that waits for results
  /// (`map`, `on`, `onAll`, `Future::get` and `wait`, steps of `mapUnordered`): all lines of a
  /// chunk before its results are delivered. Lines of a chunk that was run again come again. A
  /// caller that is slow loses lines, and hears how many.
  OutputFunction output;
};

} // namespace roam
