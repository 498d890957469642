// The compiler processes of a peer: started when there is something to compile, not before.
#pragma once
#include "net/limits.h"
#include "net/log.h"
#include "runtime/peer/worker-process.h"
#include <deque>
#include <kj/async-unix.h>
#include <kj/timer.h>
#include <memory>
#include <vector>

namespace roam::peer {

/// What came of a compilation: an object as CompiledObject writes it, or why there is none.
struct CompileOutcome {
  kj::Array<const kj::byte> object;
  kj::Maybe<kj::String> refusal;
  bool isTooLarge = false; ///< the object; no fault of the slice
};

/// Compiles slices in processes of their own (roam-compiler), one slice at a time in each. A
/// process that ends costs its slice a second try in another; then the slice is refused. Call on
/// the loop thread.
class Compilers final : WorkerEvents, kj::TaskSet::ErrorHandler {
 public:
  /// `most`: processes at the same time, besides one of low priority for the background. One that
  /// had nothing to do for as long as `idle` is ended. `log` and the others must outlive the
  /// object.
  Compilers(kj::UnixEventPort& port, kj::Timer& timer, net::Log& log, kj::String executable,
            unsigned most, kj::Duration idle = limits::compilerIdle);
  /// Ends the processes at once; what is still promised fails as DISCONNECTED.
  ~Compilers() noexcept(false);
  KJ_DISALLOW_COPY(Compilers);

  enum class Urgency { now, background };

  /// Copies the slice. The promise fails only if no compiler can be started, with the reason. A
  /// slice that takes longer than limits::compile is refused. Dropping the promise drops the slice
  /// if it has not begun.
  kj::Promise<CompileOutcome> compile(const Digest& digest, kj::ArrayPtr<const kj::byte> slice,
                                      jit::Level level, Urgency urgency);

  /// The processes there are.
  kj::Vector<pid_t> processes() const;

 private:
  class Job;
  struct Member {
    kj::Own<WorkerProcess> process; ///< null: none was needed yet, or it ended
    Job* job = nullptr;             ///< null also if nobody waits for it any more
    bool busy = false, inBackground = false;
    CompileOutcome outcome;
    kj::Promise<void> deadline = nullptr; ///< of what it compiles, or of having nothing to do
  };

  void dispatch();
  std::deque<Job*>& queueOf(Urgency urgency);
  void give(Member& member, Job& job);
  void start(Member& member);
  void submit(Member& member);
  void endWhenIdle(Member& member);
  void finish(Member& member, CompileOutcome outcome);
  void drop(Job& job);
  Member& memberOf(WorkerProcess& worker);

  void onReady(WorkerProcess& worker) override;
  void onCompiled(WorkerProcess& worker, unsigned slot,
                  kj::ArrayPtr<const kj::byte> object) override;
  void onAnswered(WorkerProcess& worker, unsigned slot) override;
  void onEnded(WorkerProcess& worker, kj::StringPtr how) override;
  void taskFailed(kj::Exception&& exception) override;

  kj::UnixEventPort& port_;
  kj::Timer& timer_;
  net::Log& log_;
  kj::String executable_;
  const kj::Duration idle_;
  std::vector<std::unique_ptr<Member>> members_; ///< the first is for the background
  std::deque<Job*> waiting_, waitingInBackground_;
  kj::TaskSet tasks_;
};

} // namespace roam::peer
