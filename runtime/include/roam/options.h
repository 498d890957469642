// How a call is to be run: durations, progress, and the options every call takes.
#pragma once
#include <cstdint>
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

/// Any callable that takes a Progress, or none. Owns a copy of it. Moves, does not copy.
class ProgressFunction {
 public:
  ProgressFunction() = default;
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, ProgressFunction> &&
           std::is_invocable_v<std::decay_t<F>&, const Progress&>) ProgressFunction(F&& f)
      : callable_(new std::decay_t<F>(std::forward<F>(f))),
        call_([](void* c, const Progress& p) { (*static_cast<std::decay_t<F>*>(c))(p); }),
        destroy_([](void* c) { delete static_cast<std::decay_t<F>*>(c); }) {}
  ProgressFunction(ProgressFunction&& other) noexcept
      : callable_(std::exchange(other.callable_, nullptr)), call_(other.call_),
        destroy_(other.destroy_) {}
  ProgressFunction& operator=(ProgressFunction&& other) noexcept {
    std::swap(callable_, other.callable_);
    std::swap(call_, other.call_);
    std::swap(destroy_, other.destroy_);
    return *this;
  }
  ~ProgressFunction() {
    if (callable_)
      destroy_(callable_);
  }

  explicit operator bool() const { return callable_ != nullptr; }
  void operator()(const Progress& progress) const { call_(callable_, progress); }

 private:
  void* callable_ = nullptr;
  void (*call_)(void*, const Progress&) = nullptr;
  void (*destroy_)(void*) = nullptr;
};

/// What can be said about one map or call. The defaults are right for most.
struct Options {
  /// Elements sent to a peer at a time; 0 chooses and adapts it: about 10 ms of work, at most 256
  /// KiB.
  std::uint64_t chunk = 0;
  /// The whole call ends with roam::Timeout after this long. The default is a day.
  Duration deadline{86400};
  /// How often one chunk may be sent again because the peer or the worker that had it was lost.
  unsigned retries = 3;
  /// Called on the thread that called `map` (or that reads `mapUnordered`), whenever results have
  /// arrived.
  ProgressFunction progress;
};

} // namespace roam
