// What becomes of a copy of a worker that shipped code makes by fork.
#pragma once
#include "runtime/peer/worker-memory.h"

namespace roam::peer {

/// From its construction on, a forked child of this process has a copy of the memory that the
/// process shares with its supervisor, so that whatever the child writes stays its own; and
/// `isChild` is true there. One a process; `memory` must outlive it. Programs that are started
/// (posix_spawn, vfork, system) are no such copies.
class ForkGuard {
 public:
  explicit ForkGuard(const WorkerMemory& memory);
  ForkGuard(const ForkGuard&) = delete;

  /// This is a forked child: it must end instead of answering.
  static bool isChild();
};

} // namespace roam::peer
