// The worker's side: takes requests from the shared memory, has the JIT turn their code into
// entries, and runs them.
#pragma once
#include "jit/session.h"
#include "runtime/include/roam/entry.h"
#include "runtime/peer/polling.h"
#include "runtime/peer/worker-memory.h"
#include <memory>
#include <string>

namespace roam::peer {

/// Runs the requests of one supervisor, one after another, on the thread that calls `run`. Whatever
/// the shipped code throws becomes an answer; a crash takes the process, which is why this is one.
class WorkerLoop final : jit::SliceSource {
 public:
  /// `memory` must outlive the loop; `descriptor`: the eventfd that tells the supervisor. Opens the
  /// JIT.
  WorkerLoop(const WorkerMemory& memory, int descriptor);
  ~WorkerLoop();

  /// Says that the worker is ready, then serves for ever.
  [[noreturn]] void run();

 private:
  jit::SliceCode fetch(const Digest& digest) override;
  void compiled(const Digest& digest, std::span<const std::byte> object) override;

  void serve(unsigned slot);
  Answer runRequest(unsigned slot);
  EntryFunction* prepare(const Request& request, Answer& answer, unsigned slot);
  Answer runEntry(EntryFunction* entry, const Request& request, unsigned slot);
  void setMessage(Answer& answer, unsigned slot, const std::string& message);

  const WorkerMemory& memory_;
  int descriptor_;
  unsigned current_ = 0; ///< slot being served
  Polling polling_;
  std::unique_ptr<jit::Session> session_;
};

} // namespace roam::peer
