// Peers are dialled while others are still being looked for; one that answers knows the rest.
#include "tools/cluster-peers.h"
#include "net/log.h"
#include "net/remote-store.h"
#include "runtime/store-records.h"
#include "tools/joining.h"
#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <stdexcept>

namespace roam::tools {
namespace {

/// Dials each address once.
class Dialling {
 public:
  Dialling(kj::AsyncIoContext& io, const char* name) : io_(io) {
    mine_.name = name;
    mine_.version = ROAM_VERSION;
  }

  void dial(const std::string& address) {
    if (!known_.insert(address).second)
      return;
    dials_.add(net::dial(io_.provider->getNetwork(), io_.provider->getTimer(), address, mine_)
                   .then([this](kj::Own<net::Peer> peer) { found_.peers.push_back(kj::mv(peer)); },
                         [this](kj::Exception&& failure) {
                           found_.failures.push_back(net::wordsOf(failure).cStr());
                         })
                   .eagerlyEvaluate(nullptr));
  }

  void finish() { kj::joinPromises(dials_.releaseAsArray()).wait(io_.waitScope); }

  /// The members that the first peer's store lists.
  void dialMembers() {
    if (found_.peers.empty())
      return;
    net::Peer& first = *found_.peers.front();
    net::RemoteStore store([&first] { return first.store(); }, io_.provider->getTimer());
    auto failure = kj::runCatchingExceptions([&] {
      for (auto& entry : store.list(keys::members).wait(io_.waitScope).entries)
        if (!MemberRecord::read(entry.value).leaving)
          dial(keys::after(keys::members, entry.key));
    });
    KJ_IF_MAYBE (exception, failure)
      found_.failures.push_back(fmt::format("the other members of the cluster are not known: {}",
                                            net::wordsOf(*exception).cStr()));
  }

  /// By address.
  ClusterPeers take() {
    std::sort(found_.peers.begin(), found_.peers.end(),
              [](auto& a, auto& b) { return a->address() < b->address(); });
    return kj::mv(found_);
  }

 private:
  kj::AsyncIoContext& io_;
  net::Hello mine_;
  ClusterPeers found_;
  std::set<std::string> known_;
  kj::Vector<kj::Promise<void>> dials_;
};

} // namespace

ClusterPeers findPeers(kj::AsyncIoContext& io, const net::JoinOptions& join, const char* name) {
  if (join.where.empty())
    throw std::runtime_error(
        "there is no cluster to join: give --join, or set join as `roam config` tells");
  Dialling dialling(io, name);
  LogOnErrors log;
  auto discovery =
      net::discover(io, log, join, [&](std::string address) { dialling.dial(address); });
  discovery->firstRound().wait(io.waitScope);
  discovery = nullptr;
  dialling.finish();
  dialling.dialMembers();
  dialling.finish();
  return dialling.take();
}

} // namespace roam::tools
