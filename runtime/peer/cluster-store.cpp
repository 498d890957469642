// Finding the store: who is asked, and when this peer keeps it itself.
#include "runtime/peer/cluster-store.h"
#include "net/address.h"
#include "net/coroutine.h"
#include "net/join-place.h"
#include "net/limits.h"
#include "net/log.h"
#include "net/rejoining-store.h"
#include "runtime/store/open-store.h"
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

namespace roam::peer {
namespace {

kj::Exception unreachable(const std::string& why) {
  return kj::Exception(kj::Exception::Type::DISCONNECTED, __FILE__, __LINE__,
                       kj::heapString(why.data(), why.size()));
}

} // namespace

ClusterStore::ClusterStore(kj::AsyncIoContext& io, net::Log& log, const PeerOptions& options,
                           net::Hello mine)
    : io_(io), log_(log), options_(options), mine_(std::move(mine)) {
  if (!options_.join.where.empty())
    discovery_ = net::discover(io, log, options_.join, [this](std::string address) {
      if (std::ranges::find(own_, address) == own_.end())
        found_.insert(std::move(address));
    });
}

ClusterStore::~ClusterStore() noexcept(false) {}

void ClusterStore::listensAt(std::vector<std::string> own) {
  own_ = std::move(own);
  for (const std::string& address : own_) {
    found_.erase(address);
    if (discovery_.get() != nullptr)
      announcements_.push_back(discovery_->announce(address));
  }
}

/// By the cluster's name, or else by an address that will be the same next time.
std::string ClusterStore::ownFile() const {
  if (options_.stateDirectory.empty() || options_.listen.empty())
    return {};
  std::string name = options_.join.cluster;
  if (name.empty()) {
    name = options_.listen.front();
    if (name.starts_with("unix:") || name.ends_with(":0"))
      return {};
  }
  std::ranges::replace(name, '/', '_');
  return options_.stateDirectory + "/" + name + ".store";
}

bool ClusterStore::isWanted() const {
  return !options_.join.where.empty() || !options_.join.cluster.empty() ||
         !options_.store.empty() || (!ownFile().empty() && std::filesystem::exists(ownFile()));
}

kj::Promise<void> ClusterStore::find() {
  KJ_IF_MAYBE (finding, finding_)
    return finding->addBranch();
  auto forked = findOnce().fork();
  auto branch = forked.addBranch();
  finding_ = kj::mv(forked);
  return branch;
}

kj::Promise<void> ClusterStore::findOnce() {
  if (!options_.store.empty()) {
    where_ = options_.store;
    use(store::openStore(io_, options_.store, options_.join.cluster));
    co_return;
  }
  if (discovery_.get() == nullptr) {
    keepHere();
    co_return;
  }
  where_ = "nobody was found yet";
  co_await discovery_->firstRound();
  auto& timer = io_.provider->getTimer();
  const kj::TimePoint began = timer.now();
  kj::Duration pause = 5 * kj::MILLISECONDS;
  for (bool isTold = false;;) {
    std::set<std::string> present;
    for (const std::string& address : std::set<std::string>(found_)) {
      bool isThere = false;
      try {
        if (co_await join(address))
          co_return;
        isThere = true; // and looks for the store itself
      } catch (const kj::Exception& exception) {
        where_ = net::wordsOf(exception).cStr();
      }
      if (isThere)
        present.insert(address);
    }
    if (mayBeFirst() &&
        std::ranges::all_of(present, [&](auto& other) { return own_.front() < other; })) {
      keepHere();
      co_return;
    }
    if (!isTold && timer.now() - began > limits::registration) {
      isTold = true;
      log_.line(
          kj::str("takes no work until it has found the store of its cluster: ", where_.c_str()));
    }
    co_await timer.afterDelay(pause);
    pause = kj::min(2 * pause, limits::storeRetry);
  }
}

/// Not where certain peers are named: the store is theirs.
bool ClusterStore::mayBeFirst() const {
  return std::ranges::none_of(net::joinPlaces(options_.join), [](const net::JoinPlace& place) {
    return place.kind == net::JoinPlace::Kind::address;
  });
}

/// Whether the peer there has a store, which is then ours. Fails if there is no such peer.
kj::Promise<bool> ClusterStore::join(std::string address) {
  auto peer = co_await net::dial(io_.provider->getNetwork(), io_.provider->getTimer(),
                                 address.c_str(), mine_);
  std::string keeper;
  try {
    auto answer = co_await peer->openStore();
    keeper = answer.keeper.size() == 0 ? address : answer.keeper.cStr();
  } catch (const kj::Exception& exception) {
    where_ = fmt::format("{} at {}: {}", peer->name(), address, net::wordsOf(exception).cStr());
    co_return false;
  }
  if (std::ranges::find(own_, keeper) != own_.end()) { // we were, before we were started again
    keepHere();
    co_return true;
  }
  keeper_ = keeper;
  where_ = "the store at " + keeper_;
  use(kj::heap<net::RejoiningStore>([this] { return reach(); }, io_.provider->getTimer()));
  co_return true;
}

bool ClusterStore::isCut() const {
  return way_.get() != nullptr && way_->whyDisconnected().size() > 0;
}

void ClusterStore::keepHere() {
  std::string file = ownFile();
  where_ = file.empty() ? "in the memory of this peer" : file;
  if (!file.empty())
    std::filesystem::create_directories(options_.stateDirectory);
  use(store::openStore(io_, file.empty() ? "memory" : "sqlite:" + file, options_.join.cluster));
}

void ClusterStore::use(kj::Own<net::Store> store) {
  store_ = kj::mv(store);
  service_ = kj::heap<net::StoreService>(*store_, io_.provider->getTimer());
}

/// The keeper, wherever it is now.
kj::Promise<protocol::Store::Client> ClusterStore::reach() {
  std::string problem;
  std::vector<std::string> candidates{keeper_};
  candidates.insert(candidates.end(), found_.begin(), found_.end());
  for (const std::string& address : candidates) {
    try {
      co_return co_await reachAt(address);
    } catch (const kj::Exception& exception) {
      if (problem.empty())
        problem = net::wordsOf(exception).cStr();
    }
  }
  throw unreachable(problem);
}

kj::Promise<protocol::Store::Client> ClusterStore::reachAt(std::string address) {
  if (way_.get() == nullptr || way_->address() != address || way_->whyDisconnected().size() > 0)
    way_ = co_await net::dial(io_.provider->getNetwork(), io_.provider->getTimer(), address.c_str(),
                              mine_);
  auto answer = co_await way_->openStore();
  if (answer.keeper.size() > 0)
    throw unreachable(address + " does not keep the cluster's store itself");
  keeper_ = address;
  co_return answer.store;
}

kj::Promise<net::StoreAccess> ClusterStore::open() {
  if (store_.get() == nullptr) {
    if (discovery_.get() != nullptr || !options_.store.empty())
      throw unreachable("this peer does not know yet where its cluster's store is: " + where_);
    co_await find();
  }
  co_return net::StoreAccess{service_->clientForConnection(),
                             kj::heapString(keeper_.data(), keeper_.size())};
}

} // namespace roam::peer
