// Which entries a worker has loaded, in the order of their use.
#pragma once
#include "jit/slice/digest.h"
#include <cstddef>
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
  /// Of the objects of all of them.
  std::size_t bytes() const { return bytes_; }

  /// It is loaded, and was used now. `objectBytes`: of the object that it is sent for this use, or
  /// 0; one that replaces another stays beside it.
  void used(const Digest& entry, bool isTuned, std::size_t objectBytes) {
    auto [found, isNew] = places_.try_emplace(entry);
    if (isNew)
      found->second = order_.insert(order_.begin(), {entry, isTuned, 0});
    else
      order_.splice(order_.begin(), order_, found->second);
    found->second->isTuned = isTuned;
    found->second->bytes += objectBytes;
    bytes_ += objectBytes;
  }

  void erase(const Digest& entry) {
    if (auto found = places_.find(entry); found != places_.end()) {
      bytes_ -= found->second->bytes;
      order_.erase(found->second);
      places_.erase(found);
    }
  }

  void clear() {
    order_.clear();
    places_.clear();
    bytes_ = 0;
  }

  /// The least recently used entry, if there are more entries or bytes than that. Not the only one.
  std::optional<Digest> surplus(std::size_t mostEntries, std::size_t mostBytes) const {
    bool isOver = count() > mostEntries || bytes_ > mostBytes;
    return isOver && count() > 1 ? std::optional(order_.back().digest) : std::nullopt;
  }

 private:
  struct Entry {
    Digest digest;
    bool isTuned;
    std::size_t bytes;
  };
  std::list<Entry> order_; ///< most recent first
  std::unordered_map<Digest, std::list<Entry>::iterator> places_;
  std::size_t bytes_ = 0;
};

} // namespace roam::peer
