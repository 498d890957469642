// What is asked again after a lost connection, until when, and what is not.
#include "net/remote-store.h"
#include "net/exceptions.h"
#include "net/limits.h"
#include "net/store-messages.h"
#include <kj/debug.h>
#include <optional>

namespace roam::net {
namespace {

using Client = protocol::Store::Client;
using Type = kj::Exception::Type;

/// Whether asking again may help.
bool passes(const kj::Exception& failure) {
  return failure.getType() == Type::DISCONNECTED || failure.getType() == Type::OVERLOADED;
}

/// How often a listing is begun that breaks off between two parts.
constexpr int listingTries = 5;

template <class Entries>
void append(Entries from, std::vector<StoreEntry>& to) {
  for (auto entry : from)
    to.push_back(read(entry));
}

} // namespace

/// The connection there is now, and the next one. What it promises keeps it.
class RemoteStore::Way final : public kj::Refcounted {
 public:
  Way(Connect connect, kj::Timer& timer) : timer(timer), connect_(std::move(connect)) {}

  /// A store that was there just now. Fails with DISCONNECTED if there is none.
  kj::Promise<Client> client();
  /// The same, tried until `deadline`.
  kj::Promise<Client> client(kj::TimePoint deadline);
  /// Asks `question(client)` until there is an answer, or `deadline` has come.
  template <class T>
  kj::Promise<T> ask(std::function<kj::Promise<T>(Client)> question, kj::TimePoint deadline);
  template <class T>
  kj::Promise<T> ask(std::function<kj::Promise<T>(Client)> question);
  /// Fails with DISCONNECTED at `deadline`, and takes the connection for lost then.
  template <class T>
  kj::Promise<T> inTime(kj::Promise<T> promise, kj::TimePoint deadline);
  kj::TimePoint deadline() const { return timer.now() + limits::storeAnswer; }
  /// The connection that there was before the failure is of no use any more.
  void lose(const kj::Exception& why);
  /// Never resolves; fails when the connection there is now is lost.
  kj::Promise<void> lost() { return lost_.addBranch(); }

  template <class T>
  kj::Promise<T> whileOpen(kj::Promise<T> promise) {
    return running_.wrap(kj::mv(promise));
  }
  void close();
  bool hasEnded() const { return ended_ != nullptr; }

  kj::Timer& timer;

 private:
  kj::Promise<void> open();
  void opened(Client client, std::string identity);

  Connect connect_;
  kj::Maybe<Client> current_;
  kj::Own<kj::PromiseFulfiller<void>> loser_;
  kj::ForkedPromise<void> lost_ = nullptr;
  bool isOpening_ = false;
  kj::ForkedPromise<void> opening_ = nullptr;
  kj::Maybe<kj::Exception> ended_; ///< nothing is asked any more
  std::optional<std::string> identity_;
  kj::Canceler running_;
};

kj::Promise<Client> RemoteStore::Way::client() {
  KJ_IF_MAYBE (why, ended_)
    return kj::cp(*why);
  KJ_IF_MAYBE (client, current_)
    return *client;
  if (!isOpening_) {
    isOpening_ = true;
    opening_ = open().fork();
  }
  return opening_.addBranch().then([self = kj::addRef(*this)]() mutable { return self->client(); });
}

kj::Promise<void> RemoteStore::Way::open() {
  using Found = std::pair<Client, std::string>;
  auto found = kj::evalNow([this] { return connect_(); }).then([](Client client) {
    return client.identityRequest().send().then(
        [client](capnp::Response<protocol::Store::IdentityResults>&& response) mutable {
          return Found(kj::mv(client), stringOf(response.getIdentity()));
        });
  });
  auto within = timer.afterDelay(limits::storeAnswer).then([]() -> Found {
    kj::throwFatalException(disconnected("no answer in time"));
  });
  return running_.wrap(found.exclusiveJoin(kj::mv(within)))
      .then([this](Found&& found) { opened(found.first, std::move(found.second)); },
            [this](kj::Exception&& failure) {
              isOpening_ = false;
              kj::throwFatalException(
                  disconnected(kj::str("the store can't be reached: ", failure.getDescription())));
            });
}

void RemoteStore::Way::opened(Client client, std::string identity) {
  isOpening_ = false;
  if (identity_ && *identity_ != identity) {
    ended_ = failed(kj::str("the cluster's store ", replacedWords,
                            ": what was written to that one is gone; join again"));
    return;
  }
  identity_ = std::move(identity);
  current_ = kj::mv(client);
  auto lost = kj::newPromiseAndFulfiller<void>();
  loser_ = kj::mv(lost.fulfiller);
  lost_ = lost.promise.fork();
}

void RemoteStore::Way::lose(const kj::Exception& why) {
  if (current_ == nullptr)
    return;
  current_ = nullptr;
  loser_->reject(kj::cp(why));
}

void RemoteStore::Way::close() {
  ended_ = disconnected("the store is closed");
  current_ = nullptr;
  running_.cancel(KJ_ASSERT_NONNULL(ended_));
  connect_ = nullptr;
}

kj::Promise<Client> RemoteStore::Way::client(kj::TimePoint deadline) {
  return client().catch_(
      [self = kj::addRef(*this), deadline](kj::Exception&& failure) mutable -> kj::Promise<Client> {
        if (!passes(failure) || self->timer.now() + limits::storeRetry >= deadline)
          return kj::mv(failure);
        return self->timer.afterDelay(limits::storeRetry)
            .then([self = kj::mv(self), deadline]() mutable { return self->client(deadline); });
      });
}

template <class T>
kj::Promise<T> RemoteStore::Way::inTime(kj::Promise<T> promise, kj::TimePoint deadline) {
  auto late = timer.atTime(deadline).then([self = kj::addRef(*this)]() mutable -> kj::Promise<T> {
    auto why = disconnected(
        kj::str("the store did not answer within ", limits::storeAnswer / kj::SECONDS, " s"));
    self->lose(why);
    return kj::mv(why);
  });
  return promise.exclusiveJoin(kj::mv(late));
}

template <class T>
kj::Promise<T> RemoteStore::Way::ask(std::function<kj::Promise<T>(Client)> question,
                                     kj::TimePoint deadline) {
  return client(deadline)
      .then([question](Client client) { return question(kj::mv(client)); })
      .catch_([self = kj::addRef(*this), question,
               deadline](kj::Exception&& failure) mutable -> kj::Promise<T> {
        if (!passes(failure))
          return kj::mv(failure);
        if (failure.getType() == Type::DISCONNECTED)
          self->lose(failure);
        if (self->timer.now() + limits::storeRetry >= deadline)
          return kj::mv(failure);
        return self->timer.afterDelay(limits::storeRetry)
            .then([self = kj::mv(self), question, deadline]() mutable {
              return self->ask<T>(question, deadline);
            });
      });
}

template <class T>
kj::Promise<T> RemoteStore::Way::ask(std::function<kj::Promise<T>(Client)> question) {
  const kj::TimePoint end = deadline();
  return whileOpen(inTime(ask<T>(std::move(question), end), end));
}

// --- watches ------------------------------------------------------------------------------------

/// One prefix, and up to where its changes arrived. Its promises keep it.
class RemoteStore::Watch final : public kj::Refcounted {
 public:
  Watch(kj::Own<Way> way, std::string prefix, Revision after)
      : way_(kj::mv(way)), prefix_(std::move(prefix)), after_(after) {}

  kj::Promise<StoreChanges> next() { return way_->whileOpen(tryNext()); }

 private:
  kj::Promise<StoreChanges> tryNext() {
    return way_->client()
        .then([self = kj::addRef(*this)](Client client) mutable { return self->ask(client); })
        .catch_([self = kj::addRef(*this)](
                    kj::Exception&& failure) mutable -> kj::Promise<StoreChanges> {
          if (!passes(failure) || self->way_->hasEnded())
            return kj::mv(failure);
          self->watch_ = nullptr;
          if (failure.getType() == Type::DISCONNECTED)
            self->way_->lose(failure);
          return self->way_->timer.afterDelay(limits::storeRetry)
              .then([self = kj::mv(self)]() mutable { return self->tryNext(); });
        });
  }

  kj::Promise<StoreChanges> ask(Client& client) {
    if (watch_ == nullptr) {
      auto request = client.watchRequest();
      request.setPrefix(bytesOf(prefix_));
      request.setAfter(after_);
      watch_ = request.send().getWatch();
    }
    using Response = capnp::Response<protocol::StoreWatch::NextResults>;
    kj::Promise<Response> answer = KJ_ASSERT_NONNULL(watch_).nextRequest().send();
    auto lost = way_->lost().then([]() -> kj::Promise<Response> { return kj::NEVER_DONE; });
    return answer.exclusiveJoin(kj::mv(lost)).then([this](Response&& response) {
      StoreChanges changes;
      for (auto event : response.getEvents())
        changes.events.push_back(read(event));
      changes.revision = after_ = response.getRevision();
      return changes;
    });
  }

  kj::Own<Way> way_;
  const std::string prefix_;
  Revision after_;
  kj::Maybe<protocol::StoreWatch::Client> watch_; ///< on the connection there is now
};

kj::Own<StoreWatch> RemoteStore::watch(std::string prefix, Revision after) {
  /// What the caller holds.
  class Handed final : public StoreWatch {
   public:
    explicit Handed(kj::Own<Watch> watch) : watch_(kj::mv(watch)) {}
    kj::Promise<StoreChanges> next() override { return watch_->next(); }

   private:
    kj::Own<Watch> watch_;
  };
  return kj::heap<Handed>(kj::refcounted<Watch>(kj::addRef(*way_), std::move(prefix), after));
}

// --- calls --------------------------------------------------------------------------------------

RemoteStore::RemoteStore(Connect connect, kj::Timer& timer)
    : way_(kj::refcounted<Way>(std::move(connect), timer)) {}

RemoteStore::~RemoteStore() noexcept(false) {
  way_->close();
}

kj::Promise<std::string> RemoteStore::identity() {
  return way_->ask<std::string>([](Client client) {
    return client.identityRequest().send().then(
        [](capnp::Response<protocol::Store::IdentityResults>&& response) {
          return stringOf(response.getIdentity());
        });
  });
}

kj::Promise<kj::Maybe<StoreEntry>> RemoteStore::get(std::string key) {
  return way_->ask<kj::Maybe<StoreEntry>>([key = std::move(key)](Client client) {
    auto request = client.getRequest();
    request.setKey(bytesOf(key));
    return request.send().then(
        [](capnp::Response<protocol::Store::GetResults>&& response) -> kj::Maybe<StoreEntry> {
          if (!response.getFound())
            return nullptr;
          return read(response.getEntry());
        });
  });
}

kj::Promise<Committed> RemoteStore::commit(std::vector<StoreCondition> conditions,
                                           std::vector<StoreWrite> writes) {
  return kj::evalNow([&] {
    checkCommit(conditions, writes);
    const kj::TimePoint deadline = way_->deadline();
    auto done = way_->client(deadline).then(
        [way = kj::addRef(*way_), conditions = std::move(conditions),
         writes = std::move(writes)](Client client) mutable -> kj::Promise<Committed> {
          auto request = client.commitRequest();
          auto listOfConditions = request.initConditions(unsigned(conditions.size()));
          for (unsigned i = 0; i < conditions.size(); ++i)
            write(conditions[i], listOfConditions[i]);
          auto listOfWrites = request.initWrites(unsigned(writes.size()));
          for (unsigned i = 0; i < writes.size(); ++i)
            write(writes[i], listOfWrites[i]);
          return request.send().then(
              [](capnp::Response<protocol::Store::CommitResults>&& response) -> Committed {
                return {response.getDone(), response.getRevision()};
              },
              [way = kj::mv(way)](kj::Exception&& failure) mutable -> Committed {
                if (failure.getType() == Type::DISCONNECTED)
                  way->lose(failure);
                kj::throwFatalException(kj::mv(failure));
              });
        });
    return way_->whileOpen(way_->inTime(kj::mv(done), deadline));
  });
}

kj::Promise<Lease> RemoteStore::grant(kj::Duration time) {
  return kj::evalNow([&] {
    checkLeaseTime(time);
    return way_->ask<Lease>([time](Client client) { // one that nobody heard of ends by itself
      auto request = client.grantRequest();
      request.setMilliseconds(std::uint64_t(time / kj::MILLISECONDS));
      return request.send().then([](capnp::Response<protocol::Store::GrantResults>&& response) {
        return Lease(response.getLease());
      });
    });
  });
}

kj::Promise<void> RemoteStore::keepAlive(Lease lease) {
  return way_
      ->ask<bool>([lease](Client client) {
        auto request = client.keepAliveRequest();
        request.setLease(lease);
        return request.send().then([](auto&&) { return true; });
      })
      .ignoreResult();
}

kj::Promise<void> RemoteStore::revoke(Lease lease) {
  return way_
      ->ask<bool>([lease](Client client) {
        auto request = client.revokeRequest();
        request.setLease(lease);
        return request.send().then([](auto&&) { return true; });
      })
      .ignoreResult();
}

// --- listings -----------------------------------------------------------------------------------

kj::Promise<StoreListing> RemoteStore::list(std::string prefix) {
  return way_->whileOpen(tryList(std::move(prefix), listingTries));
}

/// The parts come one after the other, each in the time of an answer. If the connection breaks
/// between two, it begins again.
kj::Promise<StoreListing> RemoteStore::tryList(std::string prefix, int tries) {
  const kj::TimePoint deadline = way_->deadline();
  auto first = way_->inTime(way_->ask<std::shared_ptr<Listing>>(
                                [prefix](Client client) {
                                  auto request = client.listRequest();
                                  request.setPrefix(bytesOf(prefix));
                                  return request.send().then(
                                      [](capnp::Response<protocol::Store::ListResults>&& response) {
                                        auto listing = std::make_shared<Listing>();
                                        listing->all.revision = response.getRevision();
                                        append(response.getEntries(), listing->all.entries);
                                        if (response.hasRest())
                                          listing->rest = response.getRest();
                                        return listing;
                                      });
                                },
                                deadline),
                            deadline);
  return first.then([this, prefix, tries](std::shared_ptr<Listing> listing) {
    return listRest(listing).catch_(
        [this, prefix, tries](kj::Exception&& failure) -> kj::Promise<StoreListing> {
          if (!passes(failure) || tries <= 1)
            return kj::mv(failure);
          way_->lose(failure);
          return tryList(prefix, tries - 1);
        });
  });
}

kj::Promise<StoreListing> RemoteStore::listRest(std::shared_ptr<Listing> listing) {
  KJ_IF_MAYBE (rest, listing->rest) {
    kj::Promise<capnp::Response<protocol::StoreListing::NextResults>> part =
        rest->nextRequest().send();
    return way_->inTime(kj::mv(part), way_->deadline())
        .then([this,
               listing](capnp::Response<protocol::StoreListing::NextResults>&& response) mutable {
          append(response.getEntries(), listing->all.entries);
          if (!response.getMore())
            listing->rest = nullptr;
          return listRest(kj::mv(listing));
        });
  }
  return std::move(listing->all);
}

} // namespace roam::net
