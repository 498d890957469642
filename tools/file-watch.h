// Hears of files that are saved.
#pragma once
#include <kj/async-unix.h>
#include <kj/io.h>
#include <kj/timer.h>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace roam::tools {

/// Watches the folders of files: editors put another file in the place of the old one. Call on the
/// loop thread.
class FileWatch {
 public:
  /// Throws std::runtime_error if the system gives no watch. Both must outlive it.
  FileWatch(kj::UnixEventPort& events, kj::Timer& timer);

  /// Which files count from now on; what was saved before is forgotten only if it is not among
  /// them. A folder that can't be watched is told on standard error, once.
  void watch(const std::vector<std::string>& files);

  /// Resolves when one of them was saved since the last time this resolved, and then nothing for
  /// some milliseconds: who saves several files at once is heard once. One call at a time.
  kj::Promise<void> saved();

 private:
  kj::Promise<void> settle();
  bool readEvents();

  kj::AutoCloseFd queue_;
  kj::UnixEventPort::FdObserver observer_;
  kj::Timer& timer_;
  std::map<int, std::string> folders_; ///< by the system's number
  std::set<std::string> watched_;      ///< folders, also those that can't be
  std::set<std::string> files_;
  bool isSaved_ = false;
};

} // namespace roam::tools
