// A store that may be replaced: the way to whichever store a cluster has now.
#pragma once
#include "net/remote-store.h"
#include <kj/vector.h>

namespace roam::net {

/// As RemoteStore. When the store turns out to be another one than before (replacedWords), what was
/// begun fails with that, and what comes after is of the new store: `identity` tells.
class RejoiningStore final : public Store {
 public:
  /// `timer` must outlive the store.
  RejoiningStore(RemoteStore::Connect connect, kj::Timer& timer);
  ~RejoiningStore() noexcept(false);
  KJ_DISALLOW_COPY(RejoiningStore);

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
  class Watch;
  RemoteStore& current() { return *stores_.back(); }
  /// Goes over to the next store if `failure` says that `of` was replaced.
  void notice(std::size_t of, const kj::Exception& failure);
  template <class T>
  kj::Promise<T> noticed(kj::Promise<T> answer);

  RemoteStore::Connect connect_;
  kj::Timer& timer_;
  kj::Vector<kj::Own<RemoteStore>> stores_; ///< the last is the current; what waits may use others
};

} // namespace roam::net
