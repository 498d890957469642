// What workers and the ladder tell the pool, and what follows: answers, code, ends and new starts.
#include "jit/slice/platform.h"
#include "net/exceptions.h"
#include "runtime/peer/chunk-outcome.h"
#include "runtime/peer/worker-pool.h"
#include <algorithm>
#include <kj/debug.h>

namespace roam::peer {
namespace {

/// A chunk given to workers this often, which all ended or answered nonsense before they began it,
/// is at fault. More than there are rungs whose object may be of no use.
constexpr unsigned triesPerChunk = 8;

} // namespace

// --- the pool begins and ends ----------------------------------------------------------------

WorkerPool::WorkerPool(kj::UnixEventPort& port, kj::Timer& timer, net::Log& log, CodeLadder& ladder,
                       Quarantine& quarantine, Options options)
    : port_(port), timer_(timer), log_(log), executable_(kj::mv(options.executable)),
      libraries_(kj::mv(options.libraries)), output_(options.output),
      repros_(kj::mv(options.repros)), codeLoaded_(options.codeLoaded),
      allowance_(options.allowance), processorTime_(options.processorTime), ladder_(ladder),
      quarantine_(quarantine),
      codeUses_(std::min(limits::codesKnown, options.codeLoaded / limits::bytesPerUse)),
      workers_(options.workers), notReady_(options.workers), ready_(nullptr), tasks_(*this) {
  ladder_.tell(this);
  auto pair = kj::newPromiseAndFulfiller<void>();
  readyFulfiller_ = kj::mv(pair.fulfiller);
  ready_ = pair.promise.fork();
  for (unsigned i = 0; i < workers_; ++i) {
    members_.push_back(std::make_unique<Member>());
    start(*members_.back());
  }
  members_.push_back(std::make_unique<Member>());
  members_.back()->onlyLinks = true;
  if (processorTime_ > 0 * kj::SECONDS)
    tasks_.add(watchProcessorTime());
}

WorkerPool::~WorkerPool() noexcept(false) {
  ladder_.tell(nullptr);
  giveUp(net::disconnected("the peer is shutting down"));
}

kj::Vector<pid_t> WorkerPool::processes() const {
  kj::Vector<pid_t> ids;
  for (auto& member : members_)
    if (member->isReady() && !member->onlyLinks)
      ids.add(member->process->pid());
  return ids;
}

kj::Maybe<pid_t> WorkerPool::spare() const {
  const Member& last = *members_.back();
  return last.isReady() ? kj::Maybe<pid_t>(last.process->pid()) : nullptr;
}

std::size_t WorkerPool::sharedMemory() const {
  std::size_t bytes = 0;
  for (auto& member : members_)
    if (member->process.get() != nullptr)
      bytes += member->process->sharedMemory();
  return bytes;
}

WorkerPool::Member& WorkerPool::memberOf(WorkerProcess& worker) {
  for (auto& member : members_)
    if (member->process.get() == &worker)
      return *member;
  KJ_FAIL_REQUIRE("a worker that is not of this pool");
}

// --- answers ---------------------------------------------------------------------------------

void WorkerPool::onAnswered(WorkerProcess& worker, unsigned slot) {
  Member& member = memberOf(worker);
  Place place = member.places[slot];
  member.places[slot] = Place();
  TakenAnswer taken = worker.take(slot);
  learn(member, place, taken);
  retireIfUsedUp(member, taken);

  if (place.chunk != nullptr) {
    AnswerKind kind = taken.answer.kind;
    // It was not the chunk's fault: our account of the worker was wrong, or it has the object from
    // a rung below which there are others.
    bool again = kind == AnswerKind::codeMissing || kind == AnswerKind::skipped ||
                 (kind == AnswerKind::badSlice && !isLinked(place.entry) &&
                  ladder_.at(place.entry).state != Code::State::refused);
    if (kind == AnswerKind::done && !place.chunk->chunk.onlyLink) {
      ++counters_.chunksDone;
      counters_.elementsDone += place.chunk->chunk.count;
      codeUses_.ran(place.entry, place.chunk->chunk.count, taken.answer.runNanoseconds);
    }
    if (again && place.chunk->tries < triesPerChunk)
      putBack(*place.chunk);
    else
      place.chunk->settle(outcomeOf(kj::mv(taken), place.chunk->chunk));
  }
  unparkSuspected(place.entry);
  dispatch();
}

void WorkerPool::onLine(WorkerProcess& worker, unsigned slot, std::string_view line, bool isError) {
  kj::String text = kj::heapString(line.data(), line.size());
  if (output_ != nullptr)
    output_->line(text, isError);
  WaitingChunk* chunk = slot < slotCount ? memberOf(worker).places[slot].chunk : nullptr;
  if (chunk != nullptr && chunk->chunk.output != nullptr)
    chunk->chunk.output->line(text, isError);
}

/// What an answer says about the code.
void WorkerPool::learn(Member& member, const Place& place, const TakenAnswer& taken) {
  if (isLinked(place.entry)) {
    if (taken.answer.kind == AnswerKind::codeMissing)
      linked_.erase(place.entry);
    return;
  }
  switch (taken.answer.kind) {
  case AnswerKind::badSlice:
    member.loaded.erase(place.entry);
    ladder_.failed(place.entry, taken.message);
    break;
  case AnswerKind::codeMissing:
    member.loaded.erase(place.entry);
    break;
  case AnswerKind::skipped:
    if (place.sent != CodeKind::none)
      member.loaded.erase(place.entry);
    break;
  default:
    ladder_.ran(place.entry, taken.answer.runNanoseconds);
    break;
  }
  if (taken.answer.keptFirst)
    log_.line(kj::str("worker process ", member.process->pid(),
                      " can't link the tuned object of slice ", place.entry.shortened().c_str(),
                      " and keeps the first"));
}

// --- code ------------------------------------------------------------------------------------

void WorkerPool::onCode(const Digest& entry) {
  unpark(entry);
  dispatch();
}

void WorkerPool::onNoCode(const Digest& entry, const kj::Exception& why) {
  auto parked = parked_.extract(entry);
  if (!parked)
    return;
  while (!parked.mapped().empty())
    parked.mapped().front()->reject(kj::cp(why));
}

net::ClosureRunner::Counters WorkerPool::counters() const {
  Counters all = ladder_.counters();
  all.chunksDone = counters_.chunksDone;
  all.elementsDone = counters_.elementsDone;
  all.workersLost = counters_.workersLost;
  all.linked = counters_.linked;
  return all;
}

// --- starts and ends of workers --------------------------------------------------------------

void WorkerPool::start(Member& member) {
  member.retires = false;
  member.loaded.clear();
  member.linkedUsed.clear();
  WorkerEvents& events = *this;
  member.process = kj::heap<WorkerProcess>(port_, timer_, executable_, events,
                                           WorkerProcess::Prints::lines, libraries_, allowance_);
}

void WorkerPool::startLater(Member& member, kj::Duration delay) {
  tasks_.add(timer_.afterDelay(delay).then([this, &member] {
    if (member.process.get() != nullptr && member.process->isAlive())
      return;                 // started for a chunk meanwhile
    member.process = nullptr; // not before: the process was telling us of its end
    KJ_IF_MAYBE (problem, kj::runCatchingExceptions([&] { start(member); })) {
      log_.line(kj::str("a worker process can't be started: ", problem->getDescription()));
      startLater(member, limits::workerRetry);
    }
  }));
}

/// All workers load the same libraries; only if one was changed meanwhile they differ, and what not
/// every worker has is not used any more.
void WorkerPool::learnLinked(const WorkerProcess& worker) {
  std::unordered_set<Digest> all(worker.linked().begin(), worker.linked().end());
  bool isFirst = std::ranges::none_of(members_, [&](auto& member) {
    return member->process.get() != &worker && member->process.get() != nullptr &&
           member->process->hasStarted();
  });
  if (isFirst)
    linked_ = std::move(all);
  else if (std::erase_if(linked_, [&](const Digest& entry) { return !all.contains(entry); }) > 0)
    log_.line(kj::str("a library with linked entries has changed: what is no longer in there is "
                      "compiled from now on; restart the peer to use the new one"));
}

void WorkerPool::onReady(WorkerProcess& worker) {
  learnLinked(worker);
  if (notReady_ > 0 && !memberOf(worker).onlyLinks && --notReady_ == 0) {
    readyFulfiller_->fulfill();
    startLater(*members_.back(), 0 * kj::SECONDS);
  }
  dispatch();
}

void WorkerPool::onEnded(WorkerProcess& worker, kj::StringPtr how) {
  Member& member = memberOf(worker);
  log_.line(kj::str("worker process ", worker.pid(), " ", how));
  if (worker.hasStarted()) {
    counters_.workersLost += worker.wasStopped() || member.onlyLinks ? 0 : 1;
    lose(member, how);
    promoteFor(member);
    startLater(member, 0 * kj::SECONDS);
  } else {
    kj::Exception problem =
        net::disconnected(kj::str("worker process ", worker.pid(), " (", executable_, ") ", how));
    startLater(member, limits::workerRetry);
    bool any = false;
    for (auto& other : members_)
      any = any ||
            (!other->onlyLinks && other->process.get() != nullptr && other->process->isAlive());
    if (!member.onlyLinks)
      readyFulfiller_->reject(kj::cp(problem));
    if (!any)
      giveUp(problem);
  }
  dispatch();
}

/// Its path stands in the message then. What is linked into the workers, or bundled, has no slice
/// here.
void WorkerPool::keepRepro(const WaitingChunk& chunk, net::Failure& failure) {
  if (repros_ == nullptr || chunk.slice == nullptr)
    return;
  auto text = [](kj::ArrayPtr<const kj::byte> bytes) {
    return std::string_view(reinterpret_cast<const char*>(bytes.begin()), bytes.size());
  };
  const std::string platform = Platform::here().toString();
  ReproFile file;
  file.entry = chunk.chunk.entry;
  file.count = chunk.chunk.count;
  file.first = chunk.chunk.first;
  file.element = failure.element;
  file.signal = failure.signal;
  file.exitStatus = failure.exitStatus;
  file.platform = platform;
  file.what = failure.message.cStr();
  file.slice = text(chunk.slice);
  file.captures = text(chunk.chunk.captures);
  file.arguments = text(chunk.chunk.arguments);
  try {
    failure.message = kj::str(failure.message, "; to run it again on that machine: roam replay ",
                              repros_->keep(file).c_str());
  } catch (const std::exception& error) {
    log_.line(kj::str("no repro file is kept of entry ", file.entry.shortened().c_str(), ": ",
                      error.what()));
  }
}

/// The process that only links takes the place of a worker that has ended, so that the next chunk
/// does not wait for a start; the one that starts now only links.
void WorkerPool::promoteFor(Member& ended) {
  auto at = std::ranges::find(members_, &ended, &std::unique_ptr<Member>::get);
  if (ended.onlyLinks || !members_.back()->isReady())
    return;
  std::swap(*at, members_.back());
  std::swap((*at)->onlyLinks, members_.back()->onlyLinks);
}

/// Fails what the worker was running, which is to blame, and takes back what it had not begun.
void WorkerPool::lose(Member& member, kj::StringPtr how) {
  for (unsigned slot = 0; slot < slotCount; ++slot) {
    Place place = std::exchange(member.places[slot], Place());
    const bool hasBegun = place.entry != Digest() && member.process->hasBegun(slot);
    if (hasBegun && !member.process->wasStopped()) {
      quarantine_.onWorkerEnded(place.entry, how);
      recall(place.entry);
    }
    unparkSuspected(place.entry);
    if (place.chunk == nullptr)
      continue;
    if (hasBegun || place.chunk->tries >= triesPerChunk) {
      net::ChunkOutcome outcome = workerDied(*member.process, how, place.chunk->chunk);
      KJ_IF_MAYBE (failure, outcome.failure)
        if (hasBegun && !member.process->wasStopped())
          keepRepro(*place.chunk, *failure);
      place.chunk->settle(kj::mv(outcome));
    } else
      putBack(*place.chunk);
  }
}

/// Fewer workers run it now, or it is refused.
void WorkerPool::unparkSuspected(const Digest& entry) {
  if (parked_.contains(entry) &&
      (isLinked(entry) || ladder_.at(entry).state != Code::State::coming))
    unpark(entry);
}

/// Takes back what lies ready at any worker: not all that wait may run now.
void WorkerPool::recall(const Digest& entry) {
  for (auto& member : members_)
    for (unsigned slot = 0; slot < slotCount; ++slot)
      if (Place& place = member->places[slot];
          place.entry == entry && place.chunk != nullptr && member->process->takeBack(slot))
        putBack(*std::exchange(place.chunk, nullptr));
}

/// Fails every chunk.
void WorkerPool::giveUp(const kj::Exception& exception) {
  for (auto& member : members_)
    for (Place& place : member->places)
      if (WaitingChunk* chunk = place.chunk) {
        place.chunk = nullptr;
        chunk->reject(kj::cp(exception));
      }
  for (auto& parked : parked_)
    while (!parked.second.empty())
      parked.second.front()->reject(kj::cp(exception));
  for (ChunkQueue* queue : {&waiting_, &waitingForHome_, &waitingToLink_})
    while (!queue->empty())
      queue->front()->reject(kj::cp(exception));
}

void WorkerPool::taskFailed(kj::Exception&& exception) {
  log_.line(kj::str("in the worker pool: ", exception.getDescription()));
}

} // namespace roam::peer
