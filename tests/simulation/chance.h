// What a seed decides, and what happened because of it.
#pragma once
#include <cstdint>
#include <cstdio>
#include <fmt/format.h>
#include <kj/time.h>
#include <kj/timer.h>
#include <random>
#include <string>

namespace roam::simulation {

/// The same numbers for the same seed on every machine.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t below(std::uint64_t end) { return engine_() % end; }
  bool oneIn(std::uint64_t n) { return below(n) == 0; }
  kj::Duration between(kj::Duration least, kj::Duration most) {
    return least + below((most - least) / kj::MICROSECONDS + 1) * kj::MICROSECONDS;
  }

 private:
  std::mt19937_64 engine_;
};

/// One line an event. Two runs of a seed have the same hash.
class Trace {
 public:
  Trace(const kj::Timer& timer, bool isPrinted) : timer_(timer), isPrinted_(isPrinted) {}

  template <class... T>
  void say(fmt::format_string<T...> format, T&&... values) {
    const auto now = (timer_.now() - kj::origin<kj::TimePoint>()) / kj::MICROSECONDS;
    std::string line = fmt::format("{:>10} ", now);
    fmt::format_to(std::back_inserter(line), format, std::forward<T>(values)...);
    for (char c : line)
      hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 1099511628211u; // FNV-1a
    if (isPrinted_)
      std::printf("%s\n", line.c_str());
  }
  std::uint64_t hash() const { return hash_; }

 private:
  const kj::Timer& timer_;
  const bool isPrinted_;
  std::uint64_t hash_ = 14695981039346656037u;
};

} // namespace roam::simulation
