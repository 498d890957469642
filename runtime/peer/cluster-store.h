// Where the store of a peer's cluster is, and the way to it.
//
// A peer that looks for nobody is the first of its cluster and keeps the store itself; so does one
// that looks in places where others come and go (dir:, multicast, dns:, exec:) and finds nobody who
// has one, if its address is the smallest of those that are there. With --store etcd://... there is
// no such question. Everyone else reaches the store through the peer that keeps it.
//
// Several peers that start at the same moment agree: each makes itself known before it looks, so of
// any two at least one finds the other and asks it. With the question goes the address of who asks.
// So whoever answers that it has no store knows of the other from then on, and only the one with
// the smaller address goes on to be the first.
//
// If the peer that kept the store is gone, those that use it wait for it. It may come back at
// another address: it has the file then; or without one, at its own.
#pragma once
#include "net/discovery.h"
#include "net/hello.h"
#include "net/peer.h"
#include "net/store-door.h"
#include "net/store-service.h"
#include "runtime/peer/peer-options.h"
#include "runtime/store/open-store.h"
#include <functional>
#include <kj/async-io.h>
#include <set>

namespace roam::peer {

/// Call on the loop thread.
class ClusterStore final : public net::StoreDoor {
 public:
  /// All but the options must outlive it. `mine` is what this peer says to others. While the store
  /// is not found for a while, `waits` hears why.
  ClusterStore(kj::AsyncIoContext& io, net::Log& log, const PeerOptions& options, net::Hello mine,
               std::function<void(const std::string&)> waits, store::StoreOpener opens);
  ~ClusterStore() noexcept(false);
  KJ_DISALLOW_COPY(ClusterStore);

  /// Whether this peer is one of a cluster from its start: it looks for others, or has been told
  /// where the store is, or has one on disk.
  bool isWanted() const;
  /// `own`: where this peer listens. Before anything else.
  void listensAt(std::vector<std::string> own);

  /// Resolves when it is known where the store is, and it answers. Fails only if it can't be
  /// opened here.
  kj::Promise<void> find();
  /// After `find`.
  net::Store& store() { return *store_; }
  /// The connection to the peer that keeps it broke.
  bool isCut() const;
  /// What find is waiting for, or where it is, in words.
  const std::string& where() const { return where_; }

  /// Opens the store if nobody else has one.
  kj::Promise<net::StoreAccess> open(Visitor visitor) override;

 private:
  /// What one round of questions gave.
  struct Round {
    std::set<std::string> asked;
    std::set<std::string> seekers; ///< who look for a store, too
    unsigned orphans = 0;          ///< whose keeper is gone
    bool wasKeeper = false;        ///< it is this peer that the orphans wait for
    std::string problems;
    kj::Own<kj::PromiseFulfiller<void>> led; ///< to the store: it is ours from now on
  };

  kj::Promise<void> findOnce();
  kj::Promise<bool> askAll(Round& round);
  kj::Promise<void> ask(std::string address, Round& round);
  bool isFirst(const Round& round) const;
  void keepHere();
  void use(kj::Own<net::Store> store);
  std::string ownFile() const;
  kj::Promise<protocol::Store::Client> reach();
  kj::Promise<protocol::Store::Client> reachAt(std::string address);

  kj::AsyncIoContext& io_;
  net::Log& log_;
  const PeerOptions options_;
  const net::Hello mine_;
  const std::function<void(const std::string&)> waits_;
  const store::StoreOpener opens_;
  std::vector<std::string> own_;
  std::set<std::string> found_;       ///< addresses, but for our own
  kj::Own<net::Discovery> discovery_; ///< null: looks for nobody
  std::vector<kj::Own<net::Announcement>> announcements_;
  kj::Own<net::Peer> way_;    ///< to the keeper
  std::string keeper_;        ///< its address; empty: this peer, or an engine
  kj::Own<net::Store> store_; ///< null until it is found
  kj::Own<net::StoreService> service_;
  std::string where_;
  kj::Maybe<kj::ForkedPromise<void>> finding_;
  bool hasFailed_ = false; ///< `finding_`; the next who asks tries again
};

} // namespace roam::peer
