// Which chunk goes to which worker. What workers tell is in worker-pool-events.cpp.
#include "runtime/peer/worker-pool.h"
#include "net/exceptions.h"
#include "net/failures.h"
#include "runtime/peer/chunk-outcome.h"
#include <algorithm>
#include <kj/debug.h>

namespace roam::peer {

// --- chunks come and go ----------------------------------------------------------------------

kj::Promise<net::ChunkOutcome> WorkerPool::run(net::Chunk chunk,
                                               kj::ArrayPtr<const kj::byte> slice) {
  KJ_IF_MAYBE (excess, net::excessOf(chunk, slice))
    return net::failedWith(net::Failure::Kind::limit, kj::mv(*excess), chunk);
  if (chunksWaiting() >= limits::chunksWaiting)
    return net::overloaded(kj::str("this peer has ", limits::chunksWaiting,
                                   " chunks waiting and takes no more; retry after ",
                                   limits::overloadedRetry / kj::MILLISECONDS, " ms"));
  ChunkOwner& owner = *this;
  return kj::newAdaptedPromise<net::ChunkOutcome, WaitingChunk>(owner, chunk, slice);
}

kj::Maybe<net::CodeStatus> WorkerPool::code(const Digest& digest) const {
  CodeUse use = codeUses_.of(digest);
  if (use.chunks == 0)
    return nullptr;
  net::CodeStatus status;
  status.digest = digest;
  status.calls = use.chunks;
  status.elements = use.elements;
  status.runNanoseconds = use.runNanoseconds;
  if (isLinked(digest))
    status.rung = net::Rung::linked;
  else
    ladder_.describe(digest, status);
  return status;
}

/// Also those that wait for somebody else to compile. There are fewer queues of them than places at
/// workers.
std::size_t WorkerPool::chunksWaiting() const {
  std::size_t count = waiting_.size() + waitingForHome_.size() + waitingToLink_.size();
  for (auto& [entry, parked] : parked_)
    count += parked.size();
  return count;
}

ChunkQueue& WorkerPool::queueFor(const WaitingChunk& chunk) {
  if (chunk.chunk.onlyLink)
    return waitingToLink_;
  return chunk.chunk.home ? waitingForHome_ : waiting_;
}

void WorkerPool::enqueue(WaitingChunk& chunk) {
  ChunkQueue& queue = queueFor(chunk);
  chunk.enter(queue, queue.end());
  dispatch();
}

void WorkerPool::putBack(WaitingChunk& chunk) {
  ChunkQueue& queue = queueFor(chunk);
  chunk.enter(queue, queue.begin());
}

void WorkerPool::forget(WaitingChunk& chunk) {
  chunk.leaveQueue();
  for (auto& member : members_) {
    for (unsigned slot = 0; slot < slotCount; ++slot) {
      Place& place = member->places[slot];
      if (place.chunk != &chunk)
        continue;
      place.chunk = nullptr;
      if (!member->process->takeBack(slot))
        member->process->cancel(slot);
    }
  }
  if (!waiting_.empty() || !waitingForHome_.empty() ||
      !waitingToLink_.empty()) // not at once: we are in a destructor
    tasks_.add(kj::evalLater([this] { dispatch(); }));
}

void WorkerPool::handBack(kj::StringPtr why) {
  auto answer = [&](WaitingChunk& chunk) {
    net::ChunkOutcome outcome;
    outcome.turnedAway = kj::str(why);
    chunk.settle(kj::mv(outcome));
  };
  for (ChunkQueue* queue : {&waiting_, &waitingForHome_, &waitingToLink_})
    while (!queue->empty())
      answer(*queue->front());
  for (auto& [entry, parked] : parked_)
    while (!parked.empty())
      answer(*parked.front());
  for (auto& member : members_)
    for (unsigned slot = 0; slot < slotCount; ++slot)
      if (Place& place = member->places[slot];
          place.chunk != nullptr && member->process->takeBack(slot))
        answer(*std::exchange(place.chunk, nullptr));
}

// --- to a worker -----------------------------------------------------------------------------

void WorkerPool::dispatch() {
  while (!waitingToLink_.empty() && dispatchFront(waitingToLink_))
    ;
  while (!waitingForHome_.empty() && dispatchFront(waitingForHome_))
    ;
  while (!waiting_.empty() && dispatchFront(waiting_))
    ;
  while (waiting_.empty() && takeFromBusy())
    ;
}

/// Places the chunk that has waited longest. False if it has to wait on, and the others behind it.
bool WorkerPool::dispatchFront(ChunkQueue& queue) {
  WaitingChunk& chunk = *queue.front();
  const Digest& entry = chunk.chunk.entry;
  KJ_IF_MAYBE (reason, quarantine_.isRefused(entry)) {
    chunk.settle(quarantined(*reason, chunk.chunk));
    return true;
  }
  if (workersRunning(entry) >= quarantine_.workersFor(entry)) {
    park(chunk);
    return true;
  }
  if (isLinked(entry))
    return giveToBest(chunk);
  switch (const Code& code = ladder_.at(entry); code.state) {
  case Code::State::refused:
    chunk.settle(net::failedWith(code.refusalKind, kj::str(code.refusal), chunk.chunk));
    return true;
  case Code::State::object:
    return giveToBest(chunk);
  case Code::State::unknown:
    ladder_.climb(entry, chunk.slice);
    break;
  case Code::State::coming:
    break;
  }
  park(chunk);
  return true;
}

void WorkerPool::park(WaitingChunk& chunk) {
  chunk.leaveQueue();
  ChunkQueue& parked = parked_[chunk.chunk.entry];
  chunk.enter(parked, parked.end());
}

/// Or have it lie ready. Also those that run it for nobody.
unsigned WorkerPool::workersRunning(const Digest& entry) const {
  return static_cast<unsigned>(std::ranges::count_if(members_, [&](auto& member) {
    return std::ranges::any_of(member->places,
                               [&](const Place& place) { return place.entry == entry; });
  }));
}

/// False if no worker takes one more.
bool WorkerPool::giveToBest(WaitingChunk& chunk) {
  Member* member = choose(chunk.chunk);
  if (member == nullptr)
    return false;
  chunk.leaveQueue();
  give(*member, chunk);
  return true;
}

/// Best an idle worker, then one that has the entry loaded, then the one used last, whose memory is
/// warm.
WorkerPool::Member* WorkerPool::choose(const net::Chunk& chunk) {
  Member* best = nullptr;
  int bestMerit = -1;
  for (auto& member : members_) {
    if (!member->isReady() || member->onlyLinks || (chunk.home && member != members_.front()))
      continue;
    unsigned open = member->process->open();
    if (open >= limits::chunksAtWorker)
      continue;
    int merit = (open == 0 ? 2 : 0) + (member->loaded.has(chunk.entry) ? 1 : 0);
    if (merit > bestMerit || (merit == bestMerit && member->lastUse > best->lastUse)) {
      best = member.get();
      bestMerit = merit;
    }
  }
  const bool isBusy = best == nullptr || best->process->open() > 0;
  return chunk.onlyLink && isBusy ? linkingMember() : best;
}

/// Null if it has to start first, or has enough to link.
WorkerPool::Member* WorkerPool::linkingMember() {
  Member& member = *members_.back();
  if (member.process.get() == nullptr)
    KJ_IF_MAYBE (problem, kj::runCatchingExceptions([&] { start(member); })) {
      log_.line(kj::str("the process that links can't be started: ", problem->getDescription()));
      startLater(member, limits::workerRetry);
    }
  bool takesMore = member.isReady() && member.process->open() < limits::chunksAtWorker;
  return takesMore ? &member : nullptr;
}

/// What goes along with a chunk: the object, if the worker has not loaded it, or has loaded what is
/// not as good. The worker will have loaded it before it comes to a later request.
kj::ArrayPtr<const kj::byte> WorkerPool::codeFor(Member& member, Place& place) {
  const Digest& entry = place.entry;
  if (isLinked(entry)) {
    if (member.linkedUsed.insert(entry).second)
      ++counters_.linked;
    return nullptr;
  }
  const Code& code = ladder_.at(entry);
  if (!member.loaded.has(entry))
    place.sent = CodeKind::object;
  else if (code.isTuned() && !member.loaded.isTuned(entry))
    place.sent = CodeKind::replacement;
  kj::ArrayPtr<const kj::byte> object;
  if (place.sent != CodeKind::none) {
    object = code.object;
    ladder_.delivered(entry);
  }
  std::size_t loading = object == nullptr ? 0 : object.size() + limits::entryLoaded;
  member.loaded.used(entry, code.isTuned(), loading);
  return object;
}

void WorkerPool::give(Member& member, WaitingChunk& chunk) {
  const Digest& entry = chunk.chunk.entry;
  Place place{.chunk = &chunk, .entry = entry};
  kj::ArrayPtr<const kj::byte> object = codeFor(member, place);
  member.lastUse = place.number = ++uses_;
  Request request{.entry = entry,
                  .code = place.sent,
                  .onlyLink = chunk.chunk.onlyLink,
                  .count = chunk.chunk.count,
                  .first = chunk.chunk.first};
  if (std::optional<Digest> surplus = member.loaded.surplus(limits::entriesLoaded, codeLoaded_)) {
    request.unload = *surplus;
    member.loaded.erase(*surplus);
  }
  ++chunk.tries;
  unsigned slot =
      member.process->submit(request, chunk.chunk.captures, chunk.chunk.arguments, object);
  member.places[slot] = place;
}

// --- evening out -----------------------------------------------------------------------------

/// Moves one chunk that lies ready behind another at a busy worker to an idle one. False if there
/// is no such pair.
bool WorkerPool::takeFromBusy() {
  for (auto& busy : members_) {
    if (!busy->isReady() || busy->onlyLinks || busy->process->open() < 2)
      continue;
    // Only the last: the one before it is running, or will be as soon as the worker is awake.
    unsigned last = 0;
    for (unsigned slot = 1; slot < slotCount; ++slot)
      if (busy->places[slot].number > busy->places[last].number)
        last = slot;
    Place& place = busy->places[last];
    if (place.chunk == nullptr || place.chunk->chunk.home || busy->process->hasBegun(last))
      continue;
    Member* idle = idleMember();
    bool isThere = isLinked(place.entry) || ladder_.at(place.entry).state == Code::State::object;
    bool mayRun = workersRunning(place.entry) < quarantine_.workersFor(place.entry);
    if (idle == nullptr || !isThere || !mayRun || !busy->process->takeBack(last))
      continue;
    WaitingChunk& chunk = *std::exchange(place.chunk, nullptr);
    --chunk.tries;
    give(*idle, chunk);
    return true;
  }
  return false;
}

WorkerPool::Member* WorkerPool::idleMember() {
  for (auto& member : members_)
    if (member->isReady() && !member->onlyLinks && member->process->open() == 0)
      return member.get();
  return nullptr;
}

void WorkerPool::unpark(const Digest& entry) {
  auto found = parked_.find(entry);
  if (found == parked_.end())
    return;
  ChunkQueue parked = std::move(found->second);
  parked_.erase(found);
  for (auto chunk = parked.rbegin(); chunk != parked.rend(); ++chunk)
    putBack(**chunk);
}

} // namespace roam::peer
