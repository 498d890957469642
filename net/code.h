// The code of a closure as an origin has it, for peers that lack it.
#pragma once
#include <kj/common.h>
#include <kj/string.h>

namespace roam::net {

/// All of it lies at its owner's.
struct Code {
  kj::ArrayPtr<const kj::byte> slice; ///< or slice group: its digest is the chunk's entry
  kj::StringPtr description;          ///< `Slice` of peer.capnp explains it; may be empty
};

} // namespace roam::net
