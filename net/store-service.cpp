// What is checked of each call before the store sees it, and how much one connection may hold.
#include "net/store-service.h"
#include "net/exceptions.h"
#include "net/limits.h"
#include "net/store-messages.h"
#include <algorithm>
#include <kj/refcount.h>
#include <map>
#include <memory>

namespace roam::net {
namespace {

[[noreturn]] void overloaded(std::size_t most, const char* what) {
  kj::throwFatalException(net::overloaded(
      kj::str("one connection to a store may have ", most, " ", what, " at the same time")));
}

/// Room for what the message says besides its entries or events.
constexpr std::size_t answerWords = 16;
/// What the largest commit takes.
constexpr std::size_t commitWords =
    (limits::storeCommitBytes + 2 * limits::storeWrites * (limits::storeKeyBytes + 128)) /
    sizeof(capnp::word);

/// What one connection holds.
struct Held {
  std::size_t calls = 0, watches = 0, listings = 0;
  std::map<Lease, kj::TimePoint> leases; ///< and when they end at the latest, for all that we know
};

/// Counts for as long as it lives.
class Counted {
 public:
  Counted(std::shared_ptr<Held> held, std::size_t Held::*count, std::size_t most, const char* what)
      : held_(std::move(held)), count_(count) {
    if ((*held_).*count_ >= most)
      overloaded(most, what);
    ++((*held_).*count_);
  }
  Counted(Counted&& other) = default; // other.held_ is null then
  ~Counted() {
    if (held_)
      --((*held_).*count_);
  }

 private:
  std::shared_ptr<Held> held_;
  std::size_t Held::*count_;
};

/// Entries from `begin` on, as many as one answer holds, and one at least.
std::size_t endOfAnswer(const std::vector<StoreEntry>& entries, std::size_t begin) {
  std::size_t words = 0, end = begin;
  while (end < entries.size()) {
    words += wordsOf(entries[end]);
    if (end > begin && words > limits::storeAnswerBytes / sizeof(capnp::word))
      break;
    ++end;
  }
  return end;
}

capnp::MessageSize sizeOf(const std::vector<StoreEntry>& entries, std::size_t begin,
                          std::size_t end) {
  std::size_t words = answerWords;
  for (; begin < end; ++begin)
    words += wordsOf(entries[begin]);
  return {words, 1};
}

template <class Results>
void writeEntries(const std::vector<StoreEntry>& entries, std::size_t begin, std::size_t end,
                  Results results) {
  auto list = results.initEntries(unsigned(end - begin));
  for (std::size_t i = begin; i < end; ++i)
    write(entries[i], list[unsigned(i - begin)]);
}

} // namespace

/// The way to the store, as long as there is one.
class StoreService::Access final : public kj::Refcounted {
 public:
  Access(Store& store, kj::Timer& timer) : timer(timer), store_(&store) {}

  Store& store() {
    if (store_ == nullptr)
      kj::throwFatalException(closed());
    return *store_;
  }
  template <class T>
  kj::Promise<T> whileOpen(kj::Promise<T> promise) {
    return running_.wrap(kj::mv(promise));
  }
  void close() {
    store_ = nullptr;
    running_.cancel(closed());
  }

  kj::Timer& timer;

 private:
  static kj::Exception closed() { return net::disconnected("the store is closed"); }
  Store* store_;
  kj::Canceler running_;
};

class StoreService::ServedListing final : public protocol::StoreListing::Server {
 public:
  ServedListing(Counted counted, std::vector<StoreEntry> entries, std::size_t next)
      : counted_(std::move(counted)), entries_(std::move(entries)), next_(next) {}

 protected:
  kj::Promise<void> next(NextContext context) override {
    const std::size_t begin = next_, end = endOfAnswer(entries_, begin);
    auto results = context.getResults(sizeOf(entries_, begin, end));
    writeEntries(entries_, begin, end, results);
    results.setMore(end < entries_.size());
    next_ = end;
    return kj::READY_NOW;
  }

 private:
  Counted counted_;
  std::vector<StoreEntry> entries_;
  std::size_t next_;
};

class StoreService::ServedWatch final : public protocol::StoreWatch::Server {
 public:
  ServedWatch(Counted counted, kj::Own<Access> access, kj::Own<StoreWatch> watch)
      : counted_(std::move(counted)), access_(kj::mv(access)), watch_(kj::mv(watch)) {}

 protected:
  kj::Promise<void> next(NextContext context) override {
    access_->store();
    if (waits_)
      return net::failed("a watch is asked for its next changes once at a time");
    waits_ = true;
    context.allowCancellation();
    return access_->whileOpen(watch_->next())
        .then([context](StoreChanges&& changes) mutable {
          std::size_t words = answerWords;
          for (auto& event : changes.events)
            words += wordsOf(event);
          auto results = context.getResults(capnp::MessageSize{words, 0});
          results.setRevision(changes.revision);
          auto list = results.initEvents(unsigned(changes.events.size()));
          for (unsigned i = 0; i < list.size(); ++i)
            write(changes.events[i], list[i]);
        })
        .attach(kj::defer([this] { waits_ = false; }));
  }

 private:
  Counted counted_;
  kj::Own<Access> access_;
  kj::Own<StoreWatch> watch_;
  bool waits_ = false;
};

/// The store as one connection has it.
class StoreService::Served final : public protocol::Store::Server {
 public:
  Served(kj::Own<Access> access, StoreRights rights)
      : access_(kj::mv(access)), rights_(std::move(rights)) {}

 protected:
  kj::Promise<void> identity(IdentityContext context) override {
    return answer(context, access_->store().identity(), [context](std::string&& identity) mutable {
      context.getResults().setIdentity(bytesOf(identity));
    });
  }

  kj::Promise<void> get(GetContext context) override {
    auto key = keyFrom(context.getParams().getKey());
    return answer(
        context, access_->store().get(std::move(key)),
        [context](kj::Maybe<StoreEntry>&& found) mutable {
          KJ_IF_MAYBE (entry, found) {
            auto results = context.getResults(capnp::MessageSize{answerWords + wordsOf(*entry), 0});
            results.setFound(true);
            write(*entry, results.initEntry());
          }
        });
  }

  kj::Promise<void> list(ListContext context) override {
    auto prefix = keyFrom(context.getParams().getPrefix());
    return answer(context, access_->store().list(std::move(prefix)),
                  [this, context](net::StoreListing&& listing) mutable {
                    auto& entries = listing.entries;
                    const std::size_t end = endOfAnswer(entries, 0);
                    auto results = context.getResults(sizeOf(entries, 0, end));
                    results.setRevision(listing.revision);
                    writeEntries(entries, 0, end, results);
                    if (end < entries.size())
                      results.setRest(kj::heap<ServedListing>(
                          Counted(held_, &Held::listings, limits::storeListings, "listings"),
                          std::move(entries), end));
                  });
  }

  kj::Promise<void> commit(CommitContext context) override {
    auto params = context.getParams();
    if (params.totalSize().wordCount > commitWords ||
        std::max(params.getConditions().size(), params.getWrites().size()) > limits::storeWrites)
      return net::failed(kj::str("the commit is larger than a store takes: ", limits::storeWrites,
                                 " conditions, as many writes, and values of ",
                                 limits::storeCommitBytes, " bytes"));
    std::vector<StoreCondition> conditions;
    for (auto condition : params.getConditions())
      conditions.push_back(read(condition));
    std::vector<StoreWrite> writes;
    for (auto write : params.getWrites())
      writes.push_back(read(write));
    context.releaseParams();
    std::function<void()> done = rights_.admit ? rights_.admit(writes) : nullptr;
    return answer(context, access_->store().commit(std::move(conditions), std::move(writes)),
                  [context, done = std::move(done)](Committed&& committed) mutable {
                    if (committed.done && done)
                      done();
                    auto results = context.getResults();
                    results.setDone(committed.done);
                    results.setRevision(committed.revision);
                  });
  }

  kj::Promise<void> watch(WatchContext context) override {
    auto& store = access_->store();
    auto params = context.getParams();
    auto prefix = keyFrom(params.getPrefix());
    Counted counted(held_, &Held::watches, limits::storeWatches, "watches");
    context.getResults().setWatch(
        kj::heap<ServedWatch>(std::move(counted), kj::addRef(*access_),
                              store.watch(std::move(prefix), params.getAfter())));
    return kj::READY_NOW;
  }

  kj::Promise<void> grant(GrantContext context) override {
    checkLeases();
    auto& store = access_->store();
    const std::uint64_t milliseconds = context.getParams().getMilliseconds();
    // Of what is too long, only that it is.
    const auto time =
        std::min<std::uint64_t>(milliseconds, 2 * (limits::storeLeaseLongest / kj::MILLISECONDS)) *
        kj::MILLISECONDS;
    std::erase_if(held_->leases, [&](auto& each) { return each.second < access_->timer.now(); });
    if (held_->leases.size() >= limits::storeLeases)
      overloaded(limits::storeLeases, "leases");
    return answer(context, store.grant(time), [this, time, context](Lease&& lease) mutable {
      held_->leases.insert_or_assign(lease, access_->timer.now() + time);
      context.getResults().setLease(lease);
    });
  }

  kj::Promise<void> keepAlive(KeepAliveContext context) override {
    checkLeases();
    return answer(context, access_->store().keepAlive(context.getParams().getLease()));
  }

  kj::Promise<void> revoke(RevokeContext context) override {
    checkLeases();
    const Lease lease = context.getParams().getLease();
    held_->leases.erase(lease);
    return answer(context, access_->store().revoke(lease));
  }

 private:
  /// `write` the answer when it is there.
  template <class Context, class T, class Write>
  kj::Promise<void> answer(Context& context, kj::Promise<T> promise, Write write) {
    context.allowCancellation();
    return access_->whileOpen(kj::mv(promise)).then(kj::mv(write)).attach(oneCall());
  }
  template <class Context>
  kj::Promise<void> answer(Context& context, kj::Promise<void> promise) {
    context.allowCancellation();
    return access_->whileOpen(kj::mv(promise)).attach(oneCall());
  }
  void checkLeases() const {
    if (!rights_.leases)
      kj::throwFatalException(net::failed("only peers have leases in the store"));
  }
  Counted oneCall() { return {held_, &Held::calls, limits::storeCalls, "calls"}; }

  static std::string keyFrom(capnp::Data::Reader bytes) {
    if (bytes.size() > limits::storeKeyBytes)
      kj::throwFatalException(net::failed(
          kj::str("a key of ", bytes.size(), " bytes; a store takes ", limits::storeKeyBytes)));
    return stringOf(bytes);
  }

  kj::Own<Access> access_;
  const StoreRights rights_;
  std::shared_ptr<Held> held_ = std::make_shared<Held>();
};

StoreService::StoreService(Store& store, kj::Timer& timer)
    : access_(kj::refcounted<Access>(store, timer)) {}

StoreService::~StoreService() noexcept(false) {
  access_->close();
}

protocol::Store::Client StoreService::clientForConnection(StoreRights rights) {
  return kj::heap<Served>(kj::addRef(*access_), std::move(rights));
}

protocol::Store::Client StoreService::clientOf(kj::Own<Store> store, kj::Timer& timer) {
  auto service = kj::heap<StoreService>(*store, timer);
  auto served = kj::heap<Served>(kj::addRef(*service->access_), StoreRights());
  return served.attach(kj::mv(service)).attach(kj::mv(store)); // which end in this order
}

} // namespace roam::net
