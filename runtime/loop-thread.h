// A thread with a KJ event loop, and the way to it from other threads.
#pragma once
#include <functional>
#include <kj/async-io.h>
#include <kj/async-unix.h>
#include <kj/io.h>
#include <mutex>
#include <thread>
#include <vector>

namespace roam {

/// Runs a KJ event loop on a thread of its own until destroyed. Work comes in by `post`, which
/// neither waits for the loop nor needs one in the calling thread: KJ's own Executor can start work
/// without waiting only from another event loop.
class LoopThread {
 public:
  /// Starts the thread and waits until `begin` has run on it: it builds what lives on the loop.
  /// `end` runs on it when the loop stops, and must destroy all of that. Throws what `begin`
  /// throws; `end` is then not called.
  LoopThread(std::function<void(kj::AsyncIoContext&)> begin, std::function<void()> end);
  /// Runs what was posted before, then `end`, and joins the thread. Not from the loop thread
  /// itself.
  ~LoopThread();
  KJ_DISALLOW_COPY(LoopThread);

  /// Runs `work` on the loop, after everything posted earlier. From any thread; never blocks.
  /// `work` must not throw.
  void post(std::function<void()> work);
  /// True on the loop's own thread, where waiting for the loop would never end.
  bool isCurrent() const { return std::this_thread::get_id() == thread_.get_id(); }

 private:
  void loop(const std::function<void(kj::AsyncIoContext&)>& begin, const std::function<void()>& end,
            std::function<void(std::exception_ptr)> started);
  kj::Promise<void> serve(kj::UnixEventPort::FdObserver& observer);
  void runPosted();

  // An eventfd. Observed by its edges, of which every write is one, so nobody reads it.
  kj::AutoCloseFd wake_;
  std::mutex mutex_;
  std::vector<std::function<void()>> posted_; // guarded by mutex_
  bool stopping_ = false;                     // guarded by mutex_
  std::thread thread_;
};

} // namespace roam
