// Calling an entry that is linked into this very process.
#pragma once
#include "net/closure-runner.h"
#include "runtime/peer/linked-entries.h"

namespace roam::peer {

/// Runs the chunk, of an entry that is there, on the calling thread; what the code throws is a
/// failure of the outcome. From any thread.
net::ChunkOutcome callLinked(LinkedEntries& entries, const net::Chunk& chunk);

} // namespace roam::peer
