// The queue of chunks, and the threads that take from it.
#include "runtime/peer/linked-runner.h"
#include "net/exceptions.h"
#include "net/failures.h"
#include "net/limits.h"
#include "runtime/peer/linked-call.h"
#include <algorithm>
#include <pthread.h>

namespace roam::peer {
/// Owns what the caller may drop while it runs.
struct LinkedRunner::Job {
  Job(const net::Chunk& given,
      kj::Own<kj::CrossThreadPromiseFulfiller<net::ChunkOutcome>> fulfiller)
      : captures(kj::heapArray(given.captures)), arguments(kj::heapArray(given.arguments)),
        chunk(given), fulfiller(kj::mv(fulfiller)) {
    chunk.captures = captures;
    chunk.arguments = arguments;
    chunk.output = nullptr; // belongs to the loop thread
  }

  const kj::Array<kj::byte> captures, arguments;
  net::Chunk chunk;
  kj::Own<kj::CrossThreadPromiseFulfiller<net::ChunkOutcome>> fulfiller;
};

LinkedRunner::LinkedRunner(LinkedEntries& entries, unsigned threads, net::ClosureRunner& behind)
    : entries_(entries), behind_(behind) {
  for (unsigned i = 0; i < threads; ++i)
    threads_.emplace_back([this] { serve(); });
}

LinkedRunner::~LinkedRunner() noexcept(false) {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    waiting_.clear();
  }
  changed_.notify_all();
  for (std::thread& thread : threads_)
    thread.join();
}

// --- on the loop thread ----------------------------------------------------------------------

kj::Promise<net::ChunkOutcome> LinkedRunner::run(net::Chunk chunk,
                                                 kj::ArrayPtr<const kj::byte> slice) {
  if (!entries_.has(chunk.entry))
    return behind_.run(chunk, slice);
  KJ_IF_MAYBE (excess, net::excessOf(chunk, slice))
    return net::failedWith(net::Failure::Kind::limit, kj::mv(*excess), chunk);
  if (chunk.onlyLink)
    return net::ChunkOutcome();
  return enqueue(chunk).then([this, chunk](net::ChunkOutcome outcome) {
    count(chunk, outcome);
    return outcome;
  });
}

kj::Promise<net::ChunkOutcome> LinkedRunner::enqueue(const net::Chunk& chunk) {
  auto pair = kj::newPromiseAndCrossThreadFulfiller<net::ChunkOutcome>();
  auto job = std::make_shared<Job>(chunk, kj::mv(pair.fulfiller));
  {
    std::lock_guard lock(mutex_);
    if (waiting_.size() >= limits::chunksWaiting)
      return net::overloaded(
          kj::str("this peer has ", limits::chunksWaiting, " chunks waiting and takes no more"));
    waiting_.push_back(job);
  }
  changed_.notify_one();
  return pair.promise.attach(kj::defer([this, job = std::move(job)] { forget(job); }));
}

/// One that runs already runs for nobody.
void LinkedRunner::forget(const std::shared_ptr<Job>& job) {
  std::lock_guard lock(mutex_);
  std::erase(waiting_, job);
}

void LinkedRunner::count(const net::Chunk& chunk, const net::ChunkOutcome& outcome) {
  if (outcome.turnedAway != nullptr)
    return;
  if (used_.insert(chunk.entry).second)
    ++counters_.linked;
  if (outcome.failure != nullptr)
    return;
  ++counters_.chunksDone;
  counters_.elementsDone += chunk.count;
  uses_.ran(chunk.entry, chunk.count, outcome.runNanoseconds);
}

void LinkedRunner::handBack(kj::StringPtr why) {
  std::deque<std::shared_ptr<Job>> back;
  {
    std::lock_guard lock(mutex_);
    back.swap(waiting_);
  }
  for (auto& job : back) {
    net::ChunkOutcome outcome;
    outcome.turnedAway = kj::str(why);
    job->fulfiller->fulfill(kj::mv(outcome));
  }
  behind_.handBack(why);
}

// --- what can be told of it ------------------------------------------------------------------

std::vector<Digest> LinkedRunner::codes() const {
  std::vector<Digest> all = uses_.digests(), others = behind_.codes();
  all.insert(all.end(), others.begin(), others.end());
  all.resize(std::min(all.size(), limits::codesKnown));
  return all;
}

kj::Maybe<net::CodeStatus> LinkedRunner::code(const Digest& digest) const {
  CodeUse use = uses_.of(digest);
  if (use.chunks == 0)
    return behind_.code(digest);
  net::CodeStatus status;
  status.digest = digest;
  status.calls = use.chunks;
  status.elements = use.elements;
  status.runNanoseconds = use.runNanoseconds;
  status.rung = net::Rung::linked;
  return status;
}

net::ClosureRunner::Counters LinkedRunner::counters() const {
  Counters all = behind_.counters();
  all.chunksDone += counters_.chunksDone;
  all.elementsDone += counters_.elementsDone;
  all.linked += counters_.linked;
  return all;
}

// --- on a thread of its own ------------------------------------------------------------------

void LinkedRunner::serve() {
  pthread_setname_np(pthread_self(), "roam-linked");
  while (std::shared_ptr<Job> job = next())
    job->fulfiller->fulfill(callLinked(entries_, job->chunk));
}

/// Null at the end.
std::shared_ptr<LinkedRunner::Job> LinkedRunner::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
  if (stopping_)
    return nullptr;
  auto job = std::move(waiting_.front());
  waiting_.pop_front();
  return job;
}

} // namespace roam::peer
