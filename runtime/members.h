// The members of a cluster as an origin sees them: found, dialled, and given to the Origin.
//
// The first are found in the places that the program names (net/discovery.h). One of them then
// leads to the cluster's store, which lists all others, now and later. A peer that is lost is
// dialled again as long as a place or the store names it.
#pragma once
#include "net/discovery.h"
#include "net/peer.h"
#include "net/store.h"
#include "roam/cluster.h"
#include "runtime/origin.h"
#include "runtime/recent-lines.h"
#include <functional>
#include <map>

namespace roam {

/// Call on the loop thread. Destroyed before the origin.
class Members final : private PeerLosses, private kj::TaskSet::ErrorHandler {
 public:
  using Changed = std::function<void(PeerChange, const Member&, const std::string& why)>;
  struct Options {
    net::JoinOptions places;
    std::vector<std::string> required; ///< addresses of members to wait for
  };

  /// Everything must outlive it.
  Members(kj::AsyncIoContext& io, Origin& origin, net::Hello mine, Options options,
          Changed changed);
  ~Members() noexcept(false);
  KJ_DISALLOW_COPY(Members);

  /// Resolves when the peers of each list have answered, at least one of every cluster that is
  /// looked for elsewhere, and those that are required. Fails with DISCONNECTED that says who did
  /// not, and why.
  kj::Promise<void> joined();

  /// The store of the first peers' cluster, through whichever peer is there. Opens when it is first
  /// used.
  net::Store& store() { return *store_; }

  /// Remembers what went wrong, for later error messages.
  void complain(const std::string& what) { log_.line(what.c_str()); }
  std::string complaints() const { return log_.text(); }

  /// All members of the cluster that do not leave, once this process is connected to each. Fails
  /// with FAILED that names those that can't be reached, or are of another store. The pointers are
  /// good until the loop turns.
  kj::Promise<std::vector<net::Peer*>> all();

 private:
  struct Known {
    bool isNamed = false;  ///< by a place
    bool isMember = false; ///< by the store
    bool isLeaving = false;
    bool hasLeft = false;     ///< and everybody was told
    bool isSuspected = false; ///< likewise
    bool isDialled = false;   ///< a connection is there, or being made
    std::string same;         ///< another address of the same peer, which counts instead; or empty
    Member member;
    net::Peer* peer = nullptr; ///< while connected
    kj::Duration pause = 0 * kj::SECONDS;
    std::string failure; ///< of the last try
  };

  void found(std::string address);
  void dial(const std::string& address);
  void dialLater(const std::string& address);
  void tell(Known& known, PeerChange change, const std::string& why);
  void connected(const std::string& dialled, kj::Own<net::Peer> peer);
  const Known& counting(const std::string& address);
  void failed(const std::string& address, const kj::Exception& why);
  void lost(net::Peer& peer, const std::string& why) override;
  kj::Promise<void> dialFirst();
  void checkFirst();
  kj::Promise<void> awaitRequired();
  kj::Promise<void> followMembers();
  kj::Promise<void> watchMembers(net::Revision after);
  void learn(const std::string& address, const std::optional<std::string>& record);
  kj::Promise<protocol::Store::Client> connectStore();
  std::string unreachable(const std::string& address) const;
  kj::Promise<std::string> whyStranger(std::string address);
  void taskFailed(kj::Exception&& exception) override;

  kj::AsyncIoContext& io_;
  Origin& origin_;
  net::Hello mine_;
  Options options_;
  Changed changed_;
  RecentLines log_;
  std::map<std::string, Known> known_;
  std::vector<std::string> first_; ///< found before any was dialled, in their order
  bool dialsAtOnce_ = false;
  std::size_t waysTried_ = 0; ///< to the store
  kj::Own<net::Store> store_;
  kj::Own<net::Discovery> discovery_;
  kj::TaskSet tasks_; ///< last: refers to what is above
};

} // namespace roam
