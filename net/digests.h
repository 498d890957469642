// Digests as messages carry them.
#pragma once
#include "jit/slice/digest.h"
#include "net/exceptions.h"
#include <kj/common.h>
#include <kj/exception.h>
#include <kj/string.h>
#include <span>

namespace roam::net {

/// The 32 bytes, which live as long as the digest.
inline kj::ArrayPtr<const kj::byte> bytesOf(const Digest& digest) {
  return {reinterpret_cast<const kj::byte*>(digest.bytes().data()), digest.bytes().size()};
}

/// Throws FAILED if those are no 32 bytes.
inline Digest digestFrom(kj::ArrayPtr<const kj::byte> bytes) {
  auto digest = Digest::fromBytes(std::as_bytes(std::span(bytes.begin(), bytes.size())));
  if (!digest)
    kj::throwFatalException(failed(
        kj::str("a digest has ", Digest::size, " bytes; one of ", bytes.size(), " arrived")));
  return *digest;
}

} // namespace roam::net
