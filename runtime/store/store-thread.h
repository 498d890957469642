// The thread on which the embedded store waits for its disk.
//
// Calls wait on the event loop while a batch is at the thread; when it is back, all that came
// meanwhile is the next batch. Writes that stand side by side in it become one transaction, so that
// one flush of the disk makes all of them durable, however many peers write.
#pragma once
#include "runtime/store/store-file.h"
#include <condition_variable>
#include <functional>
#include <kj/async.h>
#include <mutex>
#include <thread>
#include <vector>

namespace roam::store {

/// One call of the store.
class StoreCall {
 public:
  explicit StoreCall(bool writes, std::size_t bytes) : writes(writes), bytes(bytes) {}
  virtual ~StoreCall() noexcept(false) = default;
  /// On the store's thread. Done again if a transaction that it shared with others failed.
  virtual void work(StoreFile& file) = 0;
  /// On the event loop.
  virtual void answer() = 0;
  virtual void reject(kj::Exception&& failure) = 0;

  const bool writes;
  const std::size_t bytes; ///< that it holds
  kj::Maybe<kj::Exception> failure;
};

/// Runs one batch of calls at a time.
class StoreThread {
 public:
  /// Where calls are worked. On the loop they hold it up, and follow each other in an order that
  /// does not depend on the machine.
  enum class Place { itsThread, loop };
  /// What a batch changed, by revision; it is durable.
  using Changed = std::vector<net::StoreChanges>;
  using Batch = std::vector<kj::Own<StoreCall>>;

  /// `file` must outlive it.
  explicit StoreThread(StoreFile& file, Place place = Place::itsThread);
  /// Waits for the batch that is being run.
  ~StoreThread();
  StoreThread(const StoreThread&) = delete;
  StoreThread& operator=(const StoreThread&) = delete;

  /// Each call of the batch has then been worked, or has a failure. The batch must outlive what is
  /// promised, or the thread.
  kj::Promise<Changed> run(Batch& batch);

 private:
  using Calls = std::vector<StoreCall*>;
  void loop();
  void runBatch(Batch& batch);
  void runWrites(const Calls& calls);
  void runRead(StoreCall& call);

  StoreFile& file_;
  Changed changed_; ///< by the batch; only on the thread
  std::mutex mutex_;
  std::condition_variable wake_;
  Batch* batch_ = nullptr;                                 // guarded by mutex_
  kj::Own<kj::CrossThreadPromiseFulfiller<Changed>> done_; // guarded by mutex_
  bool stopping_ = false;                                  // guarded by mutex_
  std::thread thread_;                                     ///< none if calls are worked on the loop
};

} // namespace roam::store
