// The result of `Cluster::async`: a value that may not be here yet.
#pragma once
#include "roam/archive.h"
#include "roam/call.h"

namespace roam {

/// Owns one call. Moves, does not copy; used by one thread at a time. Dropping it cancels the call.
template <class R>
class [[nodiscard]] Future {
 public:
  explicit Future(detail::Call call) : call_(std::move(call)) {}

  /// Waits for the result and gives it, once. Throws what the shipped code threw (the same standard
  /// type where there is one, else RemoteError), PeerLost or WorkerDied if what ran it was lost
  /// (Options::idempotent says when it is sent again), Timeout, Cancelled.
  R get() {
    detail::CompletedChunk chunk;
    if (!call_.next(chunk))
      detail::throwNoResult();
    if constexpr (std::is_void_v<R>) {
      if (chunk.size != 0)
        detail::throwDamagedResults(0);
    } else {
      Reader in{chunk.results, chunk.size};
      Rebuilt<R> result(in);
      if (!in.finished())
        detail::throwDamagedResults(0);
      return static_cast<R&&>(result.get());
    }
  }

  /// Waits until `get` would not block.
  void wait() { call_.waitFor(Duration{1e9}); }

  /// Waits at most that long. True if `get` would not block.
  bool waitFor(Duration duration) { return call_.waitFor(duration); }

  /// Ends the call; `get` throws Cancelled unless the result is here already.
  void cancel() { call_.cancel(); }

 private:
  friend class Cluster;
  detail::Call call_;
};

} // namespace roam
