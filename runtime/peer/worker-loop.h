// The worker's side: takes requests from the shared memory, has the JIT link their objects, and
// runs the entries.
#pragma once
#include "jit/session.h"
#include "runtime/include/roam/entry.h"
#include "runtime/peer/crash-reporter.h"
#include "runtime/peer/fork-guard.h"
#include "runtime/peer/linked-entries.h"
#include "runtime/peer/request-loop.h"
#include "runtime/peer/worker-printing.h"
#include <memory>
#include <string>
#include <vector>

namespace roam::peer {

/// Runs the requests of one supervisor, one after another. Whatever the shipped code throws becomes
/// an answer; a crash takes the process, which is why this is one.
class WorkerLoop final : public RequestLoop, jit::ObjectSource {
 public:
  /// Opens the JIT, and loads libraries with linked entries, of which it tells the supervisor.
  /// Throws if one can't be loaded.
  WorkerLoop(const WorkerMemory& memory, int descriptor, const WorkerPrinting::Channels& channels,
             const std::vector<std::string>& libraries);
  ~WorkerLoop() override;

 private:
  std::span<const std::byte> fetch(const Digest& digest) override;

  void begin(const Request& request) override;
  Answer answer(unsigned slot) override;
  Answer answerOf(unsigned slot);
  EntryFunction* prepare(const Request& request, Answer& answer, unsigned slot);
  EntryFunction* replace(const Request& request, Answer& answer, unsigned slot);
  void tellLinked();
  Answer runEntry(EntryFunction* entry, const Request& request, unsigned slot);

  unsigned current_ = 0; ///< slot being served
  CrashReporter crashes_;
  ForkGuard forks_;
  WorkerPrinting printing_;
  LinkedEntries linked_;
  std::unique_ptr<jit::Session> session_;
};

} // namespace roam::peer
