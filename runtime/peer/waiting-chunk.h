// A chunk that some origin still waits for, and where it is: in a queue, or at a worker.
#pragma once
#include "net/closure-runner.h"
#include <kj/async.h>
#include <list>

namespace roam::peer {

class WaitingChunk;
using ChunkQueue = std::list<WaitingChunk*>;

/// Whoever places chunks. Must outlive them, or let go of each (`owner = nullptr`).
class ChunkOwner {
 public:
  virtual void enqueue(WaitingChunk& chunk) = 0;
  /// Its promise was dropped: no answer is wanted. Must not throw.
  virtual void forget(WaitingChunk& chunk) = 0;
};

/// The adapter of the promise that ClosureRunner::run gives, so that it lives exactly as long as
/// the promise.
class WaitingChunk {
 public:
  WaitingChunk(kj::PromiseFulfiller<net::ChunkOutcome>& fulfiller, ChunkOwner& owner,
               net::Chunk chunk, kj::ArrayPtr<const kj::byte> slice)
      : chunk(chunk), slice(slice), fulfiller_(fulfiller), owner_(&owner) {
    owner.enqueue(*this);
  }
  ~WaitingChunk() {
    if (owner_ != nullptr)
      owner_->forget(*this);
  }
  KJ_DISALLOW_COPY(WaitingChunk);

  const net::Chunk chunk;
  const kj::ArrayPtr<const kj::byte> slice;
  unsigned tries = 0; ///< how often it was given to a worker

  void enter(ChunkQueue& queue, ChunkQueue::iterator before) {
    queue_ = &queue;
    at_ = queue.insert(before, this);
  }
  void leaveQueue() {
    if (queue_ != nullptr)
      queue_->erase(at_);
    queue_ = nullptr;
  }

  /// The end: the owner knows it no longer.
  void settle(net::ChunkOutcome outcome) {
    leaveQueue();
    owner_ = nullptr;
    fulfiller_.fulfill(kj::mv(outcome));
  }
  void reject(kj::Exception exception) {
    leaveQueue();
    owner_ = nullptr;
    fulfiller_.reject(kj::mv(exception));
  }

 private:
  kj::PromiseFulfiller<net::ChunkOutcome>& fulfiller_;
  ChunkOwner* owner_;
  ChunkQueue* queue_ = nullptr;
  ChunkQueue::iterator at_;
};

} // namespace roam::peer
