// Whether a host takes work now, and whether it has any. Two reasons may speak against taking some:
// the host is not level with its cluster, which passes, and it leaves, which does not.
#pragma once
#include "net/closure-runner.h"
#include <kj/async.h>
#include <kj/refcount.h>
#include <kj/timer.h>
#include <kj/vector.h>

namespace roam::net {

/// Call on the loop thread.
class Admission {
 public:
  Admission() = default;
  KJ_DISALLOW_COPY(Admission);

  /// Until takeWork. The words are for people, and continue "it takes no work: ".
  void turnAway(kj::String why) { why_ = kj::mv(why); }
  /// A time after which no work is taken, whoever may have been kept from saying so.
  struct Term {
    kj::Timer& timer; ///< must outlive the admission
    kj::TimePoint end;
    kj::String why;
  };
  void takeWork(Term term) {
    why_ = nullptr;
    term_ = kj::mv(term);
  }
  /// For good, whatever else is said.
  void leave(kj::String why) { leaving_ = kj::mv(why); }
  bool isLeaving() const { return leaving_ != nullptr; }

  /// What a chunk is told that comes now; null if it is taken.
  kj::Maybe<kj::StringPtr> refusal() const;

  class Stay;
  /// A chunk that holds so many bytes is there as long as what this gives.
  Stay enter(std::size_t bytes);
  /// The same of results that wait to be sent, which are no chunk.
  Stay hold(std::size_t bytes);
  std::size_t chunks() const { return present_->chunks; }
  std::size_t bytes() const { return present_->bytes; }
  /// Resolves when no chunk is there; at once if none is.
  kj::Promise<void> idle();

 private:
  struct Present final : kj::Refcounted {
    std::size_t chunks = 0, bytes = 0;
    kj::Vector<kj::Own<kj::PromiseFulfiller<void>>> waiting; ///< for the last chunk to go
  };

  kj::Maybe<kj::String> why_, leaving_;
  kj::Maybe<Term> term_;
  kj::Own<Present> present_ = kj::refcounted<Present>();
};

/// May outlive the admission.
class Admission::Stay {
 public:
  Stay(kj::Own<Present> present, std::size_t chunks, std::size_t bytes);
  Stay(Stay&&) = default;
  KJ_DISALLOW_COPY(Stay);
  ~Stay() noexcept(false);

 private:
  kj::Own<Present> present_;
  std::size_t chunks_, bytes_;
};

} // namespace roam::net
