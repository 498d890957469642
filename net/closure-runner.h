// What a host needs from the layer above it: something that runs closures.
#pragma once
#include "jit/slice/digest.h"
#include "net/code-status.h"
#include "net/objects.h"
#include "net/output.h"
#include <cstdint>
#include <kj/array.h>
#include <kj/async.h>
#include <kj/common.h>
#include <kj/string.h>
#include <memory>
#include <vector>

namespace roam::net {

/// One entry over a run of encoded arguments. The bytes belong to the caller.
struct Chunk {
  Digest entry;
  kj::ArrayPtr<const kj::byte> captures;
  kj::ArrayPtr<const kj::byte> arguments;
  std::uint64_t count = 0;
  std::uint64_t first = 0; ///< index of the first element in the whole job
  /// The code uses peer-local variables, which are in one worker process only.
  bool home = false;
  /// Makes the code ready to run, and runs nothing: a worker links it. Gives empty results.
  bool onlyLink = false;
  /// Reads what the code prints, before the outcome is there. Null: nobody.
  std::shared_ptr<OutputSink> output = nullptr;
};

/// Why a chunk gave no results. Mirrors `Failure` of peer.capnp, where the fields are explained.
struct Failure {
  enum class Kind : std::uint8_t {
    thrown,
    badCaptures,
    badArguments,
    badSlice,
    workerDied,
    limit,
    quarantined,
    forbidden
  };
  Kind kind = Kind::thrown;
  kj::String type;
  kj::String message;
  std::uint64_t element = 0; ///< index in the whole job
  std::int64_t code = 0;
  kj::String category;
  int signal = 0;
  int exitStatus = 0;
  kj::Array<kj::String> stack = nullptr;
  bool mayHaveRun = false;
};

/// What became of a chunk: results, or a failure, or nothing was run.
struct ChunkOutcome {
  kj::Array<const kj::byte> results; ///< `count` encoded results; empty if there are none
  kj::Maybe<Failure> failure;
  kj::Maybe<kj::String> turnedAway; ///< why nothing was run, for people
  bool leaves = false;              ///< the host takes no work any more
  bool codeMissing = false;         ///< the peer lacks the code, and it was sent without
  kj::Maybe<kj::String> notSent;    ///< why the peer was lost before the chunk was on its way
  std::uint64_t runNanoseconds = 0; ///< wall time inside the entry
};

/// Runs closures whose slices are in the store. Implemented by runtime/peer; faked in tests. Called
/// on the loop thread.
class ClosureRunner {
 public:
  virtual ~ClosureRunner() noexcept(false) = default;

  /// Whether chunks of this entry may be run without giving the slice: it is linked in, or bundled.
  virtual bool has(const Digest& entry) const = 0;

  /// Runs the chunk on some worker. `slice` is the verified slice of `chunk.entry`, or null, which
  /// it may be only if the runner has the entry. The bytes of
  /// `chunk` and `slice` stay valid until the promise resolves or is dropped. Dropping it takes a
  /// waiting chunk out of the queue; one that has begun is told (roam/cancelled.h). What goes
  /// wrong with the chunk itself comes as `ChunkOutcome::failure`; the promise fails only when the
  /// runner itself can't go on (OVERLOADED: too many wait; DISCONNECTED: it is shutting down).
  virtual kj::Promise<ChunkOutcome> run(Chunk chunk, kj::ArrayPtr<const kj::byte> slice) = 0;

  /// Answers what waits for a worker with `turnedAway`; what has begun runs on.
  virtual void handBack(kj::StringPtr why) = 0;

  /// An object that came along with a slice, as written by CompiledObject: of use if the entry has
  /// none yet. Nothing of it is verified. Copied if kept.
  virtual void offer(const Digest& digest, kj::ArrayPtr<const kj::byte> object) = 0;

  /// `Session.object` of peer.capnp. The target is that of the host's hello. The bytes of the
  /// question stay valid until the promise resolves or is dropped; dropping it need not stop a
  /// compilation. What goes wrong is answered as `refused`; the promise fails only as that of `run`
  /// does.
  virtual kj::Promise<ObjectAnswer> object(ObjectQuestion question) = 0;

  /// The slices it can tell something about; at most limits::codesKnown.
  virtual std::vector<Digest> codes() const = 0;
  /// What it knows of one; null if nothing. Description and size of a slice that came over a
  /// connection are left to the caller.
  virtual kj::Maybe<CodeStatus> code(const Digest& digest) const = 0;

  /// `Status` of peer.capnp explains them.
  struct Counters {
    std::uint64_t chunksDone = 0, elementsDone = 0, workersLost = 0;
    std::uint64_t linked = 0, memory = 0, bundled = 0, cacheHits = 0, fromPeers = 0, shipped = 0,
                  compiled = 0, tuned = 0;
  };
  virtual Counters counters() const = 0;
  /// How many chunks run at the same time.
  virtual unsigned workers() const = 0;
};

} // namespace roam::net
