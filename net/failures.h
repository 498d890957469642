// Failures of a chunk that Roam itself finds, before or instead of a run: worded once for the
// origin, the host and the peer's workers.
#pragma once
#include "net/closure-runner.h"

namespace roam::net {

/// The outcome of a chunk that gave no results, of its first element.
ChunkOutcome failedWith(Failure::Kind kind, kj::String message, const Chunk& chunk);

/// Why the chunk, or the slice of its entry, is too large to be sent or run, and what to do; or
/// nothing.
kj::Maybe<kj::String> excessOf(const Chunk& chunk, kj::ArrayPtr<const kj::byte> slice);

} // namespace roam::net
