// What a worker process prints, and to which of its requests it belongs.
//
// A worker may begin its next request before we have read what the last one printed. So it has two
// channels, each a pipe for standard output and one for standard error, and each request says which
// of them it prints to: another one than the request that is open besides it. What is in a channel
// when a request was answered is all of that request.
#pragma once
#include "runtime/peer/line-splitter.h"
#include <array>
#include <functional>
#include <kj/async-unix.h>
#include <kj/common.h>
#include <kj/io.h>
#include <memory>
#include <string_view>

namespace roam::peer {

/// The reading ends. On the loop thread.
class WorkerOutput {
 public:
  static constexpr unsigned channels = 2;
  using Tell = std::function<void(unsigned channel, std::string_view line, bool isError)>;

  /// `tell` hears lines as they come, from the loop or from within `finish`. Throws if there are no
  /// descriptors left.
  WorkerOutput(kj::UnixEventPort& port, Tell tell);
  KJ_DISALLOW_COPY(WorkerOutput);

  /// The writing ends, in the order that a worker wants them: output and errors of each channel.
  std::array<int, 2 * channels> writers() const;
  /// The worker has inherited them: only it holds them from now on.
  void closeWriters();

  /// The request that printed here has been answered, or its worker is gone: what is left in the
  /// channel is told, also a line without an end.
  void finish(unsigned channel);

 private:
  struct Stream {
    unsigned channel = 0;
    bool isError = false;
    kj::AutoCloseFd read, write;
    LineSplitter lines;
    kj::Own<kj::UnixEventPort::FdObserver> observer;
    kj::Promise<void> listening = nullptr;
  };

  kj::Promise<void> listen(Stream& stream);
  bool readSome(Stream& stream);

  Tell tell_;
  std::array<Stream, 2 * channels> streams_;
};

} // namespace roam::peer
