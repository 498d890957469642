// Which entries a worker has loaded, in the order of their use.
#pragma once
#include "jit/slice/digest.h"
#include <list>
#include <optional>
#include <unordered_map>

namespace roam::peer {

/// The supervisor's account of one worker. It may be wrong: the worker then says that the code is
/// missing.
class LoadedEntries {
 public:
  bool has(const Digest& entry) const { return places_.count(entry) != 0; }
  /// Of an entry that it has: whether there is no better object.
  bool isTuned(const Digest& entry) const { return places_.at(entry)->isTuned; }
  std::size_t count() const { return places_.size(); }

  /// It is loaded, and was used now.
  void used(const Digest& entry, bool isTuned) {
    if (auto found = places_.find(entry); found != places_.end()) {
      order_.splice(order_.begin(), order_, found->second);
      found->second->isTuned = isTuned;
      return;
    }
    order_.push_front({entry, isTuned});
    places_.emplace(entry, order_.begin());
  }

  void erase(const Digest& entry) {
    if (auto found = places_.find(entry); found != places_.end()) {
      order_.erase(found->second);
      places_.erase(found);
    }
  }

  void clear() {
    order_.clear();
    places_.clear();
  }

  /// The least recently used entry, if more than `limit` are loaded.
  std::optional<Digest> surplus(std::size_t limit) const {
    return count() > limit ? std::optional(order_.back().digest) : std::nullopt;
  }

 private:
  struct Entry {
    Digest digest;
    bool isTuned;
  };
  std::list<Entry> order_; ///< most recent first
  std::unordered_map<Digest, std::list<Entry>::iterator> places_;
};

} // namespace roam::peer
