// Calls on their way to the store's thread and back, and what watches are told.
#include "runtime/store/sqlite-store.h"
#include "net/exceptions.h"
#include <algorithm>
#include <kj/debug.h>

namespace roam::store {
namespace {

kj::Exception closed() {
  return net::disconnected("the store is closed");
}

std::size_t bytesOf(const std::vector<net::StoreEvent>& events) {
  std::size_t bytes = 0;
  for (auto& event : events)
    bytes += sizeof event + event.key.size() + (event.value ? event.value->size() : 0);
  return bytes;
}

} // namespace

// --- calls --------------------------------------------------------------------------------------

void SqliteStore::add(kj::Own<StoreCall> call) {
  if (waiting_.size() >= limits::storeCallsWaiting ||
      (bytesWaiting_ > 0 && bytesWaiting_ + call->bytes > limits::storeBytesWaiting))
    return call->reject(
        net::overloaded(kj::str(waiting_.size(), " calls wait for the store, with ", bytesWaiting_,
                                " bytes; try again when some are done")));
  bytesWaiting_ += call->bytes;
  waiting_.push_back(kj::mv(call));
  if (running_.empty())
    batches_ = runBatches().eagerlyEvaluate([](kj::Exception&& failure) {
      KJ_LOG(FATAL, "the store's thread is gone", failure);
      abort(); // nothing that waits for it could ever go on
    });
}

kj::Promise<void> SqliteStore::runBatches() {
  running_ = std::exchange(waiting_, {});
  bytesWaiting_ = 0;
  return thread_.run(running_).then([this](StoreThread::Changed&& changed) -> kj::Promise<void> {
    finishBatch(std::move(changed));
    if (waiting_.empty())
      return kj::READY_NOW;
    return runBatches();
  });
}

void SqliteStore::finishBatch(StoreThread::Changed changed) {
  publish(std::move(changed));
  for (auto& call : std::exchange(running_, {}))
    KJ_IF_MAYBE (failure, call->failure)
      call->reject(kj::mv(*failure));
    else
      call->answer();
}

SqliteStore::SqliteStore(kj::Timer& timer, const std::string& path, const StoreSpace& space,
                         StoreThread::Place place)
    : timer_(timer), file_(path, space), published_(file_.revision()), thread_(file_, place) {
  for (auto& [lease, time] : file_.leases())
    begin(lease, time);
}

kj::Promise<std::string> SqliteStore::identity() {
  return file_.identity();
}

kj::Promise<kj::Maybe<net::StoreEntry>> SqliteStore::get(std::string key) {
  return call(false, key.size(), [key](StoreFile& file) { return file.get(key); });
}

kj::Promise<net::StoreListing> SqliteStore::list(std::string prefix) {
  return call(false, prefix.size(), [prefix](StoreFile& file) { return file.list(prefix); });
}

kj::Promise<net::Committed> SqliteStore::commit(std::vector<net::StoreCondition> conditions,
                                                std::vector<net::StoreWrite> writes) {
  return kj::evalNow([&]() -> kj::Promise<net::Committed> {
    net::checkCommit(conditions, writes);
    std::size_t bytes = 0;
    for (auto& write : writes) {
      bytes += write.key.size() + (write.value ? write.value->size() : 0);
      if (write.value && write.lease != 0 && !leases_.contains(write.lease))
        return net::leaseEndedException();
    }
    return call(true, bytes,
                [conditions = std::move(conditions), writes = std::move(writes)](StoreFile& file) {
                  return file.commit(conditions, writes);
                });
  });
}

// --- watches ------------------------------------------------------------------------------------

/// One prefix, and how far its watcher is. Its promises keep it.
class SqliteStore::Watch final : public kj::Refcounted {
 public:
  Watch(SqliteStore& store, std::string prefix, net::Revision after)
      : store_(&store), prefix_(std::move(prefix)), after_(after),
        place_(store.watches_.insert(store.watches_.end(), this)) {}
  ~Watch() noexcept(false) {
    if (store_ != nullptr)
      store_->watches_.erase(place_);
  }

  kj::Promise<net::StoreChanges> next() {
    if (store_ == nullptr)
      return closed();
    if (after_ > store_->published_) // it was seen before a copy of the store was put in its place
      return net::compactedException(after_);
    if (after_ < store_->published_) {
      if (store_->recent_.empty() || store_->recent_.front().revision > after_ + 1)
        return readFile();
      if (auto changes = recent(); !changes.events.empty())
        return std::move(changes);
    }
    auto changed = kj::newPromiseAndFulfiller<void>();
    waiting_ = kj::mv(changed.fulfiller);
    return changed.promise.then([self = kj::addRef(*this)]() mutable { return self->next(); });
  }

  /// There is a new revision.
  void changed(const net::StoreChanges& changes) {
    if (waiting_.get() == nullptr)
      return;
    auto concerns = [this](const net::StoreEvent& event) { return event.key.starts_with(prefix_); };
    if (std::ranges::any_of(changes.events, concerns))
      kj::Own(kj::mv(waiting_))->fulfill();
    else
      after_ = changes.revision;
  }
  void close() {
    store_ = nullptr;
    if (waiting_.get() != nullptr)
      kj::Own(kj::mv(waiting_))->reject(closed());
  }

 private:
  /// All that is new and concerns this watch, which has then caught up.
  net::StoreChanges recent() {
    net::StoreChanges changes;
    for (std::size_t i = after_ + 1 - store_->recent_.front().revision; i < store_->recent_.size();
         ++i)
      for (auto& event : store_->recent_[i].events)
        if (event.key.starts_with(prefix_))
          changes.events.push_back(event);
    changes.revision = after_ = store_->published_;
    return changes;
  }

  kj::Promise<net::StoreChanges> readFile() {
    return store_
        ->call(false, prefix_.size(),
               [prefix = prefix_, after = after_](StoreFile& file) {
                 return file.changes(prefix, after);
               })
        .then([self = kj::addRef(*this)](
                  net::StoreChanges&& changes) mutable -> kj::Promise<net::StoreChanges> {
          self->after_ = changes.revision;
          if (changes.events.empty())
            return self->next();
          return kj::mv(changes);
        });
  }

  SqliteStore* store_;
  const std::string prefix_;
  net::Revision after_; ///< changes up to here were given
  std::list<Watch*>::iterator place_;
  kj::Own<kj::PromiseFulfiller<void>> waiting_;
};

SqliteStore::~SqliteStore() noexcept(false) {
  calls_.cancel(closed());
  for (auto* batch : {&running_, &waiting_})
    for (auto& call : *batch)
      call->reject(closed());
  for (Watch* watch : watches_)
    watch->close();
}

kj::Own<net::StoreWatch> SqliteStore::watch(std::string prefix, net::Revision after) {
  /// What the caller holds.
  class Handed final : public net::StoreWatch {
   public:
    explicit Handed(kj::Own<Watch> watch) : watch_(kj::mv(watch)) {}
    kj::Promise<net::StoreChanges> next() override { return watch_->next(); }

   private:
    kj::Own<Watch> watch_;
  };
  return kj::heap<Handed>(kj::refcounted<Watch>(*this, std::move(prefix), after));
}

void SqliteStore::publish(StoreThread::Changed changed) {
  for (auto& changes : changed) {
    published_ = changes.revision;
    recentBytes_ += bytesOf(changes.events);
    recent_.push_back(std::move(changes));
    for (Watch* watch : watches_)
      watch->changed(recent_.back());
  }
  for (; recentBytes_ > limits::storeRecentBytes; recent_.pop_front())
    recentBytes_ -= bytesOf(recent_.front().events);
}

} // namespace roam::store
