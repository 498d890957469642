// What the JIT needs from the layer above it: code by digest.
#pragma once
#include "jit/slice/digest.h"
#include <span>

namespace roam::jit {

/// Code for a digest, as a slice (canonical bitcode, not yet verified) or as an object compiled
/// before for the same target. The bytes stay valid until `fetch` is called again on the same
/// thread.
struct SliceCode {
  enum class Kind { slice, object };
  Kind kind = Kind::slice;
  std::span<const std::byte> bytes;
};

/// Gives code by digest, and is told of new objects. Called on the thread that materializes;
/// several at the same time.
class SliceSource {
 public:
  virtual ~SliceSource() = default;

  /// The code of `digest`; an object if there is one. Throws if there is neither: the message
  /// reaches the caller of entry().
  virtual SliceCode fetch(const Digest& digest) = 0;

  /// The slice was compiled: here is the object, for the target of the session. Valid during the
  /// call.
  virtual void compiled(const Digest& digest, std::span<const std::byte> object) = 0;
};

} // namespace roam::jit
