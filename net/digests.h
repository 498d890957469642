// Digests as messages carry them.
#pragma once
#include "jit/slice/digest.h"
#include <kj/common.h>

namespace roam::net {

/// The 32 bytes, which live as long as the digest.
inline kj::ArrayPtr<const kj::byte> bytesOf(const Digest& digest) {
  return {reinterpret_cast<const kj::byte*>(digest.bytes().data()), digest.bytes().size()};
}

} // namespace roam::net
