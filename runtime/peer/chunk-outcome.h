// From a worker's answer to what the network side tells the origin.
#pragma once
#include "net/closure-runner.h"
#include "runtime/peer/worker-process.h"

namespace roam::peer {

/// The answer in the words of the protocol. The answer comes from a worker: an element outside the
/// chunk is moved into it.
net::ChunkOutcome outcomeOf(TakenAnswer taken, const net::Chunk& chunk);

/// The worker that had begun the chunk is gone. `how`: "was killed by signal 9 (Killed)".
net::ChunkOutcome workerDied(const WorkerProcess& worker, kj::StringPtr how,
                             const net::Chunk& chunk);

/// Nothing was run. `reason`: "it ended 3 workers; ...".
net::ChunkOutcome quarantined(kj::StringPtr reason, const net::Chunk& chunk);

} // namespace roam::peer
