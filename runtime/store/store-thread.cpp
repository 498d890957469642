// How calls share transactions, and what happens to the others when one of them fails.
#include "runtime/store/store-thread.h"
#include <csignal>
#include <pthread.h>

namespace roam::store {

StoreThread::StoreThread(StoreFile& file, Place place) : file_(file) {
  if (place == Place::itsThread)
    thread_ = std::thread([this] { loop(); });
}

StoreThread::~StoreThread() {
  if (!thread_.joinable())
    return;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

kj::Promise<StoreThread::Changed> StoreThread::run(Batch& batch) {
  if (!thread_.joinable()) {
    runBatch(batch);
    return std::exchange(changed_, {});
  }
  auto done = kj::newPromiseAndCrossThreadFulfiller<Changed>();
  {
    std::lock_guard lock(mutex_);
    batch_ = &batch;
    done_ = kj::mv(done.fulfiller);
  }
  wake_.notify_one();
  return kj::mv(done.promise);
}

void StoreThread::loop() {
  sigset_t all; // signals belong to the program's own threads
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  pthread_setname_np(pthread_self(), "roam-store");
  for (;;) {
    Batch* batch = nullptr;
    kj::Own<kj::CrossThreadPromiseFulfiller<Changed>> done;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || batch_ != nullptr; });
      if (batch_ == nullptr)
        return;
      batch = std::exchange(batch_, nullptr);
      done = kj::mv(done_);
    }
    runBatch(*batch);
    done->fulfill(std::exchange(changed_, {}));
  }
}

void StoreThread::runBatch(Batch& batch) {
  Calls writes; // that stand side by side
  for (auto& call : batch) {
    if (call->writes) {
      writes.push_back(call.get());
      continue;
    }
    runWrites(std::exchange(writes, {}));
    runRead(*call);
  }
  runWrites(writes);
}

void StoreThread::runRead(StoreCall& call) {
  call.failure = kj::runCatchingExceptions([&] { call.work(file_); });
}

/// A failure of the file undoes what all of them wrote, so each is then tried alone.
void StoreThread::runWrites(const Calls& calls) {
  if (calls.empty())
    return;
  auto failure = kj::runCatchingExceptions([&] {
    file_.begin();
    for (StoreCall* call : calls) {
      call->failure = nullptr;
      try {
        call->work(file_);
      } catch (Refusal& refusal) { // it has written nothing
        call->failure = kj::mv(refusal.why);
      }
    }
    for (auto& changes : file_.end())
      changed_.push_back(std::move(changes));
  });
  KJ_IF_MAYBE (why, failure) {
    file_.rollBack();
    if (calls.size() == 1)
      calls[0]->failure = kj::mv(*why);
    else
      for (StoreCall* call : calls)
        runWrites({call});
  }
}

} // namespace roam::store
