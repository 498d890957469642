// One call between two threads: the loop, where its job runs, and the caller, who waits for
// results.
#pragma once
#include "roam/call.h"
#include "runtime/loop-thread.h"
#include "runtime/origin.h"
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <unistd.h>

namespace roam {

/// The way to a loop that may have ended, or that stayed behind in the process this one was forked
/// from: a call can outlive its cluster.
class LoopLink {
 public:
  explicit LoopLink(LoopThread& loop) : loop_(&loop) {}
  /// Posts the work; false if the loop has ended and takes none.
  bool post(std::function<void()> work);
  /// Runs the work on the loop and waits for it, or at once if this is the loop; false if the loop
  /// has ended.
  bool run(const std::function<void()>& work);
  bool isCurrent();
  /// False in a process that was forked from the one with the loop.
  bool isHere() const { return getpid() == owner_; }
  /// The loop ends: nothing is posted after this returns.
  void cut();

 private:
  std::mutex mutex_;
  LoopThread* loop_; // guarded by mutex_
  const pid_t owner_ = getpid();
};

/// A length of time that clocks can add: from nothing (also for what is no number) to a century.
double boundedSeconds(Duration duration);

/// Shared by the Call (caller's thread) and the Cluster (loop). The job lives and dies on the loop.
class RunningCall final : public JobListener, public std::enable_shared_from_this<RunningCall> {
 public:
  explicit RunningCall(std::shared_ptr<LoopLink> loop) : loop_(std::move(loop)) {}

  // --- on the loop -------------------------------------------------------------------------
  void begin(Origin& origin, JobSpec spec);
  /// Drops the job; what was not delivered is Cancelled. Also when the cluster ends, and, on the
  /// caller's thread, in place of `begin`.
  void abandon(std::exception_ptr reason);
  bool wantsMore() override;
  void completed(ElementRange range, kj::Array<const kj::byte> results, bool last) override;
  void finished(std::exception_ptr error) override;

  /// A line that the code printed on that peer.
  void printed(const std::string& peer, kj::StringPtr line, bool isError);

  // --- on the caller's thread, before it has the call: no job is begun -----------------------
  /// It is over, with the results of its one element.
  void ranHere(kj::Array<const kj::byte> results);

  // --- on the caller's thread: as the members of detail::Call ------------------------------
  /// `output` hears what was printed, if it is not null.
  bool next(detail::CompletedChunk& chunk, const OutputFunction* output = nullptr);
  bool waitFor(Duration duration, const OutputFunction* output = nullptr);
  void cancel();
  /// The caller is done with the call: cancels it if it is not over. Afterwards `source` is not
  /// used any more.
  void release();

 private:
  struct Ready {
    ElementRange range;
    kj::Array<const kj::byte> results;
  };
  struct Printed {
    std::string peer, line;
    bool isError;
  };
  bool settled() const { return !ready_.empty() || finished_; }
  bool awaitSettled(std::unique_lock<std::mutex>& lock,
                    std::chrono::steady_clock::time_point deadline, const OutputFunction* output);
  void resume();

  const std::shared_ptr<LoopLink> loop_;
  kj::Maybe<kj::Own<Origin::Job>> job_; // on the loop only

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Ready> ready_; // guarded by mutex_, as are:
  std::size_t readyBytes_ = 0;
  std::deque<Printed> printed_;
  std::size_t printedBytes_ = 0;
  std::uint64_t linesLost_ = 0;
  bool refused_ = false; // the job was told to wait until the caller has taken results
  bool finished_ = false;
  std::exception_ptr error_;
};

/// What a detail::Call owns.
struct detail::CallState {
  std::shared_ptr<RunningCall> call;
  const OutputFunction* output = nullptr; ///< hears what is printed; or nobody
  OutputFunction kept = {};               ///< if the call owns it
};

} // namespace roam
