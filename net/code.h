// The code of a closure as an origin has it, for peers that lack it.
#pragma once
#include "jit/slice/compiled-object.h"
#include <kj/common.h>
#include <kj/string.h>

namespace roam::net {

/// A CompiledObject as written.
struct ShippedObject {
  ObjectTarget target; ///< that it was made for
  kj::ArrayPtr<const kj::byte> bytes;
};

/// All of it lies at its owner's.
struct Code {
  kj::ArrayPtr<const kj::byte> slice; ///< or slice group: its digest is the chunk's entry
  kj::StringPtr description;          ///< `Slice` of peer.capnp explains it; may be empty
  /// The best of those that run on a peer's machine goes there with the slice.
  kj::ArrayPtr<const ShippedObject> objects;
};

} // namespace roam::net
