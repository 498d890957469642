// Measuring: rounds, medians, processor time of this process and of all it started.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace roam::bench {

/// Seconds on a steady clock.
inline double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Seconds of processor time, user and system, that this process and all its living descendants
/// have used.
double processorSeconds();

/// Memory in use by the process and all its living descendants, in bytes; of pages that several
/// processes share each its part.
std::uint64_t memoryOf(pid_t process);

inline double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, std::size_t(q * double(values.size())))];
}
inline double median(std::vector<double> values) {
  return quantile(std::move(values), 0.5);
}

/// Wall time and processor time of the work, in seconds.
struct Cost {
  double wall, processor;
};
template <class Work>
Cost costOf(const Work& work) {
  double processor = processorSeconds(), wall = now();
  work();
  wall = now() - wall;
  return {wall, processorSeconds() - processor};
}

/// Prints one figure: `name value unit`.
void print(const std::string& name, double value, const char* unit);

/// Ends the program with status 3 if a result is wrong: a figure is printed for right answers only.
void require(bool right, const char* what);

/// Seconds that a call takes, the median of 3,000 one after the other. `call(i)` gives i + 1.
template <class Call>
double secondsOf(const std::string& name, const Call& call) {
  std::vector<double> seconds;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    double start = now();
    require(call(i) == i + 1, name.c_str());
    seconds.push_back(now() - start);
  }
  return median(std::move(seconds));
}

/// Rounds of such calls and of those they are compared with. Prints the ratio, that of the
/// processor time, and the time of a call; returns that of a call of `base`.
template <class Call, class Base>
double compareCalls(const std::string& name, const Call& call, const Base& base) {
  std::vector<double> ratios, processor, ours, theirs;
  secondsOf(name, call), secondsOf(name, base); // warm
  for (int round = 0; round < 7; ++round) {
    double a = 0, b = 0;
    Cost baseCost = costOf([&] { b = secondsOf(name, base); });
    Cost cost = costOf([&] { a = secondsOf(name, call); });
    ratios.push_back(a / b);
    processor.push_back(cost.processor / baseCost.processor);
    ours.push_back(a);
    theirs.push_back(b);
  }
  print(name, median(ratios), "ratio");
  print(name + ".cpu", median(processor), "ratio");
  print(name + ".p50", median(ours) * 1e6, "us");
  return median(theirs);
}

} // namespace roam::bench
