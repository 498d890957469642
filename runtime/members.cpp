// Whom to dial, and what to tell of them.
#include "runtime/members.h"
#include "net/address.h"
#include "net/coroutine.h"
#include "net/exceptions.h"
#include "net/join-place.h"
#include "net/limits.h"
#include "net/log.h"
#include "net/rejoining-store.h"
#include "runtime/store-records.h"
#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace roam {
namespace {

/// Of the tries to reach a member.
constexpr kj::Duration shortestPause = 100 * kj::MILLISECONDS, longestPause = 2 * kj::SECONDS;

/// Each of the places is a certain peer.
bool areAddresses(const net::JoinOptions& options) {
  return std::ranges::all_of(net::joinPlaces(options), [](const net::JoinPlace& place) {
    return place.kind == net::JoinPlace::Kind::address;
  });
}

} // namespace

Members::Members(kj::AsyncIoContext& io, Origin& origin, net::Hello mine, Options options,
                 Changed changed)
    : io_(io), origin_(origin), mine_(std::move(mine)), options_(std::move(options)),
      changed_(std::move(changed)),
      store_(kj::heap<net::RejoiningStore>([this] { return connectStore(); },
                                           io.provider->getTimer())),
      discovery_(net::discover(io, log_, options_.places,
                               [this](std::string address) { found(std::move(address)); })),
      tasks_(*this) {
  origin_.tellLosses(this);
}

Members::~Members() noexcept(false) {
  origin_.tellLosses(nullptr);
}

// --- the first ---------------------------------------------------------------------------------

kj::Promise<void> Members::joined() {
  co_await discovery_->firstRound();
  co_await dialFirst();
  checkFirst();
  dialsAtOnce_ = true;
  for (auto& [address, known] : known_) // found meanwhile, or not there at first
    if (known.isNamed && !known.isDialled)
      dial(address);
  co_await awaitRequired();
  tasks_.add(followMembers());
}

/// All at once, and given to the origin in the order in which they were found.
kj::Promise<void> Members::dialFirst() {
  auto deadline = io_.provider->getTimer().now() + limits::connect;
  while (true) {
    std::vector<std::string> addresses = first_;
    std::vector<kj::Own<net::Peer>> peers(addresses.size());
    kj::Vector<kj::Promise<void>> dials;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      known_[addresses[i]].isDialled = true;
      dials.add(net::dial(io_.provider->getNetwork(), io_.provider->getTimer(),
                          addresses[i].c_str(), mine_)
                    .then([&peers, i](kj::Own<net::Peer> peer) { peers[i] = kj::mv(peer); },
                          [this, address = addresses[i]](kj::Exception&& exception) {
                            failed(address, exception);
                          })
                    .eagerlyEvaluate(nullptr));
    }
    co_await kj::joinPromises(dials.releaseAsArray());
    bool isAny = false;
    for (std::size_t i = 0; i < addresses.size(); ++i)
      if (peers[i].get() != nullptr) {
        connected(addresses[i], kj::mv(peers[i]));
        isAny = true;
      }
    if (isAny || areAddresses(options_.places) || io_.provider->getTimer().now() >= deadline)
      co_return;
    co_await io_.provider->getTimer().afterDelay(shortestPause);
  }
}

void Members::checkFirst() {
  std::string failures;
  std::size_t count = 0;
  for (auto& [address, known] : known_) {
    count += known.peer != nullptr;
    if (known.peer == nullptr && !known.failure.empty())
      failures += "\n  " + known.failure;
  }
  if (count > 0 && (failures.empty() || !areAddresses(options_.places)))
    return;
  std::string places;
  for (const std::string& place : options_.places.where)
    places += (places.empty() ? "" : ", ") + place;
  if (failures.empty())
    failures = fmt::format("\n  no peer was found at {} within {} s{}", places,
                           limits::connect / kj::SECONDS, log_.text());
  throw net::disconnected("cannot join the cluster:" + failures);
}

kj::Promise<void> Members::awaitRequired() {
  auto& timer = io_.provider->getTimer();
  auto deadline = timer.now() + limits::required;
  for (const std::string& written : options_.required) {
    std::string address = net::loopbackAddress(written).cStr();
    known_[address].isNamed = true;
    if (!known_[address].isDialled)
      dial(address);
    while (counting(address).peer == nullptr) {
      if (timer.now() >= deadline)
        throw net::disconnected("a required member did not join: " + unreachable(address));
      co_await timer.afterDelay(10 * kj::MILLISECONDS);
    }
  }
}

// --- dialling ----------------------------------------------------------------------------------

void Members::found(std::string address) {
  Known& known = known_[address];
  const bool isNew = !std::exchange(known.isNamed, true);
  if (!dialsAtOnce_) {
    if (isNew)
      first_.push_back(std::move(address));
  } else if (!known.isDialled) {
    dial(address);
  }
}

void Members::dial(const std::string& address) {
  known_[address].isDialled = true;
  tasks_.add(
      net::dial(io_.provider->getNetwork(), io_.provider->getTimer(), address.c_str(), mine_)
          .then([this, address](kj::Own<net::Peer> peer) { connected(address, kj::mv(peer)); },
                [this, address](kj::Exception&& why) { failed(address, why); }));
}

void Members::failed(const std::string& address, const kj::Exception& why) {
  Known& known = known_[address];
  if (known.peer != nullptr)
    return; // it was reached at another address
  known.failure = why.getDescription().cStr();
  known.isDialled = false;
  if (!dialsAtOnce_)
    return;
  known.pause = std::clamp(2 * known.pause, shortestPause, longestPause);
  tasks_.add(io_.provider->getTimer().afterDelay(known.pause).then([this, address] {
    Known& known = known_[address];
    if (!known.isDialled && (known.isNamed || known.isMember))
      dial(address);
  }));
}

/// What is known of the peer at the address, which may have others.
const Members::Known& Members::counting(const std::string& address) {
  const Known& known = known_[address];
  return known.same.empty() ? known : known_[known.same];
}

/// A peer that listens at several addresses counts once, at the one that its cluster knows.
void Members::connected(const std::string& dialled, kj::Own<net::Peer> peer) {
  std::string address = peer->memberAddress();
  if (address.empty() || address == dialled)
    address = dialled;
  else
    known_[dialled].same = address;
  known_[dialled].failure.clear();
  Known& known = known_[address];
  if (known.peer != nullptr)
    return;
  known.isDialled = true;
  known.failure.clear();
  known.pause = 0 * kj::SECONDS;
  known.isLeaving = known.hasLeft = false;
  known.peer = peer;
  const unsigned index = origin_.add(kj::mv(peer));
  known.member = {known.peer->name(), address, known.peer->workers(), index};
  tell(known, PeerChange::joined, "");
}

void Members::tell(Known& known, PeerChange change, const std::string& why) {
  known.isSuspected = change == PeerChange::suspected;
  known.hasLeft = change == PeerChange::left;
  changed_(change, known.member, why);
}

void Members::lost(net::Peer& peer, const std::string& why) {
  for (auto& [address, known] : known_)
    if (known.peer == &peer) {
      known.peer = nullptr;
      known.isDialled = false;
      if (known.isLeaving && !known.hasLeft)
        tell(known, PeerChange::left, why);
      else if (!known.isLeaving)
        tell(known, known.isMember ? PeerChange::suspected : PeerChange::dead, why);
      dialLater(address);
      for (auto& [other, also] : known_)
        if (also.same == address) {
          also.same.clear();
          also.isDialled = false;
          dialLater(other);
        }
    }
}

void Members::dialLater(const std::string& address) {
  tasks_.add(kj::evalLater([this, address] {
    if (!known_[address].isDialled)
      failed(address, net::disconnected("the connection was lost"));
  }));
}

// --- the store ---------------------------------------------------------------------------------

/// Through the peer that has been there longest; when that way was lost, through the next.
kj::Promise<protocol::Store::Client> Members::connectStore() {
  auto peers = origin_.peers();
  if (!peers.empty())
    return peers[waysTried_++ % peers.size()].second->store();
  return net::disconnected("no peer is connected, through which the store could be reached");
}

kj::Promise<void> Members::followMembers() {
  while (true) {
    try {
      net::StoreListing listing = co_await store_->list(keys::members);
      std::set<std::string> there;
      for (auto& entry : listing.entries) {
        std::string address = keys::after(keys::members, entry.key);
        learn(address, entry.value);
        there.insert(std::move(address));
      }
      for (auto& [address, known] : known_)
        if (!there.contains(address))
          learn(address, std::nullopt); // while this process did not hear of it
      co_await watchMembers(listing.revision);
    } catch (const kj::Exception&) {
      // Of peers that have no store; or it can't be reached now, or keeps no more of what we
      // missed.
    }
    co_await io_.provider->getTimer().afterDelay(limits::storeRetry);
  }
}

kj::Promise<void> Members::watchMembers(net::Revision after) {
  kj::Own<net::StoreWatch> watch = store_->watch(keys::members, after);
  while (true) {
    net::StoreChanges changes = co_await watch->next();
    for (auto& event : changes.events)
      learn(keys::after(keys::members, event.key), event.value);
  }
}

void Members::learn(const std::string& address, const std::optional<std::string>& record) {
  Known& known = known_[address];
  if (record) {
    MemberRecord said;
    try {
      said = MemberRecord::read(*record);
    } catch (const std::runtime_error& damage) {
      log_.line(kj::str(keys::members, address.c_str(), ": ", damage.what()));
      return; // nobody can say whether it takes work
    }
    known.isMember = true;
    known.isLeaving = said.leaving;
    known.member.name = said.name;
    known.member.address = address;
    if (known.peer != nullptr && known.isSuspected)
      tell(known, PeerChange::joined, ""); // only its lease had ended
    if (!known.isDialled && !said.leaving)
      dial(address);
    return;
  }
  if (!std::exchange(known.isMember, false))
    return;
  if (known.isLeaving) {
    if (!known.hasLeft)
      tell(known, PeerChange::left, "it took leave");
  } else if (known.peer == nullptr)
    tell(known, PeerChange::dead, "its lease ended");
  else
    tell(known, PeerChange::suspected, "its lease in the cluster's store ended");
}

std::string Members::unreachable(const std::string& address) const {
  auto known = known_.find(address);
  if (known != known_.end() && !known->second.failure.empty())
    return known->second.failure;
  return address + " is not connected";
}

/// Of a peer that is connected, and no member: empty if it has the same store. Then it is not level
/// now, and gets what is bound before it takes work.
kj::Promise<std::string> Members::whyStranger(std::string address) {
  const std::string who = fmt::format("\n  {} at {} ", known_[address].member.name, address);
  try {
    std::string ours = co_await store_->identity();
    if (known_[address].peer == nullptr)
      co_return std::string();
    auto asked = known_[address].peer->store().identityRequest().send();
    auto theirs =
        co_await io_.provider->getTimer().timeoutAfter(limits::storeAnswer, kj::mv(asked));
    if (theirs.getIdentity() ==
        kj::arrayPtr(reinterpret_cast<const kj::byte*>(ours.data()), ours.size()))
      co_return std::string();
  } catch (const kj::Exception& exception) {
    co_return who + "has no store yet: " + net::wordsOf(exception).cStr();
  }
  co_return who + "is no member of the same cluster: it has another store; start it with --join, "
                  "or leave it out";
}

kj::Promise<std::vector<net::Peer*>> Members::all() {
  auto& timer = io_.provider->getTimer();
  const kj::TimePoint began = timer.now();
  while (true) {
    const bool isTooLong = timer.now() - began >= limits::registration;
    std::string missing, strangers;
    std::vector<std::string> unregistered;
    for (auto& [address, known] : known_)
      if (known.isMember && known.peer == nullptr && !known.isLeaving)
        missing += "\n  " + unreachable(address);
      else if (!known.isMember && known.peer != nullptr && !known.isLeaving)
        unregistered.push_back(address);
    for (const std::string& address : unregistered)
      strangers += isTooLong ? co_await whyStranger(address) : "\n  " + address;
    std::vector<net::Peer*> all;
    for (auto& [address, known] : known_)
      if (known.isMember && known.peer != nullptr && !known.isLeaving)
        all.push_back(known.peer);
    if (missing.empty() && strangers.empty() && !all.empty())
      co_return all;
    if (isTooLong && (!strangers.empty() || timer.now() - began >= limits::connect))
      throw net::failed(kj::str("not all members of the cluster can be reached:", missing.c_str(),
                                strangers.c_str(), log_.text().c_str()));
    co_await timer.afterDelay(5 * kj::MILLISECONDS);
  }
}

void Members::taskFailed(kj::Exception&& exception) {
  log_.line(net::wordsOf(exception));
}

} // namespace roam
