// The way from a host's connections to the store of its cluster.
#pragma once
#include "net/audit.h"
#include "net/rights.h"
#include "net/store.capnp.h"
#include <functional>
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
  struct Visitor {
    std::string asker; ///< where the peer listens that looks for the store; empty if it is no peer
    Rights rights;
    std::function<void(const AuditEvent&)> account; ///< may be null; valid as long as the access
  };
  /// For one connection. Fails, in words, while it is not known where the store is.
  virtual kj::Promise<StoreAccess> open(Visitor visitor) = 0;
};

} // namespace roam::net
