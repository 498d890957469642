// Another peer as an origin sees it: run a chunk there, shipping its slice if need be.
#pragma once
#include "net/closure-runner.h"
#include "net/code.h"
#include "net/hello.h"
#include "net/neighbours.h"
#include "net/store-door.h"
#include <kj/async-io.h>
#include <kj/timer.h>
#include <memory>
#include <vector>

namespace roam::net {

/// What a peer says of itself when asked: `Status` of peer.capnp.
struct PeerStatus {
  std::string name;
  unsigned workers = 0;
  std::uint64_t slices = 0, sliceBytes = 0;
  std::uint64_t chunksDone = 0, elementsDone = 0;
  std::uint64_t slicesReceived = 0, compiled = 0, cacheHits = 0, workersLost = 0;
  std::uint64_t linked = 0, memory = 0, bundled = 0, fromPeers = 0, shipped = 0, tuned = 0;
  unsigned connections = 0;
  bool leaving = false;
  unsigned chunksOpen = 0;
};

/// A slice that a peer gave, and was verified.
struct FetchedSlice {
  Digest digest;
  std::string code, description; ///< as in `Slice` of peer.capnp
};

/// A connection to a peer. Call on the loop thread. Destroying it closes the connection: what is
/// still promised fails with DISCONNECTED.
class Peer {
 public:
  struct Counters {
    std::uint64_t chunksSent = 0;
    std::uint64_t slicesShipped = 0, sliceBytesShipped = 0; ///< bytes as they travelled: packed
    std::uint64_t haveAsked = 0;
  };

  virtual ~Peer() noexcept(false) = default;

  virtual const std::string& name() const = 0;
  /// Where it was dialled.
  virtual const std::string& address() const = 0;
  /// Where its cluster's members know it, by what it says; empty if they don't. Peers that listen
  /// at several addresses have one of these.
  virtual const std::string& memberAddress() const = 0;
  /// How many chunks it runs at the same time.
  virtual unsigned workers() const = 0;
  virtual const Counters& counters() const = 0;

  /// Runs the chunk there. `code` is that of `chunk.entry`; it travels only if the peer lacks it.
  /// If its slice is null, a peer that lacks it runs nothing: the outcome is `codeMissing`. The
  /// bytes of `chunk` and `code` must stay unchanged as long as `owner` is held, which may be
  /// longer than the promise lives: large ones are sent from where they lie. A null `owner` is for
  /// bytes that outlive the peer. `owner` is released on the loop thread. The results are free of
  /// threads and of the peer; large ones keep the message they came in. What went wrong with the
  /// chunk comes as `failure`. A peer that is lost before it was sent anything of the chunk is the
  /// outcome `notSent`; the promise fails with DISCONNECTED if it is lost later (the chunk may have
  /// run), OVERLOADED if it has too much to do. Dropping it cancels what has not begun.
  virtual kj::Promise<ChunkOutcome> run(Chunk chunk, Code code,
                                        std::shared_ptr<const void> owner) = 0;

  /// What its workers run; nothing if it takes no objects.
  virtual const std::optional<ObjectTarget>& target() const = 0;
  /// Asks for an object, which is checked by nobody yet. `question.slice` is read before this
  /// returns. Fails as `run` does. Waits as long as the peer is there; dropping the promise tells
  /// it so.
  virtual kj::Promise<ObjectAnswer> object(ObjectQuestion question) = 0;

  /// Tells it which other peers there are, of those at most limits::neighbours, and under which
  /// address it is known here; `all` may name it, too. Fails with UNIMPLEMENTED if it is of an
  /// older Roam.
  virtual kj::Promise<void> introduce(kj::ArrayPtr<const Neighbour> all) = 0;

  /// Fails after limits::connect, with OVERLOADED, if the peer does not answer.
  virtual kj::Promise<PeerStatus> status() = 0;
  /// What it knows of these slices, or of all if none are named; those it has not met are left out.
  /// In ascending order of digests. Fails as `status` does.
  virtual kj::Promise<std::vector<CodeStatus>> codes(std::vector<Digest> digests) = 0;
  /// Those of these slices that it has. Fails as `status` does, and with FAILED if one is not what
  /// its digest says.
  virtual kj::Promise<std::vector<FetchedSlice>> slices(std::vector<Digest> digests) = 0;
  virtual kj::Promise<void> ping() = 0;
  /// Has it leave: it takes no work any more, finishes what it has, and ends. Resolves when it
  /// takes none. Fails as `status` does, and with UNIMPLEMENTED if it is of an older Roam.
  virtual kj::Promise<void> drain() = 0;

  /// The store of the peer's cluster. Calls on it fail if the peer has none.
  virtual protocol::Store::Client store() = 0;
  /// The same, with who keeps it. Fails after limits::storeAnswer, with OVERLOADED, if the peer
  /// does not answer.
  virtual kj::Promise<StoreAccess> openStore(kj::StringPtr asker) = 0;

  /// Resolves as soon as the peer is lost: its connection broke, or it was silent for
  /// limits::silence. Never fails.
  virtual kj::Promise<void> disconnected() = 0;
  /// Why, in words without its name and address, once it is lost: the connection ended, or a call
  /// failed with DISCONNECTED because the peer said that it leaves. Empty before that.
  virtual kj::String whyDisconnected() const = 0;
};

/// Connects to the peer at `address` (see net/address.h) and says hello as `mine`. Fails within
/// limits::connect with words that name the address, say why, and what to do. `timer` must outlive
/// the peer, `network` the promise.
kj::Promise<kj::Own<Peer>> dial(kj::Network& network, kj::Timer& timer, kj::StringPtr address,
                                const Hello& mine);

} // namespace roam::net
