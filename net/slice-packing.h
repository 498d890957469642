// Slices packed for the wire: zstd with a dictionary of typical slices, which both ends have.
//
// Half of a small slice is tables that are the same in every slice, and much of the rest is the
// same library code. A one-line closure of 2,100 bytes becomes 100 to 350. Nothing depends on the
// packed form: digests name the slice itself, and are checked after unpacking.
#pragma once
#include "jit/slice/digest.h"
#include <kj/array.h>
#include <kj/common.h>

namespace roam::net {

/// The digest of the dictionary. Two processes understand each other's packed slices only if theirs
/// are equal; else slices travel as they are.
const Digest& dictionaryDigest();

/// About 20 us for a small slice, 5 ns a byte for a large one.
kj::Array<const kj::byte> pack(kj::ArrayPtr<const kj::byte> slice);

/// The slice, or null if `packed` is not what `pack` gives, or holds more than limits::sliceBytes.
/// Allocates no more than the slice takes. `packed` may be any bytes.
kj::Maybe<kj::Array<const kj::byte>> unpack(kj::ArrayPtr<const kj::byte> packed);

} // namespace roam::net
