// A store, served over connections: Store of store.capnp.
#pragma once
#include "net/store.capnp.h"
#include "net/store.h"
#include <functional>
#include <kj/timer.h>

namespace roam::net {

/// What one connection may change of a store.
struct StoreRights {
  /// Asked before each commit: throws, in words, if the connection may not make these writes. What
  /// it returns is called once they are made; it may be null. Null: it may make all.
  std::function<std::function<void()>(const std::vector<StoreWrite>&)> admit;
  bool leases = true; ///< it may have some
};

/// Serves one store to any number of connections. Call on the loop thread. When it is destroyed,
/// calls and watches that wait fail with DISCONNECTED, and so do all that come; clients may outlive
/// it.
class StoreService {
 public:
  /// Both must outlive the service.
  StoreService(Store& store, kj::Timer& timer);
  ~StoreService() noexcept(false);
  KJ_DISALLOW_COPY(StoreService);

  /// What one connection gets, once: the limits of a connection are kept by it.
  protocol::Store::Client clientForConnection(StoreRights rights = {});

  /// A client that has the store to itself, and ends it when it is dropped.
  static protocol::Store::Client clientOf(kj::Own<Store> store, kj::Timer& timer);

 private:
  class Access;
  class Served;
  class ServedWatch;
  class ServedListing;
  kj::Own<Access> access_;
};

} // namespace roam::net
