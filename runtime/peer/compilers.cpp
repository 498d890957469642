// Jobs, processes, and what becomes of a job when its process ends.
#include "runtime/peer/compilers.h"
#include "net/exceptions.h"
#include <algorithm>
#include <kj/debug.h>
#include <sys/resource.h>
#include <utility>

namespace roam::peer {
namespace {

constexpr unsigned triesPerSlice = 2;
/// Of the process for the background: it gets what the others leave.
constexpr int backgroundNiceness = 15;

} // namespace

/// The adapter of the promise that compile() gives.
class Compilers::Job {
 public:
  Job(kj::PromiseFulfiller<CompileOutcome>& fulfiller, Compilers& owner, const Digest& digest,
      kj::ArrayPtr<const kj::byte> slice, jit::Level level, Urgency urgency)
      : digest(digest), slice(kj::heapArray(slice)), level(level), urgency(urgency),
        fulfiller_(fulfiller), owner_(&owner) {
    owner.queueOf(urgency).push_back(this);
    owner.dispatch();
  }
  ~Job() {
    if (owner_ != nullptr)
      owner_->drop(*this);
  }
  KJ_DISALLOW_COPY(Job);

  const Digest digest;
  const kj::Array<const kj::byte> slice;
  const jit::Level level;
  const Urgency urgency;
  unsigned tries = 0;

  /// The end: the owner knows it no longer.
  void settle(CompileOutcome outcome) {
    owner_ = nullptr;
    fulfiller_.fulfill(kj::mv(outcome));
  }
  void reject(kj::Exception&& exception) {
    owner_ = nullptr;
    fulfiller_.reject(kj::mv(exception));
  }

 private:
  kj::PromiseFulfiller<CompileOutcome>& fulfiller_;
  Compilers* owner_;
};

Compilers::Compilers(kj::UnixEventPort& port, kj::Timer& timer, net::Log& log,
                     kj::String executable, unsigned most, kj::Duration idle)
    : port_(port), timer_(timer), log_(log), executable_(kj::mv(executable)), idle_(idle),
      tasks_(*this) {
  for (unsigned i = 0; i <= most; ++i)
    members_.push_back(std::make_unique<Member>());
  members_.front()->inBackground = true;
}

Compilers::~Compilers() noexcept(false) {
  auto leave = [](Job* job) { job->reject(net::disconnected("the peer is shutting down")); };
  for (auto& member : members_)
    if (Job* job = std::exchange(member->job, nullptr))
      leave(job);
  for (auto* queue : {&waiting_, &waitingInBackground_})
    for (Job* job : std::exchange(*queue, {}))
      leave(job);
}

kj::Promise<CompileOutcome> Compilers::compile(const Digest& digest,
                                               kj::ArrayPtr<const kj::byte> slice, jit::Level level,
                                               Urgency urgency) {
  return kj::newAdaptedPromise<CompileOutcome, Job>(*this, digest, slice, level, urgency);
}

kj::Vector<pid_t> Compilers::processes() const {
  kj::Vector<pid_t> ids;
  for (auto& member : members_)
    if (member->process.get() != nullptr && member->process->isAlive())
      ids.add(member->process->pid());
  return ids;
}

// --- jobs to processes -----------------------------------------------------------------------

std::deque<Compilers::Job*>& Compilers::queueOf(Urgency urgency) {
  return urgency == Urgency::now ? waiting_ : waitingInBackground_;
}

/// A process that runs already is best: to start one takes ten times as long as a small slice.
void Compilers::dispatch() {
  for (auto urgency : {Urgency::now, Urgency::background}) {
    auto& queue = queueOf(urgency);
    while (!queue.empty()) {
      Member* best = nullptr;
      for (auto& member : members_)
        if (!member->busy && member->inBackground == (urgency == Urgency::background) &&
            (best == nullptr ||
             (best->process.get() == nullptr && member->process.get() != nullptr)))
          best = member.get();
      if (best == nullptr)
        break;
      Job& job = *queue.front();
      queue.pop_front();
      give(*best, job);
    }
  }
}

void Compilers::give(Member& member, Job& job) {
  member.busy = true;
  member.job = &job;
  member.outcome = CompileOutcome();
  ++job.tries;
  if (member.process.get() != nullptr && member.process->isReady())
    return submit(member);
  // Later: we may be in a call of the process that has just ended.
  tasks_.add(kj::evalLater([this, &member] { start(member); }));
}

void Compilers::start(Member& member) {
  KJ_IF_MAYBE (problem, kj::runCatchingExceptions([&] {
                 WorkerEvents& events = *this;
                 member.process = nullptr;
                 member.process = kj::heap<WorkerProcess>(port_, timer_, executable_, events);
                 if (member.inBackground)
                   (void)setpriority(PRIO_PROCESS, static_cast<id_t>(member.process->pid()),
                                     backgroundNiceness);
               })) {
    member.busy = false;
    if (Job* job = std::exchange(member.job, nullptr))
      job->reject(kj::mv(*problem));
    dispatch();
  }
}

void Compilers::submit(Member& member) {
  if (member.job == nullptr) { // it was dropped while the process started
    endWhenIdle(member);
    return dispatch();
  }
  Job& job = *member.job;
  Request request{.entry = job.digest, .code = CodeKind::slice, .level = job.level};
  member.process->submit(request, nullptr, nullptr, job.slice);
  member.deadline = timer_.afterDelay(limits::compile)
                        .then([this, &member] {
                          finish(member, {nullptr, kj::str("compiling it took longer than ",
                                                           limits::compile / kj::SECONDS, " s")});
                          member.process = nullptr;
                          member.busy = false;
                          dispatch();
                        })
                        .eagerlyEvaluate(nullptr);
}

/// LLVM's memory is worth giving back.
void Compilers::endWhenIdle(Member& member) {
  member.busy = false;
  member.deadline = timer_.afterDelay(idle_)
                        .then([&member] { member.process = nullptr; })
                        .eagerlyEvaluate(nullptr);
}

void Compilers::finish(Member& member, CompileOutcome outcome) {
  if (Job* job = std::exchange(member.job, nullptr))
    job->settle(kj::mv(outcome));
}

/// A process that has begun goes on, for nobody.
void Compilers::drop(Job& job) {
  for (auto& member : members_)
    if (member->job == &job)
      member->job = nullptr;
  auto& queue = queueOf(job.urgency);
  queue.erase(std::remove(queue.begin(), queue.end(), &job), queue.end());
}

// --- what processes tell ---------------------------------------------------------------------

Compilers::Member& Compilers::memberOf(WorkerProcess& worker) {
  for (auto& member : members_)
    if (member->process.get() == &worker)
      return *member;
  KJ_FAIL_REQUIRE("a compiler that is not of this peer");
}

void Compilers::onReady(WorkerProcess& worker) {
  Member& member = memberOf(worker);
  if (member.busy)
    submit(member);
}

void Compilers::onCompiled(WorkerProcess& worker, unsigned, kj::ArrayPtr<const kj::byte> object) {
  memberOf(worker).outcome.object = kj::heapArray(object);
}

void Compilers::onAnswered(WorkerProcess& worker, unsigned slot) {
  Member& member = memberOf(worker);
  TakenAnswer taken = worker.take(slot);
  CompileOutcome outcome = kj::mv(member.outcome);
  if (taken.answer.kind != AnswerKind::done || outcome.object.size() == 0)
    outcome = {nullptr, kj::mv(taken.message), taken.answer.kind == AnswerKind::limit};
  endWhenIdle(member);
  finish(member, kj::mv(outcome));
  dispatch();
}

void Compilers::onEnded(WorkerProcess& worker, kj::StringPtr how) {
  Member& member = memberOf(worker);
  log_.line(kj::str("compiler process ", worker.pid(), " ", how));
  member.deadline = nullptr;
  member.busy = false;
  if (Job* job = std::exchange(member.job, nullptr)) {
    if (!worker.hasStarted())
      job->reject(net::failed(kj::str("the compiler process (", executable_, ") ", how)));
    else if (job->tries < triesPerSlice)
      queueOf(job->urgency).push_front(job);
    else
      job->settle({nullptr, kj::str("slice ", job->digest.shortened().c_str(),
                                    " can't be compiled: the compiler ", how, ", twice")});
  }
  // Later: the process is telling us of its end.
  tasks_.add(kj::evalLater([this, &member] {
    if (!member.busy && member.process.get() != nullptr && !member.process->isAlive())
      member.process = nullptr;
    dispatch();
  }));
}

void Compilers::taskFailed(kj::Exception&& exception) {
  log_.line(kj::str("in the compilers: ", exception.getDescription()));
}

} // namespace roam::peer
