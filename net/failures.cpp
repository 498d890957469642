// The words of the limits that a chunk can meet.
#include "net/failures.h"
#include "net/limits.h"

namespace roam::net {

ChunkOutcome failedWith(Failure::Kind kind, kj::String message, const Chunk& chunk) {
  ChunkOutcome outcome;
  outcome.failure = Failure{kind, nullptr, kj::mv(message), chunk.first, 0, nullptr};
  return outcome;
}

kj::Maybe<kj::String> excessOf(const Chunk& chunk, kj::ArrayPtr<const kj::byte> slice) {
  if (chunk.captures.size() > limits::chunkBytes)
    return kj::str("the captures have ", chunk.captures.size(), " bytes; the limit is ",
                   limits::chunkBytes);
  if (chunk.arguments.size() > limits::chunkBytes)
    return kj::str("the arguments of this chunk have ", chunk.arguments.size(),
                   " bytes; the limit is ", limits::chunkBytes, ": use smaller chunks");
  if (slice.size() > limits::sliceBytes)
    return kj::str("slice ", chunk.entry.shortened().c_str(), " has ", slice.size(),
                   " bytes; the limit is ", limits::sliceBytes);
  return nullptr;
}

} // namespace roam::net
