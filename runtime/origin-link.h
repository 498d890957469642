// A peer as an origin uses it: whether it is there, takes work, and has room. Inside of
// runtime/origin.h.
#pragma once
#include "net/limits.h"
#include "runtime/origin.h"
#include <algorithm>
#include <set>

namespace roam {

/// Chunks of all calls together that a peer has at a time, for each of its workers; never more than
/// it takes.
inline constexpr unsigned chunksAWorkerOfAll = 64;

struct Origin::Link {
  Link(kj::Own<net::Peer> connected, unsigned index)
      : peer(kj::mv(connected)), index(index), workers_(std::max(1u, get()->workers())) {
  } // its hello bounds it above

  kj::Maybe<kj::Own<net::Peer>> peer;
  const unsigned index;
  unsigned inFlight = 0;          // chunks of all jobs
  std::set<std::uint64_t> flying; // their numbers
  bool isIntroduced = false;      // it knows of others
  std::uint64_t sent = 0;         // chunks, ever
  std::string whyTurnedAway; // what it said of the last chunk that it answered; empty: it took it
  bool leaves = false;       // it takes no work any more
  bool rests = false;        // nothing is sent for now
  std::uint64_t rested = 0;  // times it began to rest
  std::uint64_t doubted = 0; // of `sent`, when it last turned one away
  kj::Promise<void> watch = nullptr;

  /// Null once the connection ended.
  net::Peer* get() const {
    KJ_IF_MAYBE (p, peer)
      return const_cast<net::Peer*>(p->get());
    return nullptr;
  }
  unsigned workers() const { return workers_; }
  /// Whether the peer, which is lost, probably was running the chunk of this number, which it has
  /// still. It begins chunks in the order in which they come, as many at a time as it has workers;
  /// the others lay in its queue.
  bool wasRunning(std::uint64_t number) {
    if (!firstQueued_)
      firstQueued_ =
          flying.size() <= workers_ ? ~std::uint64_t(0) : *std::next(flying.begin(), workers_);
    return number < *firstQueued_;
  }
  bool isFor(const Job& job) const {
    return get() != nullptr && (job.spec_.peer < 0 || unsigned(job.spec_.peer) == index);
  }
  bool mayServe(const Job& job) const { return isFor(job) && !leaves; }
  bool hasRoom() const {
    return !rests &&
           inFlight < std::min<std::size_t>(workers() * chunksAWorkerOfAll, limits::chunksInFlight);
  }
  bool isInDoubt() const { return !whyTurnedAway.empty(); }
  void turnedAway(kj::StringPtr why) {
    whyTurnedAway = why.size() == 0 ? "it did not say why" : why.cStr();
    doubted = sent;
  }
  /// It has run the chunk of this number. What was sent before it turned others away says nothing.
  void took(std::uint64_t number) {
    if (!isInDoubt() || number <= doubted || leaves)
      return;
    whyTurnedAway.clear();
    rests = false;
    ++rested;
  }
  void leave() {
    leaves = true;
    whyTurnedAway = "it leaves";
  }
  double load() const { return double(inFlight) / workers(); }
  bool isIdle() const { return hasRoom() && inFlight < workers() && !isInDoubt(); }

 private:
  const unsigned workers_;
  std::optional<std::uint64_t> firstQueued_; // of `flying`, when the peer was found to be lost
};

} // namespace roam
