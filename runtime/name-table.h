// What all names of a cluster are bound to, as far as this process has heard: kept level with the
// store by a watch.
#pragma once
#include "runtime/name-store.h"
#include <functional>
#include <kj/timer.h>
#include <map>
#include <memory>
#include <mutex>

namespace roam {

/// All names at one revision of the store. What one commit bound together is there together.
struct NameSnapshot {
  net::Revision revision = 0;
  std::map<std::string, std::shared_ptr<const Binding>, std::less<>> names;
};

/// Follows the names of a store. Call on the loop thread, but for `snapshot`.
class NameTable final : private kj::TaskSet::ErrorHandler {
 public:
  using Changed = std::function<void(const std::vector<NamedBinding>&)>;

  /// Begins at once. `changed` hears of every binding, those that are there first. What can't be
  /// read in the store goes to `complain`, and is left out.
  NameTable(net::Store& store, kj::Timer& timer, Changed changed,
            std::function<void(std::string)> complain);
  KJ_DISALLOW_COPY(NameTable);

  /// From any thread. Never null.
  std::shared_ptr<const NameSnapshot> snapshot() const;
  /// Resolves when what that revision bound is in the snapshot: ask for one that wrote a name.
  /// Fails with FAILED and net::replacedWords if the store is replaced before.
  kj::Promise<void> reached(net::Revision revision);
  /// Of the store whose names are in the snapshot; empty before the first listing.
  const std::string& identity() const { return identity_; }
  /// Resolves when the names were listed for the first time.
  kj::Promise<void> listed() { return reached(0); }

 private:
  struct Waiter {
    net::Revision revision;
    kj::Own<kj::PromiseFulfiller<void>> fulfiller;
  };

  kj::Promise<void> follow();
  kj::Promise<net::Revision> relist();
  kj::Promise<void> watch(net::Revision after);
  void apply(std::shared_ptr<NameSnapshot> next, const std::string& key,
             const std::optional<std::string>& value, std::vector<NamedBinding>& changes);
  void publish(std::shared_ptr<NameSnapshot> next, const std::vector<NamedBinding>& changes);
  void taskFailed(kj::Exception&& exception) override;

  net::Store& store_;
  kj::Timer& timer_;
  Changed changed_;
  std::function<void(std::string)> complain_;
  std::string identity_; ///< of the store, once it was listed
  bool isListed_ = false;
  std::vector<Waiter> waiters_;
  mutable std::mutex mutex_;
  std::shared_ptr<const NameSnapshot> snapshot_; ///< guarded by mutex_
  kj::TaskSet tasks_;
};

} // namespace roam
