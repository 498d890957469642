// Which engine a name means.
#include "runtime/store/open-store.h"
#include "net/address.h"
#include "net/exceptions.h"
#include "net/remote-store.h"
#include "net/store-service.h"
#include "runtime/store/etcd-endpoint.h"
#include "runtime/store/sqlite-store.h"

namespace roam::store {
namespace {

constexpr std::string_view sqlite = "sqlite:", etcd = "etcd://";

[[noreturn]] void refuse(kj::String why) {
  kj::throwFatalException(net::failed(why));
}

/// The endpoints of one etcd cluster in turn: each connection goes to the next.
kj::Own<net::Store> openEtcd(kj::AsyncIoContext& io, const std::string& endpoints,
                             const std::string& cluster) {
  if (cluster.find('/') != cluster.npos)
    refuse(kj::str("'", cluster.c_str(), "' can't be the name of a cluster in etcd: it has a '/'"));
  auto addresses = net::splitAddresses(endpoints);
  if (addresses.empty())
    refuse(kj::str("'etcd://' names no etcd; say etcd://HOST:PORT, with commas between several"));
  for (auto& address : addresses)
    net::loopbackAddress(address.c_str());

  auto connect = [&io, addresses, cluster, next = std::size_t(0)]() mutable {
    std::string name = addresses[next++ % addresses.size()];
    auto& timer = io.provider->getTimer();
    return io.provider->getNetwork()
        .parseAddress(net::loopbackAddress(name.c_str()))
        .then([name, cluster, &timer](kj::Own<kj::NetworkAddress> address) {
          return net::StoreService::clientOf(
              kj::heap<EtcdEndpoint>(kj::mv(address), name, timer, cluster), timer);
        });
  };
  return kj::heap<net::RemoteStore>(std::move(connect), io.provider->getTimer());
}

} // namespace

kj::Own<net::Store> openStore(kj::AsyncIoContext& io, const std::string& where,
                              const std::string& cluster) {
  if (where == "memory")
    return kj::heap<SqliteStore>(io.provider->getTimer(), "");
  if (where.starts_with(sqlite) && where.size() > sqlite.size())
    return kj::heap<SqliteStore>(io.provider->getTimer(), where.substr(sqlite.size()));
  if (where.starts_with(etcd))
    return openEtcd(io, where.substr(etcd.size()), cluster);
  refuse(
      kj::str("'", where.c_str(), "' is no store; say memory, sqlite:PATH, or etcd://HOST:PORT"));
}

} // namespace roam::store
