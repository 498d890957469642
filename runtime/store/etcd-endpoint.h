// The store in one etcd, over one way to it. What a lost connection means is the business of
// net/remote-store.h: that is asked, and has such an endpoint for each of its connections.
#pragma once
#include "net/store.h"
#include "runtime/store/etcd-gateway.h"

namespace roam::store {

/// Everything fails at once if the etcd can't be reached. Its promises end before it; its watches
/// may outlive it.
class EtcdEndpoint final : public net::Store {
 public:
  /// Entries are under roam/CLUSTER/entries/.
  EtcdEndpoint(kj::Own<kj::NetworkAddress> address, std::string name, kj::Timer& timer,
               const std::string& cluster);

  kj::Promise<std::string> identity() override;
  kj::Promise<kj::Maybe<net::StoreEntry>> get(std::string key) override;
  kj::Promise<net::StoreListing> list(std::string prefix) override;
  kj::Promise<net::Committed> commit(std::vector<net::StoreCondition> conditions,
                                     std::vector<net::StoreWrite> writes) override;
  kj::Own<net::StoreWatch> watch(std::string prefix, net::Revision after) override;
  kj::Promise<net::Lease> grant(kj::Duration time) override;
  kj::Promise<void> keepAlive(net::Lease lease) override;
  kj::Promise<void> revoke(net::Lease lease) override;

 private:
  class Watch;

  const std::string identityKey_, prefix_;
  const std::string name_;
  kj::Own<EtcdGateway> gateway_;
};

} // namespace roam::store
