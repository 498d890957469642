// The way from a host's connections to the store of its cluster.
#pragma once
#include "net/store.capnp.h"
#include <kj/async.h>
#include <kj/string.h>
#include <string>

namespace roam::net {

/// A store as one connection gets it.
struct StoreAccess {
  protocol::Store::Client store;
  kj::String keeper; ///< address of the peer that keeps it; empty: this one, or an engine
};

/// Implemented by the peer. Call on the loop thread.
class StoreDoor {
 public:
  virtual ~StoreDoor() noexcept(false) = default;
  /// For one connection. `asker`: where the peer listens that looks for the store; empty if it is
  /// no peer. Fails, in words, while it is not known where the store is.
  virtual kj::Promise<StoreAccess> open(std::string asker) = 0;
};

} // namespace roam::net
