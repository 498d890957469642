// The plan of one map: which elements are still to be sent, and how many at a time.
//
// Chunk size follows measurement, as in guided self-scheduling (Polychronopoulos and Kuck, 1987)
// with a probe in front:
//
//   1, 1, ... | 8 | 64 | ... until a chunk takes about `targetNanoseconds` or holds `targetBytes`;
//   and near the end at most remaining / (2 * workers), so that the last chunks are short and no
//   peer waits long for another (but not shorter than `leastNanoseconds`).
//
// Chunks of a lost peer come back to the front. When an element fails, nothing at or after it is
// handed out any more, and what lies before it is still finished: the failure reported is then the
// one a plain loop would have met first.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

namespace roam {

/// A run of elements of one call.
struct ElementRange {
  std::uint64_t first = 0, count = 0;
  std::uint64_t end() const { return first + count; }
};

/// Pure bookkeeping: no clock, no threads. Used by one thread at a time.
class ChunkPlan {
 public:
  /// A chunk is aimed at this much run time: long enough that sending it (about 150 us of CPU on
  /// both sides) costs little, short enough that a cancelled or lost chunk costs little too.
  static constexpr std::uint64_t targetNanoseconds = 10'000'000;
  /// No chunk is made shorter than this for the sake of an even end.
  static constexpr std::uint64_t leastNanoseconds = 500'000;
  /// And at most this many bytes of arguments or results, so that a chunk stays in the cache on its
  /// way.
  static constexpr std::uint64_t targetBytes = 256 << 10;
  /// A chunk grows at most this much over the largest one measured, since the first elements may
  /// not be like the rest.
  static constexpr std::uint64_t growth = 8;
  /// A reduction's chunks: their number depends on the length of the input alone.
  static constexpr std::uint64_t chunksOfReduction = 256;

  /// `chunk`: elements a chunk, 0 to adapt.
  ChunkPlan(std::uint64_t count, std::uint64_t chunk)
      : count_(count), chunk_(chunk), stop_(count) {}

  /// The next range to send, with `workers` at work in the cluster; nothing if all were handed out.
  std::optional<ElementRange> next(unsigned workers);
  /// The range is done: it ran for that long and moved that many bytes, the larger of arguments and
  /// results.
  void completed(ElementRange range, std::uint64_t nanoseconds, std::uint64_t bytes);
  /// The range was not done: it is handed out again.
  void lost(ElementRange range);
  /// A range was too large for some limit: its two parts are handed out instead.
  void replaced(ElementRange front, ElementRange back);
  /// The element failed; the rest of its range was not done and is not asked for.
  void failed(std::uint64_t element);

  /// Every element before the lowest failure, or all of them, is done.
  bool finished() const { return running_ == 0 && !hasWork(); }
  bool hasWork() const;
  std::uint64_t remaining() const;
  /// How long the range should run, by what was measured; 0 if nothing was.
  double expectedNanoseconds(ElementRange range) const {
    return nanosecondsEach_ * double(range.count);
  }

 private:
  std::uint64_t size(unsigned workers) const;
  void handOutAgain(ElementRange range);

  const std::uint64_t count_;
  const std::uint64_t chunk_;
  std::uint64_t next_ = 0;          // everything before it was handed out at least once
  std::uint64_t stop_;              // lowest failed element, or count_
  unsigned running_ = 0;            // ranges handed out and not yet heard of
  std::vector<ElementRange> again_; // lost ranges, the lowest last
  std::uint64_t largest_ = 0;       // elements in the largest chunk measured
  double nanosecondsEach_ = 0, bytesEach_ = 0;
};

} // namespace roam
