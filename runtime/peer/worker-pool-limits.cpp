// What the pool itself sees to of a worker's allowance: memory that is used up for good, and
// processor time.
#include "net/failures.h"
#include "runtime/peer/worker-pool.h"

namespace roam::peer {

/// Code that is out of memory says so by an exception, and may have left behind what it allocated.
/// A worker that has no more than half of its allowance left after that would fail what comes next:
/// it is ended when nothing runs in it.
void WorkerPool::retireIfUsedUp(Member& member, const TakenAnswer& taken) {
  if (allowance_.memory != 0 && taken.answer.kind == AnswerKind::thrown &&
      taken.type == "std::bad_alloc" && member.process->memoryAllocated() > allowance_.memory / 2) {
    member.retires = true;
    for (unsigned slot = 0; slot < slotCount; ++slot)
      if (Place& place = member.places[slot];
          place.chunk != nullptr && member.process->takeBack(slot))
        putBack(*std::exchange(place.chunk, nullptr));
  }
  if (member.retires && member.process->open() == 0)
    member.process->stop(kj::str("has used up its memory (--worker-memory), and keeps it"));
}

kj::Promise<void> WorkerPool::watchProcessorTime() {
  return timer_.afterDelay(limits::cpuLook).then([this] {
    for (auto& member : members_)
      if (member->process.get() != nullptr && member->process->isReady())
        lookAtProcessorTime(*member);
    return watchProcessorTime();
  });
}

/// A worker runs one chunk at a time, so all that it uses is used by the first that is not
/// answered.
void WorkerPool::lookAtProcessorTime(Member& member) {
  const kj::Duration used = member.process->processorTime();
  for (unsigned slot = 0; slot < slotCount; ++slot) {
    Place& place = member.places[slot];
    if (place.chunk == nullptr || !member.process->hasBegun(slot))
      continue;
    KJ_IF_MAYBE (before, place.usedBefore) {
      if (used - *before <= processorTime_)
        continue;
      kj::String limit = kj::str(processorTime_ / kj::SECONDS, " s");
      member.process->stop(kj::str("used more than ", limit, " of processor time for one chunk"));
      const net::Chunk& chunk = place.chunk->chunk;
      std::exchange(place.chunk, nullptr)
          ->settle(net::failedWith(
              net::Failure::Kind::limit,
              kj::str(
                  "the chunk used more than the ", limit,
                  " of processor time that this peer allows (--worker-cpu-time): send less work "
                  "with each chunk"),
              chunk));
      return;
    }
    place.usedBefore = used;
  }
}

} // namespace roam::peer
