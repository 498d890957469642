// The code that this peer will not run, since it ended too many workers.
//
// An end is blamed on what the worker was running. The third within limits::endsRemembered puts the
// digest into quarantine, where it stays until it is released:
//
//     onWorkerEnded(d)   suspected: may be run by two workers at a time
//     onWorkerEnded(d)   by one
//     onWorkerEnded(d)   refused, by all chunks that wait and all that come
//     release(d)         as if nothing had been
//
// So no digest that ends whoever runs it costs more than three workers, however many wait for it,
// as soon as it has ended one.
#pragma once
#include "jit/slice/digest.h"
#include "net/limits.h"
#include <kj/common.h>
#include <kj/string.h>
#include <kj/timer.h>
#include <list>
#include <unordered_map>
#include <vector>

namespace roam::peer {

/// Hears what befalls code. Called on the loop thread, inside the calls that change the quarantine.
class QuarantineEvents {
 public:
  /// A worker ended while it ran this. `how`: "was killed by signal 9 (Killed)".
  virtual void onEnd(const Digest& digest, kj::StringPtr how) = 0;
  /// It ended its third worker here. Not told of what `add` and `release` change.
  virtual void onQuarantined(const Digest& digest, kj::StringPtr reason) = 0;
};

/// On the loop thread of a peer. Holds limits::endsKnown and limits::quarantined digests at most;
/// whatever is there longest goes first.
class Quarantine {
 public:
  /// `timer` must outlive it.
  explicit Quarantine(const kj::Timer& timer) : timer_(timer) {}
  KJ_DISALLOW_COPY(Quarantine);

  /// Null: nobody hears. Must outlive the quarantine, or be taken back.
  void tell(QuarantineEvents* events) { events_ = events; }

  /// A worker ended while it ran this code.
  void onWorkerEnded(const Digest& digest, kj::StringPtr how);
  /// Why the code is not run, for people; null if it may be. Valid until the next change.
  kj::Maybe<kj::StringPtr> isRefused(const Digest& digest) const;
  /// How many workers may run the code at the same time: as many as it may still end, once it has
  /// ended one.
  unsigned workersFor(const Digest& digest) const;

  /// Refuses the code from now on, whatever it did here.
  void add(const Digest& digest, kj::StringPtr reason);
  /// Forgets what the code did, and runs it again. False if it was not refused.
  bool release(const Digest& digest);
  std::vector<Digest> digests() const;

 private:
  struct Ends {
    unsigned count = 0;
    kj::TimePoint last = kj::origin<kj::TimePoint>();
  };
  /// Entries in the order in which they were made.
  template <class T>
  class Table {
   public:
    T& make(const Digest& digest, std::size_t limit) {
      if (auto found = entries_.find(digest); found != entries_.end())
        return found->second.value;
      if (entries_.size() >= limit) {
        entries_.erase(order_.front());
        order_.pop_front();
      }
      order_.push_back(digest);
      return entries_.emplace(digest, Entry{{}, std::prev(order_.end())}).first->second.value;
    }
    const T* find(const Digest& digest) const {
      auto found = entries_.find(digest);
      return found == entries_.end() ? nullptr : &found->second.value;
    }
    bool erase(const Digest& digest) {
      auto found = entries_.find(digest);
      if (found == entries_.end())
        return false;
      order_.erase(found->second.at);
      entries_.erase(found);
      return true;
    }
    const std::list<Digest>& order() const { return order_; }

   private:
    struct Entry {
      T value;
      std::list<Digest>::iterator at;
    };
    std::list<Digest> order_;
    std::unordered_map<Digest, Entry> entries_;
  };

  unsigned endsOf(const Digest& digest) const;

  const kj::Timer& timer_;
  QuarantineEvents* events_ = nullptr;
  Table<Ends> ends_;
  Table<kj::String> refused_; ///< why
};

} // namespace roam::peer
