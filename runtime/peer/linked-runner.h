// Runs closures that are linked into this very program, on threads of it; all others are left to
// worker processes.
//
//     run(entry) --- linked here? --- yes: queue -> thread -> promise (KJ's cross-thread fulfiller)
//                                 \-- no:  the runner behind
//
// A linked entry uses no peer-local variables (such closures are not linked), so it does not matter
// on which thread it runs.
#pragma once
#include "net/closure-runner.h"
#include "runtime/peer/code-uses.h"
#include "runtime/peer/linked-entries.h"
#include <condition_variable>
#include <deque>
#include <kj/async.h>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_set>
#include <vector>

namespace roam::peer {

/// Call on the loop thread; results must be dropped there too.
class LinkedRunner final : public net::ClosureRunner {
 public:
  /// Starts the threads. The entries and the runner behind must outlive it. What the entries print
  /// is the program's own output, so that `Chunk::output` does not hear it.
  LinkedRunner(LinkedEntries& entries, unsigned threads, net::ClosureRunner& behind);
  /// Waits for the entries that run. What waits is not run.
  ~LinkedRunner() noexcept(false) override;
  KJ_DISALLOW_COPY(LinkedRunner);

  bool has(const Digest& entry) const override { return entries_.has(entry) || behind_.has(entry); }
  kj::Promise<net::ChunkOutcome> run(net::Chunk chunk, kj::ArrayPtr<const kj::byte> slice) override;
  void handBack(kj::StringPtr why) override;
  void offer(const Digest& digest, kj::ArrayPtr<const kj::byte> object) override {
    behind_.offer(digest, object);
  }
  kj::Promise<net::ObjectAnswer> object(net::ObjectQuestion question) override {
    return behind_.object(question);
  }
  std::vector<Digest> codes() const override;
  kj::Maybe<net::CodeStatus> code(const Digest& digest) const override;
  Counters counters() const override;
  unsigned workers() const override { return behind_.workers(); }

 private:
  struct Job;

  void serve();
  std::shared_ptr<Job> next();
  kj::Promise<net::ChunkOutcome> enqueue(const net::Chunk& chunk);
  void forget(const std::shared_ptr<Job>& job);
  void count(const net::Chunk& chunk, const net::ChunkOutcome& outcome);

  LinkedEntries& entries_;
  net::ClosureRunner& behind_;
  CodeUses uses_;
  std::unordered_set<Digest> used_;
  Counters counters_; ///< of what ran here
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Job>> waiting_; // guarded by mutex_
  bool stopping_ = false;                    // guarded by mutex_
  std::vector<std::thread> threads_;
};

} // namespace roam::peer
