// Listing once, then watching; listing again where the store no longer keeps what was missed.
#include "runtime/name-table.h"
#include "net/coroutine.h"
#include "net/exceptions.h"
#include "net/limits.h"
#include <stdexcept>
#include <utility>

namespace roam {
namespace {

/// Not that the store is another one now, or keeps no more of what was missed: listing again mends
/// that.
bool isToTell(const kj::Exception& exception) {
  std::string_view words = exception.getDescription().cStr();
  return words.find(net::compactedWords) == std::string_view::npos &&
         words.find(net::replacedWords) == std::string_view::npos;
}

} // namespace

NameTable::NameTable(net::Store& store, kj::Timer& timer, Changed changed,
                     std::function<void(std::string)> complain)
    : store_(store), timer_(timer), changed_(std::move(changed)), complain_(std::move(complain)),
      snapshot_(std::make_shared<NameSnapshot>()), tasks_(*this) {
  tasks_.add(follow());
}

std::shared_ptr<const NameSnapshot> NameTable::snapshot() const {
  std::lock_guard lock(mutex_);
  return snapshot_;
}

kj::Promise<void> NameTable::reached(net::Revision revision) {
  if (isListed_ && snapshot()->revision >= revision)
    return kj::READY_NOW;
  auto pair = kj::newPromiseAndFulfiller<void>();
  waiters_.push_back({revision, kj::mv(pair.fulfiller)});
  return kj::mv(pair.promise);
}

kj::Promise<void> NameTable::follow() {
  while (true) {
    kj::Maybe<kj::Exception> problem;
    try {
      co_await watch(co_await relist());
    } catch (const kj::Exception& exception) {
      problem = kj::cp(exception);
    }
    KJ_IF_MAYBE (exception, problem)
      if (isToTell(*exception))
        complain_(std::string("the names of the cluster can't be read for now: ") +
                  exception->getDescription().cStr());
    co_await timer_.afterDelay(limits::storeRetry);
  }
}

/// Never goes back: a binding that is older than the one that is known is left out.
void NameTable::apply(std::shared_ptr<NameSnapshot> next, const std::string& key,
                      const std::optional<std::string>& value, std::vector<NamedBinding>& changes) {
  std::string name = keys::after(keys::names, key);
  if (!value) {
    next->names.erase(name);
    return;
  }
  try {
    Binding binding = Binding::read(*value);
    auto known = next->names.find(name);
    if (known != next->names.end() && known->second->revision >= binding.revision)
      return;
    next->names[name] = std::make_shared<Binding>(binding);
    changes.push_back({std::move(name), std::move(binding)});
  } catch (const std::runtime_error& error) {
    complain_(name + ": " + error.what());
  }
}

kj::Promise<net::Revision> NameTable::relist() {
  auto listed = store_.list(keys::names); // asked at once with its identity: of the same store
  std::string identity = co_await store_.identity();
  net::StoreListing listing = co_await kj::mv(listed);
  // Of another store nothing that was known holds.
  auto next = identity == identity_ ? std::make_shared<NameSnapshot>(*snapshot())
                                    : std::make_shared<NameSnapshot>();
  if (!identity_.empty() && identity != identity_)
    for (Waiter& waiter : std::exchange(waiters_, {})) // it waits for a revision of that one
      waiter.fulfiller->reject(net::failed(kj::str("the cluster's store ", net::replacedWords)));
  identity_ = identity;
  next->revision = listing.revision;
  std::vector<NamedBinding> changes;
  std::map<std::string, std::shared_ptr<const Binding>, std::less<>> there;
  for (auto& entry : listing.entries) {
    apply(next, entry.key, entry.value, changes);
    auto known = next->names.find(keys::after(keys::names, entry.key));
    if (known != next->names.end())
      there.insert(*known);
  }
  next->names = std::move(there);
  isListed_ = true;
  publish(std::move(next), changes);
  co_return listing.revision;
}

kj::Promise<void> NameTable::watch(net::Revision after) {
  kj::Own<net::StoreWatch> watch = store_.watch(keys::names, after);
  if (co_await store_.identity() != identity_)
    co_return; // it was replaced since the listing, whose revision means nothing in this one
  while (true) {
    net::StoreChanges news = co_await watch->next();
    auto next = std::make_shared<NameSnapshot>(*snapshot());
    next->revision = news.revision;
    std::vector<NamedBinding> changes;
    for (auto& event : news.events)
      apply(next, event.key, event.value, changes);
    publish(std::move(next), changes);
  }
}

void NameTable::publish(std::shared_ptr<NameSnapshot> next,
                        const std::vector<NamedBinding>& changes) {
  const net::Revision revision = next->revision;
  {
    std::lock_guard lock(mutex_);
    snapshot_ = std::move(next);
  }
  if (!changes.empty())
    changed_(changes);
  std::vector<Waiter> waiting;
  for (Waiter& waiter : waiters_)
    if (waiter.revision <= revision)
      waiter.fulfiller->fulfill();
    else
      waiting.push_back({waiter.revision, kj::mv(waiter.fulfiller)});
  waiters_ = std::move(waiting);
}

void NameTable::taskFailed(kj::Exception&& exception) {
  complain_(std::string("the names of the cluster are no longer followed: ") +
            exception.getDescription().cStr());
}

} // namespace roam
