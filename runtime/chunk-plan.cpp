// The arithmetic of chunk sizes, and what became of each range.
#include "runtime/chunk-plan.h"
#include <algorithm>

namespace roam {

std::optional<ElementRange> ChunkPlan::next(unsigned workers) {
  while (!again_.empty()) {
    ElementRange range = again_.back();
    again_.pop_back();
    if (range.first >= stop_)
      continue;
    ++running_;
    return range;
  }
  if (next_ >= stop_)
    return std::nullopt;
  ElementRange range{next_, std::min(size(workers), stop_ - next_)};
  next_ = range.end();
  ++running_;
  return range;
}

std::uint64_t ChunkPlan::size(unsigned workers) const {
  if (chunk_ != 0)
    return chunk_;
  if (largest_ == 0)
    return 1;
  double byTime = nanosecondsEach_ > 0 ? targetNanoseconds / nanosecondsEach_ : double(count_);
  double byBytes = bytesEach_ > 0 ? targetBytes / bytesEach_ : double(count_);
  double byGrowth = double(largest_ * growth);
  double byTail = std::max(double(count_ - next_) / (2.0 * std::max(1u, workers)),
                           byTime * leastNanoseconds / targetNanoseconds);
  return std::max<std::uint64_t>(1, std::uint64_t(std::min({byTime, byBytes, byGrowth, byTail})));
}

void ChunkPlan::completed(ElementRange range, std::uint64_t nanoseconds, std::uint64_t bytes) {
  --running_;
  largest_ = std::max(largest_, range.count);
  double each = double(nanoseconds) / double(range.count);
  // Big chunks tell more about the elements to come than the probes did, and recent ones more than
  // old ones.
  if (nanosecondsEach_ == 0)
    nanosecondsEach_ = each;
  else if (range.count > largest_ / 2)
    nanosecondsEach_ = (nanosecondsEach_ + each) / 2;
  bytesEach_ = std::max(bytesEach_ / 2, double(bytes) / double(range.count));
}

void ChunkPlan::lost(ElementRange range) {
  --running_;
  handOutAgain(range);
}

void ChunkPlan::replaced(ElementRange front, ElementRange back) {
  --running_;
  handOutAgain(front);
  handOutAgain(back);
}

void ChunkPlan::handOutAgain(ElementRange range) {
  again_.push_back(range);
  std::sort(again_.begin(), again_.end(),
            [](const ElementRange& a, const ElementRange& b) { return a.first > b.first; });
}

void ChunkPlan::failed(std::uint64_t element) {
  --running_;
  stop_ = std::min(stop_, element);
}

bool ChunkPlan::hasWork() const {
  for (const ElementRange& range : again_)
    if (range.first < stop_)
      return true;
  return next_ < stop_;
}

std::uint64_t ChunkPlan::remaining() const {
  std::uint64_t count = next_ < stop_ ? stop_ - next_ : 0;
  for (const ElementRange& range : again_)
    count += range.count;
  return count;
}

} // namespace roam
