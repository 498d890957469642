// The worker's side of what it prints: which pipes standard output and standard error are.
#pragma once
#include <array>

namespace roam::peer {

/// Of one process. Used by the thread that runs requests, between them.
class WorkerPrinting {
 public:
  /// Output and errors of each channel of worker-output.h. The first is open as 1 and 2 already.
  using Channels = std::array<int, 4>;

  explicit WorkerPrinting(const Channels& channels);

  /// What is printed from now on goes to this channel.
  void turnTo(unsigned channel);
  /// What was printed is in the pipes after this.
  void flush();

 private:
  void open();

  Channels channels_;
  unsigned current_ = 0;
};

} // namespace roam::peer
