// Whether it pays to poll for the answer of a short chunk instead of waiting for the event loop to be woken.
#pragma once
#include <chrono>
#include <cstdint>
#include <thread>
#include <cstdlib>

namespace roam::peer {

/// Keeps account of how often polling found something, and pauses it while it does not: on a machine whose cores are all
/// busy the worker can't answer while we hold one.
class Watch {
public:
  /// Chunks that usually take less than this in the entry are worth it: waking the loop costs as much.
  static constexpr std::uint64_t shortChunk = 15'000;
  static constexpr std::chrono::microseconds longest{20};

  explicit Watch(unsigned cores = std::thread::hardware_concurrency()) : possible_(cores > 1 && !getenv("NOWATCH")) {}

  bool pays() {
    if (!possible_)
      return false;
    if (credit_ > 0)
      return true;
    if (++skipped_ < pause)
      return false;
    skipped_ = 0;
    credit_ = 1;
    return true;
  }
  void found(bool something) {
    credit_ = something ? (credit_ < mostCredit ? credit_ + 1 : mostCredit) : credit_ - 2;
  }

private:
  static constexpr int mostCredit = 8;
  static constexpr unsigned pause = 64; ///< short chunks

  bool possible_;
  int credit_ = mostCredit;
  unsigned skipped_ = 0;
};

} // namespace roam::peer
