// Calling an entry: whatever it returns or throws becomes an answer.
#pragma once
#include "roam/entry.h"
#include "runtime/peer/thrown.h"
#include "runtime/peer/worker-memory.h"
#include <span>
#include <string>

namespace roam::peer {

/// Thrown through shipped code by `Output::grow` when the results pass limits::chunkBytes.
struct ResultsTooLarge {};

struct EntryCall {
  EntryFunction* entry;
  std::span<const char> captures, arguments;
  std::uint64_t count = 0; ///< elements
  std::uint64_t first = 0; ///< index of the first of them in the whole job
};

/// The texts of `answer` are beside it.
struct EntryEnd {
  Answer answer;
  std::string message; ///< what Roam says of it; of what was thrown: nothing
  Thrown thrown;       ///< if that is the kind of the answer
};

/// On the calling thread. Never throws, but for std::bad_alloc.
EntryEnd callEntry(const EntryCall& call, Output& out);

} // namespace roam::peer
