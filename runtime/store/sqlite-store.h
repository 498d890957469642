// The store that needs no other program: an SQLite database in the process of the cluster's first
// peer, on a thread of its own.
//
// A commit is acknowledged, and watches are told of it, when it is on the disk (WAL mode, with a
// flush for each transaction; in memory: when it is done). The latest changes stay in memory for
// the watches, each of which only knows how far it is: one that keeps up takes what is new from
// there, one that was away reads the file first.
#pragma once
#include "runtime/store/store-file.h"
#include "runtime/store/store-thread.h"
#include <deque>
#include <kj/timer.h>
#include <list>
#include <optional>
#include <type_traits>
#include <unordered_map>

namespace roam::store {

class SqliteStore final : public net::Store {
 public:
  /// Opens the file, or makes it; "" is in memory, and gone with the store. Blocks for some
  /// milliseconds, or longer if the store's last process was killed in the midst of much. Throws as
  /// StoreFile does. Leases follow `timer`, which must outlive the store.
  SqliteStore(kj::Timer& timer, const std::string& path, const StoreSpace& space = {},
              StoreThread::Place place = StoreThread::Place::itsThread);
  /// Waits for what the disk is doing.
  ~SqliteStore() noexcept(false);
  KJ_DISALLOW_COPY(SqliteStore);

  kj::Promise<std::string> identity() override;
  kj::Promise<kj::Maybe<net::StoreEntry>> get(std::string key) override;
  kj::Promise<net::StoreListing> list(std::string prefix) override;
  kj::Promise<net::Committed> commit(std::vector<net::StoreCondition> conditions,
                                     std::vector<net::StoreWrite> writes) override;
  kj::Own<net::StoreWatch> watch(std::string prefix, net::Revision after) override;
  kj::Promise<net::Lease> grant(kj::Duration time) override;
  kj::Promise<void> keepAlive(net::Lease lease) override;
  kj::Promise<void> revoke(net::Lease lease) override;

 private:
  class Watch;
  template <class Work>
  class Call;
  struct Granted {
    kj::Duration time;
    kj::TimePoint ends;
  };
  struct Ending final : kj::TaskSet::ErrorHandler {
    void taskFailed(kj::Exception&& failure) override;
  };

  /// `work(file)` on the store's thread; `bytes` are what it holds until then.
  template <class Work>
  auto call(bool writes, std::size_t bytes, Work work);
  void add(kj::Own<StoreCall> call);
  kj::Promise<void> runBatches();
  void finishBatch(StoreThread::Changed changed);
  void publish(StoreThread::Changed changed);

  // Leases: sqlite-store-leases.cpp.
  void begin(net::Lease lease, kj::Duration time);
  kj::Promise<void> awaitEnds();
  void endThoseDue();
  kj::Promise<void> endLease(net::Lease lease);

  kj::Timer& timer_;
  StoreFile file_; ///< used by thread_ only, once that runs

  std::unordered_map<net::Lease, Granted> leases_;
  kj::Maybe<kj::TimePoint> nextEnd_; ///< that is waited for
  kj::Promise<void> waitingForEnd_ = nullptr;
  Ending endingFailed_;
  kj::TaskSet ending_{endingFailed_}; ///< leases whose entries are being removed

  net::Revision published_;              ///< watches may know of all up to here
  std::deque<net::StoreChanges> recent_; ///< the latest revisions, without a gap
  std::size_t recentBytes_ = 0;
  std::list<Watch*> watches_;

  StoreThread::Batch waiting_, running_;
  std::size_t bytesWaiting_ = 0;
  StoreThread thread_;
  kj::Canceler calls_;                  ///< what goes on in this object when a call is answered
  kj::Promise<void> batches_ = nullptr; ///< running_, and what waits by then
};

/// Its answer is promised to someone.
template <class Work>
class SqliteStore::Call final : public StoreCall {
 public:
  using Result = std::invoke_result_t<Work, StoreFile&>;
  Call(bool writes, std::size_t bytes, Work work, kj::Own<kj::PromiseFulfiller<Result>> fulfiller)
      : StoreCall(writes, bytes), work_(std::move(work)), fulfiller_(kj::mv(fulfiller)) {}

  void work(StoreFile& file) override { result_ = work_(file); }
  void answer() override { fulfiller_->fulfill(std::move(*result_)); }
  void reject(kj::Exception&& failure) override { fulfiller_->reject(kj::mv(failure)); }

 private:
  Work work_;
  std::optional<Result> result_;
  kj::Own<kj::PromiseFulfiller<Result>> fulfiller_;
};

template <class Work>
auto SqliteStore::call(bool writes, std::size_t bytes, Work work) {
  auto promised = kj::newPromiseAndFulfiller<typename Call<Work>::Result>();
  add(kj::heap<Call<Work>>(writes, bytes, std::move(work), kj::mv(promised.fulfiller)));
  return kj::mv(promised.promise);
}

} // namespace roam::store
