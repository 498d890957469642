// The life of a member: finding the store, getting level, holding the lease.
#include "runtime/peer/membership.h"
#include "net/address.h"
#include "net/coroutine.h"
#include "net/limits.h"
#include "net/log.h"
#include "net/remote-store.h"
#include <ctime>
#include <fmt/format.h>

namespace roam::peer {
namespace {

std::string wordsOf(const kj::Exception& exception) {
  return net::wordsOf(exception).cStr();
}

kj::ArrayPtr<const kj::byte> bytesOf(const std::string& text) {
  return kj::arrayPtr(reinterpret_cast<const kj::byte*>(text.data()), text.size());
}

std::string addressIn(const std::string& key) {
  return key.substr(std::string_view(keys::members).size());
}

} // namespace

Membership::Membership(World world, const PeerOptions& options, net::Hello mine)
    : world_(world), options_(options), mine_(mine),
      cluster_(world.io, world.log, options, std::move(mine)), started_(std::time(nullptr)),
      tasks_(*this) {
  world_.host.setStoreDoor(door_);
  if (cluster_.isWanted())
    turnAway("it has just started");
}

Membership::~Membership() noexcept(false) {}

kj::Promise<net::StoreAccess> Membership::Door::open() {
  if (!of_.isRunning_) {
    of_.isRunning_ = true;
    co_await of_.cluster_.find(); // here: nobody else has one
    of_.tasks_.add(of_.run());
  }
  co_return co_await of_.cluster_.open();
}

kj::Promise<void> Membership::join(std::vector<std::string> own) {
  own_ = own;
  cluster_.listensAt(std::move(own));
  if (!cluster_.isWanted())
    return kj::READY_NOW;
  isRunning_ = true;
  auto pair = kj::newPromiseAndFulfiller<void>();
  awaitsReady_ = kj::mv(pair.fulfiller);
  tasks_.add(run());
  return kj::mv(pair.promise);
}

void Membership::turnAway(const std::string& why) {
  world_.host.turnAway(kj::str("it is not level with its cluster: ", why.c_str()));
}

/// Ends only with the peer. What fails is told once, and tried again.
kj::Promise<void> Membership::run() {
  std::string told;
  co_await cluster_.find();
  while (true) {
    std::string problem;
    try {
      co_await level();
      co_await registerMember();
      world_.host.takeWork();
      KJ_IF_MAYBE (waiting, awaitsReady_)
        (*waiting)->fulfill();
      if (!told.empty())
        world_.log.line("level with the cluster again");
      told.clear();
      co_await holdLease();
    } catch (const kj::Exception& exception) {
      problem = wordsOf(exception);
    }
    if (isLeaving_)
      co_return;
    turnAway(problem);
    if (problem != told)
      world_.log.line(
          kj::str("takes no work, for it is not level with its cluster: ", problem.c_str()));
    told = problem;
    co_await world_.io.provider->getTimer().afterDelay(limits::storeRetry);
  }
}

// --- level -------------------------------------------------------------------------------------

kj::Promise<void> Membership::level() {
  std::string identity = co_await cluster_.store().identity();
  world_.host.setStore(identity);
  if (names_.get() == nullptr) {
    names_ = kj::heap<NameStore>(cluster_.store());
    tasks_.add(followMembers());
  }
  net::StoreListing members = co_await cluster_.store().list(keys::members);
  checkRequired(members.entries);
  introduce(members.entries);
  if (table_.get() == nullptr)
    table_ = kj::heap<NameTable>(
        cluster_.store(), world_.io.provider->getTimer(),
        [this](const std::vector<NamedBinding>& bindings) { bound(bindings); },
        [this](std::string complaint) { world_.log.line(complaint.c_str()); });
  net::StoreListing now = co_await cluster_.store().list(keys::names);
  co_await table_->reached(now.revision);
  co_await allReady();
}

/// Fails with those that are to be there first, and are not.
void Membership::checkRequired(const std::vector<net::StoreEntry>& members) const {
  std::set<std::string> there;
  for (auto& entry : members)
    there.insert(addressIn(entry.key));
  for (const std::string& written : options_.require)
    if (there.count(net::loopbackAddress(written).cStr()) == 0)
      kj::throwFatalException(kj::Exception(
          kj::Exception::Type::FAILED, __FILE__, __LINE__,
          kj::str("the member ", written.c_str(), ", which it requires, is not there yet")));
}

void Membership::bound(const std::vector<NamedBinding>& bindings) {
  for (const NamedBinding& each : bindings) {
    wanted_[each.name] = each.binding.digest;
    unready_[each.name] = "its code is on its way";
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
  if (problem.empty())
    unready_.erase(bound.name);
  else {
    unready_[bound.name] = problem;
    world_.log.line(
        kj::str("can't run ", bound.name.c_str(), " as it is bound now: ", problem.c_str()));
  }
}

/// Fails with the names whose code this peer can't run.
kj::Promise<void> Membership::allReady() {
  auto& timer = world_.io.provider->getTimer();
  auto deadline = timer.now() + limits::compile;
  while (!unready_.empty()) {
    auto& [name, why] = *unready_.begin();
    if (timer.now() >= deadline)
      throw kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__,
                          kj::str("it can't run ", name.c_str(), ": ", why.c_str()));
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
      others.push_back({addressIn(entry.key), member.target});
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
  lease_ = co_await cluster_.store().grant(limits::memberLease);
  co_await cluster_.store().commit({},
                                   {{keys::members + own_.front(), record(isLeaving_), lease_}});
}

/// Fails when it is lost, or might be: the store was not heard of for as long as it lasts.
kj::Promise<void> Membership::holdLease() {
  auto& timer = world_.io.provider->getTimer();
  kj::TimePoint heard = timer.now();
  while (true) {
    co_await timer.afterDelay(limits::memberLease / 3);
    const kj::TimePoint asked = timer.now();
    try {
      auto left = limits::memberLease - (asked - heard);
      co_await timer.timeoutAfter(left > 0 * kj::SECONDS ? left : 0 * kj::SECONDS,
                                  cluster_.store().keepAlive(lease_));
      heard = asked;
      continue;
    } catch (const kj::Exception& exception) {
      if (exception.getType() == kj::Exception::Type::FAILED)
        throw;
      if (timer.now() - heard >= limits::memberLease)
        throw kj::Exception(kj::Exception::Type::DISCONNECTED, __FILE__, __LINE__,
                            kj::str("the store (", cluster_.where().c_str(),
                                    ") can't be reached: ", net::wordsOf(exception)));
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
