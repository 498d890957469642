// The life of a member: finding the store, getting level, holding the lease.
#include "runtime/peer/membership.h"
#include "net/address.h"
#include "net/coroutine.h"
#include "net/exceptions.h"
#include "net/limits.h"
#include "net/log.h"
#include <algorithm>
#include <ctime>
#include <fmt/format.h>
#include <utility>

namespace roam::peer {
namespace {

std::string wordsOf(const kj::Exception& exception) {
  return net::wordsOf(exception).cStr();
}

kj::ArrayPtr<const kj::byte> bytesOf(const std::string& text) {
  return kj::arrayPtr(reinterpret_cast<const kj::byte*>(text.data()), text.size());
}

} // namespace

Membership::Membership(World world, const PeerOptions& options, net::Hello mine)
    : world_(world), options_(options), mine_(mine),
      cluster_(
          world.io, world.log, options, std::move(mine),
          [this](const std::string& why) { turnAway(why); }, world.opensStore),
      started_(std::time(nullptr)), tasks_(*this) {
  world_.host.setStoreDoor(door_);
  if (cluster_.isWanted())
    world_.host.turnAway(kj::str("it is not level with its cluster: it has just started"));
}

Membership::~Membership() noexcept(false) {}

kj::Promise<net::StoreAccess> Membership::Door::open(Visitor visitor) {
  if (!of_.isRunning_) {
    co_await of_.cluster_.find(); // here: nobody else has one
    if (!std::exchange(of_.isRunning_, true))
      of_.tasks_.add(of_.run());
  }
  co_return co_await of_.cluster_.open(std::move(visitor));
}

kj::Promise<void> Membership::join(std::vector<std::string> own) {
  own_ = own;
  world_.host.setAddress(own_.front());
  cluster_.listensAt(std::move(own));
  if (!cluster_.isWanted())
    return kj::READY_NOW;
  isRunning_ = true;
  auto pair = kj::newPromiseAndFulfiller<void>();
  awaitsReady_ = kj::mv(pair.fulfiller);
  tasks_.add(run());
  return kj::mv(pair.promise);
}

/// Told once, and to each origin that asks.
void Membership::turnAway(const std::string& why) {
  isWorking_ = false;
  world_.host.turnAway(kj::str("it is not level with its cluster: ", why.c_str()));
  if (why != told_)
    world_.log.line(kj::str("takes no work, for it is not level with its cluster: ", why.c_str()));
  told_ = why;
}

void Membership::takeWork() {
  isWorking_ = true;
  world_.host.takeWorkUntil(heard_ + limits::memberLease,
                            kj::str("it is not level with its cluster: its lease in the store "
                                    "may have ended"));
}

/// Ends only with the peer. What fails is tried again.
kj::Promise<void> Membership::run() {
  co_await cluster_.find();
  for (kj::Duration pause = limits::storeRetry;;) {
    std::string problem;
    try {
      co_await level();
      co_await registerMember();
      pause = limits::storeRetry;
      auto lapsed = kj::newPromiseAndFulfiller<void>();
      lapsing_ = kj::mv(lapsed.fulfiller);
      co_await holdLease().exclusiveJoin(work()).exclusiveJoin(kj::mv(lapsed.promise));
    } catch (const kj::Exception& exception) {
      problem = wordsOf(exception);
    }
    if (isLeaving_)
      co_return;
    turnAway(problem);
    co_await world_.io.provider->getTimer().afterDelay(pause);
    pause = kj::min(2 * pause, limits::memberLease);
  }
}

/// Once what was bound while this peer registered is here, too, and those that must be there are.
kj::Promise<void> Membership::work() {
  co_await namesKnown();
  co_await allReady();
  co_await awaitRequired();
  takeWork();
  KJ_IF_MAYBE (waiting, awaitsReady_)
    (*waiting)->fulfill();
  if (!told_.empty())
    world_.log.line("level with the cluster, and takes work");
  told_.clear();
  co_await kj::Promise<void>(kj::NEVER_DONE);
}

/// Once: what leaves later does not stop this peer.
kj::Promise<void> Membership::awaitRequired() {
  if (hasRequired_)
    co_return;
  for (const std::string& written : options_.require) {
    const std::string address = net::loopbackAddress(written).cStr();
    while (true) {
      if (co_await cluster_.store().get(keys::members + address) != nullptr)
        break;
      turnAway("the member that it requires is not there: " + address);
      co_await world_.io.provider->getTimer().afterDelay(limits::storeRetry);
    }
  }
  hasRequired_ = true;
}

/// Begins again with `level`, if it had come that far.
void Membership::lapse(const std::string& why) {
  if (lapsing_.get() != nullptr && lapsing_->isWaiting())
    lapsing_->reject(net::failed(why));
}

// --- level -------------------------------------------------------------------------------------

kj::Promise<void> Membership::level() {
  std::string identity = co_await cluster_.store().identity();
  if (!store_.empty() && identity != store_)
    world_.log.line(kj::str("the store (", cluster_.where().c_str(), ") ", net::replacedWords,
                            ": what was bound in that one is gone"));
  store_ = identity;
  if (names_.get() == nullptr) {
    names_ = kj::heap<NameStore>(cluster_.store());
    tasks_.add(followMembers());
  }
  net::StoreListing members = co_await cluster_.store().list(keys::members);
  introduce(members.entries);
  if (table_.get() == nullptr)
    table_ = kj::heap<NameTable>(
        cluster_.store(), world_.io.provider->getTimer(),
        [this](const std::vector<NamedBinding>& bindings) { bound(bindings); },
        [this](std::string complaint) { world_.log.line(complaint.c_str()); });
  co_await namesKnown();
  if (table_->identity() != identity)
    throw net::failed(
        kj::str("the cluster's store ", net::replacedWords, ", and its names are not known yet"));
  co_await allReady();
}

/// Everything that is bound now has been heard of.
kj::Promise<void> Membership::namesKnown() {
  net::Revision last = 0;
  net::StoreListing listing = co_await cluster_.store().list(keys::names);
  for (auto& entry : listing.entries)
    last = std::max(last, entry.modified);
  co_await world_.io.provider->getTimer().timeoutAfter(limits::storeAnswer, table_->reached(last));
}

void Membership::bound(const std::vector<NamedBinding>& bindings) {
  for (const NamedBinding& each : bindings) {
    wanted_[each.name] = each.binding.digest;
    unready_[each.name] = {each};
    tasks_.add(makeReady(each));
  }
}

/// The code of a name: from the store, and linked by a worker.
kj::Promise<void> Membership::makeReady(NamedBinding bound) {
  const Digest digest = bound.binding.digest;
  std::string problem;
  try {
    std::string code;
    auto held = world_.slices.find(digest);
    if (held == nullptr && !world_.runner.has(digest)) {
      if (world_.slices.bars(digest))
        throw net::failed("this peer runs signed code only, and it is in none of its bundles");
      code = co_await names_->code(digest);
      if (world_.slices.put(digest, bytesOf(code), bound.binding.description.c_str()))
        held = world_.slices.find(digest);
    }
    net::Chunk chunk;
    chunk.entry = digest;
    chunk.home = bound.binding.home;
    chunk.onlyLink = true;
    kj::ArrayPtr<const kj::byte> slice = held == nullptr ? bytesOf(code) : held->asPtr();
    net::ChunkOutcome outcome = co_await world_.runner.run(chunk, slice);
    KJ_IF_MAYBE (failure, outcome.failure)
      problem = failure->message.cStr();
  } catch (const kj::Exception& exception) {
    problem = wordsOf(exception);
  }
  if (wanted_[bound.name] != digest)
    co_return; // bound anew meanwhile
  if (problem.empty()) {
    unready_.erase(bound.name);
    co_return;
  }
  auto unready = unready_.find(bound.name);
  if (unready == unready_.end())
    co_return;
  unready->second.isOnItsWay = false;
  unready->second.problem = problem;
  lapse("it can't run " + bound.name + ": " + problem);
}

/// What could not be had before is tried again. Fails with the name whose code this peer can't run.
kj::Promise<void> Membership::allReady() {
  auto& timer = world_.io.provider->getTimer();
  auto deadline = timer.now() + limits::compile;
  auto names = table_->snapshot();
  // What a store had bound that was replaced since is not needed.
  std::erase_if(unready_, [&](auto& each) { return !names->names.contains(each.first); });
  for (auto& [name, unready] : unready_)
    if (!std::exchange(unready.isOnItsWay, true))
      tasks_.add(makeReady(unready.bound));
  while (!unready_.empty()) {
    auto late = std::ranges::find_if(unready_, [](auto& each) { return !each.second.isOnItsWay; });
    if (late == unready_.end() && timer.now() >= deadline)
      late = unready_.begin();
    if (late != unready_.end())
      throw net::failed(kj::str("it can't run ", late->first.c_str(), ": ",
                                late->second.isOnItsWay ? "its code is still on its way"
                                                        : late->second.problem.c_str()));
    co_await timer.afterDelay(1 * kj::MILLISECONDS);
  }
}

// --- the other members -------------------------------------------------------------------------

/// So that objects are made once in the cluster.
void Membership::introduce(const std::vector<net::StoreEntry>& members) {
  std::vector<net::Neighbour> others;
  for (auto& entry : members) {
    MemberRecord member;
    try {
      member = MemberRecord::read(entry.value);
    } catch (const std::runtime_error& damage) {
      world_.log.line(kj::str(entry.key.c_str(), ": ", damage.what()));
    }
    if (!member.target.empty() && !member.leaving && others.size() < limits::neighbours)
      others.push_back({keys::after(keys::members, entry.key), member.target});
  }
  introduction_ = nullptr;
  if (!own_.empty())
    introduction_ = world_.neighbours.introduced(own_.front().c_str(), std::move(others));
}

kj::Promise<void> Membership::followMembers() {
  while (true) {
    try {
      net::StoreListing listing = co_await cluster_.store().list(keys::members);
      introduce(listing.entries);
      auto watch = cluster_.store().watch(keys::members, listing.revision);
      co_await watch->next(); // whatever it is, the list tells all
    } catch (const kj::Exception&) {
      // holdLease tells what is wrong with the store
    }
    co_await world_.io.provider->getTimer().afterDelay(limits::storeRetry);
  }
}

// --- the lease ---------------------------------------------------------------------------------

std::string Membership::record(bool leaving) const {
  MemberRecord record;
  record.name = mine_.name;
  record.workers = mine_.workers;
  record.target = mine_.target ? mine_.target->toText() : std::string();
  record.leaving = leaving;
  record.started = started_;
  return record.write();
}

kj::Promise<void> Membership::registerMember() {
  heard_ = world_.io.provider->getTimer().now();
  lease_ = co_await cluster_.store().grant(limits::memberLease);
  co_await cluster_.store().commit({},
                                   {{keys::members + own_.front(), record(isLeaving_), lease_}});
}

/// Fails when it is lost, or might be: the store was not heard of for as long as it lasts.
kj::Promise<void> Membership::holdLease() {
  auto& timer = world_.io.provider->getTimer();
  std::string why = "this process stood still for longer than its lease in the store";
  while (true) {
    co_await timer.afterDelay(limits::memberLease / 3);
    const kj::TimePoint asked = timer.now();
    if (asked - heard_ >= limits::memberLease)
      throw net::disconnected(why);
    try {
      co_await timer.timeoutAfter(limits::memberLease - (asked - heard_),
                                  cluster_.store().keepAlive(lease_));
      heard_ = asked;
      if (isWorking_)
        takeWork();
    } catch (const kj::Exception& exception) {
      if (exception.getType() == kj::Exception::Type::FAILED)
        throw;
      why =
          fmt::format("the store ({}) can't be reached: {}", cluster_.where(), wordsOf(exception));
    }
  }
}

kj::Promise<void> Membership::tell(kj::Promise<void> said) {
  try {
    co_await world_.io.provider->getTimer().timeoutAfter(limits::farewell, kj::mv(said));
  } catch (const kj::Exception& exception) {
    world_.log.line(kj::str("the cluster's store did not hear that this peer leaves: ",
                            net::wordsOf(exception)));
  }
}

kj::Promise<void> Membership::beginLeaving() {
  isLeaving_ = true;
  if (lease_ != 0 && !cluster_.isCut())
    co_await tell(cluster_.store()
                      .commit({}, {{keys::members + own_.front(), record(true), lease_}})
                      .ignoreResult());
}

kj::Promise<void> Membership::leave() {
  if (lease_ != 0 && !cluster_.isCut())
    co_await tell(cluster_.store().revoke(lease_));
}

void Membership::taskFailed(kj::Exception&& exception) {
  world_.log.line(kj::str("of its membership: ", net::wordsOf(exception)));
  KJ_IF_MAYBE (waiting, awaitsReady_)
    (*waiting)->reject(kj::mv(exception));
}

} // namespace roam::peer
