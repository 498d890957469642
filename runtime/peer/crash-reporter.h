// The worker's side of a crash: writes the report, then lets the process die as it would have.
#pragma once
#include "roam/entry.h"
#include "runtime/peer/crash-report.h"

namespace roam::peer {

/// From its construction on, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT and exit() of this process
/// are reported. One a process, for as long as that lives. Costs nothing until then. Handlers run
/// on a stack of their own, on the thread that made the reporter; and call only what is safe in
/// them, but for the dynamic linker's lock, which dladdr takes: should that be held, an alarm ends
/// the process after a second, and the frames so far are told.
///
/// Programs under AddressSanitizer have their own reports, and are left alone.
class CrashReporter {
 public:
  explicit CrashReporter(CrashReport& report);
  CrashReporter(const CrashReporter&) = delete;

  /// The entry runs from now on: `out` says which element, of which the first has the index `first`
  /// in the whole job. All must live until `end`.
  void begin(EntryFunction* entry, const Output& out, std::uint64_t first);
  void end();
};

} // namespace roam::peer
