// The ladder: where the code of a digest comes from.
//
// A digest can be answered by what is linked into the peer, by an object in memory, and then by the
// rungs of code-table.h, the cheapest first:
//
//     bundle    a file the peer was started with
//     disk      what this machine has compiled before
//     peer      what another peer of the same target has, or compiles for all of them
//     shipped   an object that the origin sent along with the slice
//     compiled  by a process of its own, quickly if it is much
//
// What a rung gives is checked: its hash, that it was made from this digest, that it runs here. If
// something is wrong with it, or a worker can't link it, the next rung is asked. What is not as
// fast as it could be, having been compiled quickly or for any CPU, is compiled again in the
// background once it has run for about as long as that takes: whatever the future holds, that at
// most doubles what it costs.
#pragma once
#include "jit/object-cache.h"
#include "jit/slice/compiled-object.h"
#include "net/closure-runner.h"
#include "runtime/peer/bundles.h"
#include "runtime/peer/code-table.h"
#include "runtime/peer/compilers.h"
#include "runtime/peer/object-writer.h"
#include "runtime/peer/peer-objects.h"
#include <kj/async.h>
#include <unordered_map>
#include <vector>

namespace roam::peer {

/// Told of what comes of climbing. Not during a call of the ladder.
class CodeEvents {
 public:
  /// The code of a digest is there, or refused.
  virtual void onCode(const Digest& digest) = 0;
  /// The peer itself could not go on.
  virtual void onNoCode(const Digest& digest, const kj::Exception& why) = 0;
};

/// Finds objects for digests. Each is looked for once, however many ask. Call on the loop thread.
class CodeLadder final : kj::TaskSet::ErrorHandler {
 public:
  struct Options {
    ObjectTarget host;
    Bundles* bundles = nullptr;       ///< or none
    jit::ObjectCache* disk = nullptr; ///< or none; read on the loop thread, written to by another
    PeerObjects* peers = nullptr;     ///< or none
    std::size_t memoryBytes = 0;
    bool tunes = true;        ///< compiles again what is not as fast as it could be
    bool takesForeign = true; ///< objects of other peers and of origins
  };
  /// All must outlive the ladder.
  CodeLadder(Compilers& compilers, net::Log& log, Options options);
  /// Waits until the last object is on disk.
  ~CodeLadder() noexcept(false);
  KJ_DISALLOW_COPY(CodeLadder);

  /// Who is told: set before the first climb, and to null when it goes.
  void tell(CodeEvents* events) { events_ = events; }

  /// What is known of `digest`, which counts as used. Valid until the next call.
  const Code& at(const Digest& digest) { return codes_.at(digest); }
  /// Looks for the code of a digest of state unknown. Copies the slice.
  void climb(const Digest& digest, kj::ArrayPtr<const kj::byte> slice);
  /// An object that came along with the slice, for when its rung is reached. Copied.
  void offer(const Digest& digest, kj::ArrayPtr<const kj::byte> object);

  /// A worker is given the object.
  void delivered(const Digest& digest);
  /// It can't be linked. What was compiled here is refused for good.
  void failed(const Digest& digest, kj::StringPtr why);
  /// The entry has run.
  void ran(const Digest& digest, std::uint64_t nanoseconds);

  /// The object of a digest for another peer: net::ClosureRunner::object.
  kj::Promise<net::ObjectAnswer> object(const net::ObjectQuestion& question);

  /// Fills in what the object of a digest is, if it is in memory.
  void describe(const Digest& digest, net::CodeStatus& status) const;

  const ObjectTarget& host() const { return options_.host; }
  /// Those of the rungs.
  const net::ClosureRunner::Counters& counters() const { return counters_; }

 private:
  using Slice = kj::Array<const kj::byte>;

  kj::Promise<void> reach(const Digest& digest, Slice slice);
  kj::Promise<void> reachAlone(const Digest& digest, Slice slice);
  void settle(const Digest& digest, kj::Maybe<kj::Exception> failure);
  bool takeFromBundle(const Digest& digest, kj::ArrayPtr<const kj::byte> slice);
  bool takeFromDisk(const Digest& digest, kj::ArrayPtr<const kj::byte> slice);
  bool takeShipped(const Digest& digest, kj::ArrayPtr<const kj::byte> slice);
  kj::Maybe<CompiledObject> check(const Digest& digest, Rung rung,
                                  kj::ArrayPtr<const kj::byte> bytes);
  bool hold(const Digest& digest, Rung rung, kj::ArrayPtr<const kj::byte> bytes,
            kj::ArrayPtr<const kj::byte> slice);
  void hold(const Digest& digest, Rung rung, const CompiledObject& object,
            kj::ArrayPtr<const kj::byte> bytes, kj::ArrayPtr<const kj::byte> slice);
  void tuned(const Digest& digest, CompileOutcome outcome);
  net::ObjectAnswer answer(const Digest& digest);
  void logComplaints();
  void taskFailed(kj::Exception&& exception) override;

  Compilers& compilers_;
  net::Log& log_;
  Options options_;
  CodeEvents* events_ = nullptr;
  CodeTable codes_;
  net::ClosureRunner::Counters counters_;
  /// Other peers that want to know what becomes of a digest.
  std::unordered_map<Digest, std::vector<kj::Own<kj::PromiseFulfiller<void>>>> waiting_;
  kj::Own<ObjectWriter> writer_;
  kj::TaskSet tasks_;
};

} // namespace roam::peer
