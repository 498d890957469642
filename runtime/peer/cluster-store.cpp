// Finding the store: who is asked, and when this peer keeps it itself.
#include "runtime/peer/cluster-store.h"
#include "net/address.h"
#include "net/coroutine.h"
#include "net/exceptions.h"
#include "net/join-place.h"
#include "net/limits.h"
#include "net/log.h"
#include "net/rejoining-store.h"
#include "runtime/peer/store-rights.h"
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <kj/debug.h>
#include <utility>

namespace roam::peer {
ClusterStore::ClusterStore(kj::AsyncIoContext& io, net::Log& log, const PeerOptions& options,
                           net::Hello mine, std::function<void(const std::string&)> waits,
                           store::StoreOpener opens)
    : io_(io), log_(log), options_(options), mine_(std::move(mine)), waits_(std::move(waits)),
      opens_(std::move(opens)) {}

ClusterStore::~ClusterStore() noexcept(false) {}

/// Makes itself known before anything is looked at.
void ClusterStore::listensAt(std::vector<std::string> own) {
  own_ = std::move(own);
  if (options_.join.where.empty())
    return;
  discovery_ = net::discover(io_, log_, options_.join, [this](std::string address) {
    if (std::ranges::find(own_, address) == own_.end())
      found_.insert(std::move(address));
  });
  for (const std::string& address : own_)
    announcements_.push_back(discovery_->announce(address));
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
  if (std::exchange(hasFailed_, false))
    finding_ = nullptr;
  KJ_IF_MAYBE (finding, finding_)
    return finding->addBranch();
  auto forked = findOnce()
                    .catch_([this](kj::Exception&& why) {
                      hasFailed_ = true;
                      kj::throwFatalException(kj::mv(why));
                    })
                    .fork();
  auto branch = forked.addBranch();
  finding_ = kj::mv(forked);
  return branch;
}

kj::Promise<void> ClusterStore::findOnce() {
  if (!options_.store.empty()) {
    where_ = options_.store;
    use(opens_(io_, options_.store, options_.join.cluster));
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
  while (true) {
    Round round;
    if (co_await askAll(round))
      co_return;
    if (isFirst(round)) {
      kj::Maybe<kj::Exception> failure = kj::runCatchingExceptions([this] { keepHere(); });
      KJ_IF_MAYBE (why, failure)
        if (round.orphans > 0) // who had it may have the file still
          round.problems += std::string(net::wordsOf(*why).cStr());
        else
          kj::throwFatalException(kj::mv(*why));
      else
        co_return;
    }
    if (!round.problems.empty())
      where_ = round.problems;
    if (timer.now() - began > limits::registration)
      waits_("it has not found the store of its cluster: " + where_);
    co_await timer.afterDelay(pause);
    pause = kj::min(2 * pause, limits::storeRetry);
  }
}

/// At the same time. True as soon as one of them led to the store.
kj::Promise<bool> ClusterStore::askAll(Round& round) {
  auto led = kj::newPromiseAndFulfiller<void>();
  round.led = kj::mv(led.fulfiller);
  round.asked = found_;
  kj::Vector<kj::Promise<void>> answers;
  for (const std::string& address : round.asked)
    answers.add(ask(address, round));
  co_await kj::joinPromises(answers.releaseAsArray()).exclusiveJoin(kj::mv(led.promise));
  co_return store_.get() != nullptr;
}

/// Nobody else can be, as far as can be known. Not where certain peers are named: the store is
/// theirs.
bool ClusterStore::isFirst(const Round& round) const {
  if (round.orphans > 0 && (round.wasKeeper || std::filesystem::exists(ownFile())))
    return true;
  auto places = net::joinPlaces(options_.join);
  return round.orphans == 0 &&
         std::ranges::none_of(
             places, [](auto& place) { return place.kind == net::JoinPlace::Kind::address; }) &&
         std::ranges::includes(round.asked, found_) &&
         (round.seekers.empty() || own_.front() < *round.seekers.begin());
}

/// Asks the peer there for its store.
kj::Promise<void> ClusterStore::ask(std::string address, Round& round) {
  auto tell = [&round](const std::string& what) {
    round.problems += (round.problems.empty() ? "" : "; ") + what;
  };
  kj::Own<net::Peer> peer;
  std::string keeper;
  try {
    peer = co_await net::dial(io_.provider->getNetwork(), io_.provider->getTimer(), address.c_str(),
                              mine_);
  } catch (const kj::Exception& exception) {
    tell(net::wordsOf(exception).cStr());
    co_return;
  }
  try {
    auto answer = co_await peer->openStore(own_.front());
    keeper = answer.keeper.size() == 0 ? address : answer.keeper.cStr();
  } catch (const kj::Exception& exception) {
    tell(fmt::format("{} at {}: {}", peer->name(), address, net::wordsOf(exception).cStr()));
    round.seekers.insert(address);
    co_return;
  }
  try {
    if (std::ranges::find(own_, keeper) != own_.end()) {
      round.wasKeeper = true;
      ++round.orphans;
      co_return;
    }
    co_await reachAt(keeper);
  } catch (const kj::Exception& exception) {
    tell(fmt::format("{} keeps it, but {}", keeper, net::wordsOf(exception).cStr()));
    ++round.orphans;
    co_return;
  }
  if (store_.get() != nullptr)
    co_return;
  where_ = "the store at " + keeper_;
  use(kj::heap<net::RejoiningStore>([this] { return reach(); }, io_.provider->getTimer()));
  round.led->fulfill();
}

bool ClusterStore::isCut() const {
  return way_.get() != nullptr && way_->whyDisconnected().size() > 0;
}

void ClusterStore::keepHere() {
  std::string file = ownFile();
  where_ = file.empty() ? "in the memory of this peer" : file;
  if (!file.empty())
    std::filesystem::create_directories(options_.stateDirectory);
  use(opens_(io_, file.empty() ? "memory" : "sqlite:" + file, options_.join.cluster));
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
  throw net::disconnected(problem);
}

kj::Promise<protocol::Store::Client> ClusterStore::reachAt(std::string address) {
  kj::Own<net::Peer> fresh; // not yet the way: others may be tried at the same time
  net::Peer* way = way_;
  if (way == nullptr || way->address() != address || way->whyDisconnected().size() > 0) {
    fresh = co_await net::dial(io_.provider->getNetwork(), io_.provider->getTimer(),
                               address.c_str(), mine_);
    way = fresh;
  }
  auto answer = co_await way->openStore(own_.front());
  if (answer.keeper.size() > 0)
    throw net::disconnected(address + " does not keep the cluster's store itself");
  keeper_ = address;
  if (fresh.get() != nullptr)
    way_ = kj::mv(fresh);
  co_return answer.store;
}

kj::Promise<net::StoreAccess> ClusterStore::open(Visitor visitor) {
  if (!visitor.asker.empty() && visitor.rights.peer && found_.size() < limits::addressesFound) {
    std::string address = net::loopbackAddress(visitor.asker).cStr();
    if (std::ranges::find(own_, address) == own_.end())
      found_.insert(std::move(address));
  }
  if (store_.get() == nullptr) {
    if (discovery_.get() != nullptr || !options_.store.empty())
      throw net::disconnected("this peer does not know yet where its cluster's store is: " +
                              where_);
    co_await find();
  }
  co_return net::StoreAccess{service_->clientForConnection(storeRightsOf(visitor)),
                             kj::heapString(keeper_.data(), keeper_.size())};
}

} // namespace roam::peer
