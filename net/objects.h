// Compiled objects that peers ask each other for: `Session.object` of peer.capnp as values.
#pragma once
#include "jit/slice/compiled-object.h"
#include "net/limits.h"
#include <kj/array.h>
#include <kj/common.h>
#include <kj/string.h>
#include <optional>

namespace roam::net {

/// The bytes of `slice` belong to the caller.
struct ObjectQuestion {
  Digest digest;
  ObjectTarget target;                ///< of the one who asks
  kj::ArrayPtr<const kj::byte> slice; ///< null if the one who asks does not send it, or lacks it
  bool mayCompile = false;
};

struct ObjectAnswer {
  enum class Kind : std::uint8_t { none, object, wantSlice, refused };
  Kind kind = Kind::none;
  kj::Array<const kj::byte> object; ///< as written by CompiledObject; verified by nobody
  kj::String refusal;
};

/// Nothing if the text is empty, too long, or no target.
std::optional<ObjectTarget> readTarget(kj::StringPtr text);

} // namespace roam::net
