// Counters in a map, and a list for forgetting.
#include "runtime/peer/code-uses.h"

namespace roam::peer {

void CodeUses::ran(const Digest& digest, std::uint64_t elements, std::uint64_t nanoseconds) {
  auto [at, isNew] = rows_.try_emplace(digest);
  Row& row = at->second;
  if (isNew)
    row.place = recent_.insert(recent_.begin(), digest);
  else
    recent_.splice(recent_.begin(), recent_, row.place);
  ++row.use.chunks;
  row.use.elements += elements;
  row.use.runNanoseconds += nanoseconds;
  if (rows_.size() > most_) {
    rows_.erase(recent_.back());
    recent_.pop_back();
  }
}

CodeUse CodeUses::of(const Digest& digest) const {
  auto found = rows_.find(digest);
  return found == rows_.end() ? CodeUse() : found->second.use;
}

} // namespace roam::peer
