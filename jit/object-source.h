// What a session needs from the layer above it: objects by digest.
#pragma once
#include "jit/slice/digest.h"
#include <cstddef>
#include <span>

namespace roam::jit {

/// Gives objects, and is asked on whatever thread links; several at the same time.
class ObjectSource {
 public:
  virtual ~ObjectSource() = default;

  /// The object made from `digest`, as CompiledObject writes it: not yet verified. The bytes stay
  /// valid until `fetch` is called again on the same thread. Throws if there is none: the message
  /// reaches the caller of Session::entry.
  virtual std::span<const std::byte> fetch(const Digest& digest) = 0;
};

} // namespace roam::jit
