// A peer as a member of its cluster: level with the names, there for others as long as its lease
// lasts.
//
//     find the store        cluster-store.h
//     level                 every current name and its code, linked by a worker
//     take work             and say so in the store, with a lease
//     ...                   what is bound later is got ready when it is heard of
//     the lease is lost     take no work; from the start again
//
// A peer that was told nothing of a cluster takes work at once. It begins with all this when
// somebody asks for its store: it is then the first of a cluster.
#pragma once
#include "net/host.h"
#include "runtime/name-store.h"
#include "runtime/name-table.h"
#include "runtime/peer/cluster-store.h"
#include "runtime/peer/neighbours.h"
#include "runtime/store-records.h"
#include <map>
#include <optional>
#include <set>

namespace roam::peer {

/// Call on the loop thread.
class Membership final : kj::TaskSet::ErrorHandler {
 public:
  struct World {
    kj::AsyncIoContext& io;
    net::Log& log;
    net::Host& host;
    net::SliceStore& slices;
    net::ClosureRunner& runner;
    Neighbours& neighbours;
    store::StoreOpener opensStore = store::openStore; ///< if this peer keeps the store
  };
  /// All must outlive it. `mine` is what this peer says of itself.
  Membership(World world, const PeerOptions& options, net::Hello mine);
  ~Membership() noexcept(false);
  KJ_DISALLOW_COPY(Membership);

  /// `own`: where this peer listens now. Resolves when it takes work: at once, or when it is level
  /// with its cluster. Fails only if the store that it keeps itself can't be opened.
  kj::Promise<void> join(std::vector<std::string> own);
  /// Says to the cluster that this peer takes no new work. Never fails: if the store does not
  /// answer in time, the others find out when the lease ends.
  kj::Promise<void> beginLeaving();
  /// Takes leave. Never fails, likewise.
  kj::Promise<void> leave();

  net::StoreDoor& door() { return door_; }

 private:
  /// Opens the store for others, and makes this peer a member then.
  class Door final : public net::StoreDoor {
   public:
    explicit Door(Membership& of) : of_(of) {}
    kj::Promise<net::StoreAccess> open(Visitor visitor) override;

   private:
    Membership& of_;
  };

  /// A name whose code is not here.
  struct Unready {
    NamedBinding bound;
    bool isOnItsWay = true; ///< else `problem` says why
    std::string problem;
  };

  kj::Promise<void> run();
  kj::Promise<void> level();
  kj::Promise<void> namesKnown();
  kj::Promise<void> work();
  kj::Promise<void> awaitRequired();
  void introduce(const std::vector<net::StoreEntry>& members);
  kj::Promise<void> followMembers();
  void bound(const std::vector<NamedBinding>& bindings);
  kj::Promise<void> makeReady(NamedBinding bound);
  kj::Promise<void> allReady();
  kj::Promise<void> registerMember();
  kj::Promise<void> holdLease();
  kj::Promise<void> tell(kj::Promise<void> said);
  std::string record(bool leaving) const;
  void turnAway(const std::string& why);
  void takeWork();
  void lapse(const std::string& why);
  void taskFailed(kj::Exception&& exception) override;

  World world_;
  const PeerOptions options_;
  const net::Hello mine_;
  ClusterStore cluster_;
  Door door_{*this};
  std::vector<std::string> own_;
  const std::int64_t started_;
  bool isRunning_ = false;
  bool hasRequired_ = false; ///< those that must be there first have been there
  kj::Own<NameStore> names_;
  kj::Own<NameTable> table_;
  std::string store_; ///< its identity; empty before it was asked for
  net::Lease lease_ = 0;
  bool isLeaving_ = false;
  kj::TimePoint heard_ = kj::origin<kj::TimePoint>(); ///< when the lease was surely there
  bool isWorking_ = false;
  std::string told_;                            ///< why it takes no work, as the log has it
  std::map<std::string, Digest> wanted_;        ///< of each name, what it is bound to
  std::map<std::string, Unready> unready_;      ///< by name
  kj::Own<kj::PromiseFulfiller<void>> lapsing_; ///< null before the lease
  std::shared_ptr<const void> introduction_;
  kj::Maybe<kj::Own<kj::PromiseFulfiller<void>>> awaitsReady_;
  kj::TaskSet tasks_; ///< last: refers to what is above
};

} // namespace roam::peer
