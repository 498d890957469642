// Writes objects to the disk cache, off the loop thread.
#pragma once
#include "jit/object-cache.h"
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <kj/common.h>
#include <mutex>
#include <thread>
#include <vector>

namespace roam::peer {

/// One after another, on its own thread, since a disk may take its time.
class ObjectWriter {
 public:
  /// `limitInBytes`: of what waits to be written.
  ObjectWriter(jit::ObjectCache& disk, std::size_t limitInBytes)
      : disk_(disk), limit_(limitInBytes), thread_([this] { write(); }) {}
  /// Waits until the last object is written.
  ~ObjectWriter();
  ObjectWriter(const ObjectWriter&) = delete;

  /// Copies the object, as CompiledObject wrote it. Does nothing if the disk can't follow: then it
  /// is compiled again after a restart.
  void add(kj::ArrayPtr<const kj::byte> object);

 private:
  void write();

  jit::ObjectCache& disk_;
  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::vector<std::byte>> queue_;
  std::size_t queuedBytes_ = 0;
  bool ending_ = false;
  std::thread thread_;
};

} // namespace roam::peer
