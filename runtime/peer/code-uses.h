// How often and how long a peer has run the code of each digest.
#pragma once
#include "jit/slice/digest.h"
#include "net/limits.h"
#include <cstdint>
#include <list>
#include <unordered_map>
#include <vector>

namespace roam::peer {

/// What one digest was used for since the peer started.
struct CodeUse {
  std::uint64_t chunks = 0, elements = 0;
  std::uint64_t runNanoseconds = 0; ///< wall time inside the entry
};

/// Counts for the digests used last. Belongs to one thread.
class CodeUses {
 public:
  explicit CodeUses(std::size_t most = limits::codesKnown) : most_(most) {}

  /// A chunk is done. About 50 ns.
  void ran(const Digest& digest, std::uint64_t elements, std::uint64_t nanoseconds);
  /// Zeros if it was not used, or forgotten since.
  CodeUse of(const Digest& digest) const;
  /// Most recent first.
  std::vector<Digest> digests() const { return {recent_.begin(), recent_.end()}; }

 private:
  struct Row {
    CodeUse use;
    std::list<Digest>::iterator place;
  };

  std::size_t most_;
  std::unordered_map<Digest, Row> rows_;
  std::list<Digest> recent_; ///< most recent first
};

} // namespace roam::peer
