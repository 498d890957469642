// Writes objects to the disk cache, off the loop thread.
#pragma once
#include "jit/object-cache.h"
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <kj/common.h>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace roam::peer {

/// One after another, on its own thread, since a disk may take its time.
class ObjectWriter {
 public:
  explicit ObjectWriter(jit::ObjectCache& disk) : disk_(disk), thread_([this] { write(); }) {}
  /// Waits until the last object is written.
  ~ObjectWriter();
  ObjectWriter(const ObjectWriter&) = delete;

  /// Copies the object, as CompiledObject wrote it for this target key. Does nothing if the disk
  /// can't follow: then it is compiled again after a restart.
  void add(const Digest& digest, std::string target, kj::ArrayPtr<const kj::byte> object);

 private:
  struct Item {
    Digest digest;
    std::string target;
    std::vector<std::byte> object;
  };
  void write();

  jit::ObjectCache& disk_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> queue_;
  std::size_t queuedBytes_ = 0;
  bool ending_ = false;
  std::thread thread_;
};

} // namespace roam::peer
