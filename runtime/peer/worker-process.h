// One worker process, as its supervisor sees it: started, given requests, heard, ended.
#pragma once
#include "runtime/peer/crash-stack.h"
#include "runtime/peer/worker-memory.h"
#include "runtime/peer/worker-output.h"
#include <array>
#include <kj/array.h>
#include <kj/async-unix.h>
#include <kj/async.h>
#include <kj/io.h>
#include <kj/string.h>
#include <kj/timer.h>
#include <memory>
#include <optional>
#include <sys/types.h>
#include <vector>

namespace roam::peer {

class WorkerProcess;

/// What a worker tells. Called on the loop thread. The worker must not be destroyed inside these
/// calls.
class WorkerEvents {
 public:
  virtual void onReady(WorkerProcess& worker) = 0;
  /// The code of the request in `slot` was compiled, which may still run. The bytes are valid
  /// during the call.
  virtual void onCompiled(WorkerProcess& worker, unsigned slot,
                          kj::ArrayPtr<const kj::byte> object) = 0;
  /// The request in `slot` is answered: the receiver calls `take`.
  virtual void onAnswered(WorkerProcess& worker, unsigned slot) = 0;
  /// The request in `slot` has printed a line. Told before its answer; if no request runs, the slot
  /// is that of none.
  virtual void onLine(WorkerProcess&, unsigned slot, std::string_view line, bool isError) {
    (void)slot, (void)line, (void)isError;
  }
  /// The process is gone; all answers it gave were told before. `how`: "was killed by signal 9
  /// (Killed)". Told once.
  virtual void onEnded(WorkerProcess& worker, kj::StringPtr how) = 0;
};

/// An answer, checked and copied out of the shared memory.
struct TakenAnswer {
  Answer answer;
  kj::String type, category, message;
  /// Large results are not copied: they stay in the shared memory, which lives as long as they do.
  kj::Array<const kj::byte> results;
};

/// How a process ended.
struct WorkerEnd {
  int signal = 0;     ///< that killed it; 0 if it exited
  int exitStatus = 0; ///< with which it exited
  /// What its own report says beyond that; null if it left none, as after SIGKILL.
  kj::Maybe<CrashTold> told;
};

class WorkerProcess {
 public:
  /// What becomes of what the process prints: it goes to our standard error, or comes as `onLine`.
  enum class Prints { toStandardError, lines };

  /// Starts `executable`, with further arguments; it works once `ready` was told. Throws, and
  /// leaves no process, if it can't be started and watched.
  WorkerProcess(kj::UnixEventPort& port, kj::Timer& timer, kj::StringPtr executable,
                WorkerEvents& events, Prints prints = Prints::toStandardError,
                kj::ArrayPtr<const kj::String> arguments = nullptr, Allowance allowance = {});
  /// Ends the process, if need be by SIGKILL, and waits for it.
  ~WorkerProcess() noexcept(false);
  KJ_DISALLOW_COPY(WorkerProcess);

  pid_t pid() const { return pid_; }
  /// It takes requests.
  bool isReady() const { return ready_ && !ended_; }
  bool isAlive() const { return !ended_; }
  /// It was ready once.
  bool hasStarted() const { return ready_; }
  /// Of a process that is not alive.
  const WorkerEnd& end() const { return end_; }
  /// The entries that it has linked. None before it is ready.
  const std::vector<Digest>& linked() const { return linked_; }
  /// Bytes of memory shared with the worker that are in use.
  std::size_t sharedMemory() const;

  /// Requests that are not answered.
  unsigned open() const;
  /// Gives a request to the worker, copying all bytes. There must be fewer than
  /// limits::chunksAtWorker open. Returns its slot.
  unsigned submit(Request request, kj::ArrayPtr<const kj::byte> captures,
                  kj::ArrayPtr<const kj::byte> arguments, kj::ArrayPtr<const kj::byte> code);
  /// Takes back a request that has not begun; false if it has. One taken back is still answered, as
  /// `skipped`.
  bool takeBack(unsigned slot);
  bool hasBegun(unsigned slot) const;
  /// Nobody waits for the answer of a request that has begun: its code is told so, and if it has
  /// not returned after limits::cancelGrace, the process is ended.
  void cancel(unsigned slot);
  /// Ends the process, and says why in place of the signal: "used up its memory".
  void stop(kj::String why);
  bool wasStopped() const { return stopReason_ != nullptr; }
  /// What counts for its allowance of memory, in bytes.
  std::size_t memoryAllocated() const;
  /// Processor time that it has used so far, in all its threads.
  kj::Duration processorTime() const;
  /// The answer in `slot`, which is free again with that.
  TakenAnswer take(unsigned slot);

 private:
  class Slots;
  class LentResults;

  void spawn(kj::StringPtr executable, kj::ArrayPtr<const kj::String> arguments);
  unsigned freeChannel() const;
  void hearLine(unsigned channel, std::string_view line, bool isError);
  void endProcess();
  void killAll();
  kj::Promise<void> listen();
  void look();
  kj::Promise<void> patrol(kj::Timer& timer);
  kj::Promise<void> awaitStart(kj::Timer& timer);
  void hearPhase();
  void hearLinked();
  void refuseStart(kj::StringPtr why);
  void hearEnd();
  kj::String describeEnd();

  WorkerEvents& events_;
  kj::Timer& timer_;
  std::shared_ptr<Slots> slots_;
  kj::AutoCloseFd tellFd_, lifeline_, processFd_;
  pid_t pid_ = -1;
  bool ready_ = false, ended_ = false;
  WorkerEnd end_;
  std::vector<Digest> linked_;
  std::optional<WorkerOutput> output_;
  kj::Maybe<kj::String> startProblem_, stopReason_;
  kj::Own<kj::UnixEventPort::FdObserver> tellObserver_, processObserver_;
  kj::Promise<void> listening_ = nullptr, patrolling_ = nullptr, starting_ = nullptr,
                    ending_ = nullptr;
  std::array<std::optional<kj::Promise<void>>, slotCount> cancelling_; ///< what may still return
};

} // namespace roam::peer
