// The way to a store over connections, which may be lost: reads and watches ride that out.
#pragma once
#include "net/store.capnp.h"
#include "net/store.h"
#include <functional>
#include <kj/refcount.h>
#include <kj/timer.h>
#include <memory>

namespace roam::net {

/// Asks whoever `connect` leads to, and again when that is lost. Reads, leases and watches are
/// tried again, each limits::storeRetry, for limits::storeAnswer; watches as long as they live. A
/// commit is sent once: it fails with DISCONNECTED if what became of it is not known.
///
/// All must be the same store. Once another one is found, everything fails with FAILED and
/// `replacedWords`: what was read, and the leases, are of a store that is gone, so join again.
class RemoteStore final : public Store {
 public:
  /// Gives the store of a connection; fails if there is none now, with why in words. May be called
  /// again at any time, once at a time.
  using Connect = std::function<kj::Promise<protocol::Store::Client>()>;

  /// Connects when it is first needed. `timer` must outlive the store.
  RemoteStore(Connect connect, kj::Timer& timer);
  ~RemoteStore() noexcept(false);
  KJ_DISALLOW_COPY(RemoteStore);

  kj::Promise<std::string> identity() override;
  kj::Promise<kj::Maybe<StoreEntry>> get(std::string key) override;
  kj::Promise<StoreListing> list(std::string prefix) override;
  kj::Promise<Committed> commit(std::vector<StoreCondition> conditions,
                                std::vector<StoreWrite> writes) override;
  kj::Own<StoreWatch> watch(std::string prefix, Revision after) override;
  kj::Promise<Lease> grant(kj::Duration time) override;
  kj::Promise<void> keepAlive(Lease lease) override;
  kj::Promise<void> revoke(Lease lease) override;

 private:
  class Way;
  class Watch;
  struct Listing {
    StoreListing all;
    kj::Maybe<protocol::StoreListing::Client> rest; ///< what is still to be fetched
  };

  kj::Promise<StoreListing> tryList(std::string prefix, int tries);
  kj::Promise<StoreListing> listRest(std::shared_ptr<Listing> listing);

  kj::Own<Way> way_;
};

} // namespace roam::net
