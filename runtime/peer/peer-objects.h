// Where a peer gets objects that others have made.
#pragma once
#include "jit/slice/digest.h"
#include <kj/array.h>
#include <kj/async.h>
#include <kj/common.h>

namespace roam::peer {

/// The other peers, for whoever needs code. Call on the loop thread.
class PeerObjects {
 public:
  virtual ~PeerObjects() noexcept(false) = default;

  /// An object that another peer has, or compiles if `mayCompile`: checked, made from this digest,
  /// and running here. Null if it is best compiled here. Never fails. `slice` stays valid until the
  /// promise resolves or is dropped; it may be null, if this peer has none.
  virtual kj::Promise<kj::Maybe<kj::Array<const kj::byte>>>
  object(const Digest& digest, kj::ArrayPtr<const kj::byte> slice, bool mayCompile) = 0;

  /// Another peer is compiling it for us. Whoever asks us for it now is told that there is none:
  /// two peers must not wait for each other.
  virtual bool waitsFor(const Digest& digest) const = 0;
};

} // namespace roam::peer
