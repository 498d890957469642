// Starting, hearing and ending a worker process.
//
// It inherits three descriptors, named on its command line: the shared memory, the eventfd by which
// it tells, and the read end of a pipe that nobody writes to. The pipe ends when the supervisor
// does, however that happens, and the worker with it. The supervisor learns of the worker's end
// from a pidfd.
#include "runtime/peer/worker-process.h"
#include "net/child-start.h"
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <kj/debug.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
extern "C" { // glibc 2.36 forgot to say so
#include <sys/pidfd.h>
}

namespace roam::peer {
namespace {

/// Results up to this size are copied: cheaper than keeping a slot busy until they are sent.
constexpr std::size_t copiedResults = 64u << 10;
/// Slots whose results are lent at the same time; the others suffice for limits::chunksAtWorker.
constexpr unsigned slotsLent = slotCount - limits::chunksAtWorker;
/// At a worker that has not told anything. Costs 2 us a second.
constexpr kj::Duration betweenLooks = 1 * kj::SECONDS;

kj::AutoCloseFd checked(int descriptor, const char* what) {
  if (descriptor < 0)
    throw std::system_error(errno, std::generic_category(), what);
  return kj::AutoCloseFd(descriptor);
}

std::string_view pieceOf(std::span<char> text, std::size_t& used, std::size_t size) {
  std::size_t from = std::min(used, text.size());
  std::size_t length = std::min(size, text.size() - from);
  used = from + length;
  return {text.data() + from, length};
}

kj::String copyOf(std::string_view text) {
  return kj::heapString(text.data(), text.size());
}

} // namespace

/// The memory, and our own account of what each slot is used for: the worker can't disturb that.
class WorkerProcess::Slots {
 public:
  enum class Use : std::uint8_t { free, open, lent };
  struct Touched {
    std::size_t request = 0, object = 0, results = 0;
  };

  WorkerMemory memory = WorkerMemory::create();
  std::array<Use, slotCount> use{};
  std::array<Touched, slotCount> touched{};
  std::array<unsigned, slotCount> channel{}; ///< that the request prints to

  unsigned count(Use which) const {
    return static_cast<unsigned>(std::count(use.begin(), use.end(), which));
  }

  void release(unsigned slot) {
    memory.giveBack(memory.request(slot), touched[slot].request);
    memory.giveBack(memory.object(slot), touched[slot].object);
    memory.giveBack(memory.results(slot), touched[slot].results);
    touched[slot] = {};
    use[slot] = Use::free;
  }
};

/// Frees the slot when the results were sent.
class WorkerProcess::LentResults final : public kj::ArrayDisposer {
 public:
  LentResults(std::shared_ptr<Slots> slots, unsigned slot)
      : slots_(std::move(slots)), slot_(slot) {}

 private:
  void disposeImpl(void*, std::size_t, std::size_t, std::size_t, void (*)(void*)) const override {
    slots_->release(slot_);
    delete this;
  }
  std::shared_ptr<Slots> slots_;
  unsigned slot_;
};

WorkerProcess::WorkerProcess(kj::UnixEventPort& port, kj::Timer& timer, kj::StringPtr executable,
                             WorkerEvents& events, Prints prints,
                             kj::ArrayPtr<const kj::String> arguments, Allowance allowance)
    : events_(events), timer_(timer), slots_(std::make_shared<Slots>()) {
  if (prints == Prints::lines)
    output_.emplace(port, [this](unsigned channel, std::string_view line, bool isError) {
      hearLine(channel, line, isError);
    });
  tellFd_ =
      checked(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "can't make an eventfd for a worker process");
  slots_->memory.control().allowance = allowance;
  KJ_ON_SCOPE_FAILURE(endProcess());
  spawn(executable, arguments);
  tellObserver_ = kj::heap<kj::UnixEventPort::FdObserver>(
      port, tellFd_.get(), kj::UnixEventPort::FdObserver::OBSERVE_READ);
  processObserver_ = kj::heap<kj::UnixEventPort::FdObserver>(
      port, processFd_.get(), kj::UnixEventPort::FdObserver::OBSERVE_READ);
  // Later: nothing is told before the constructor is through.
  listening_ = kj::evalLater([this] { return listen(); }).eagerlyEvaluate(nullptr);
  patrolling_ = patrol(timer).eagerlyEvaluate(nullptr);
  starting_ = awaitStart(timer).eagerlyEvaluate(nullptr);
  ending_ =
      processObserver_->whenBecomesReadable().then([this] { hearEnd(); }).eagerlyEvaluate(nullptr);
}

WorkerProcess::~WorkerProcess() noexcept(false) {
  if (!ended_)
    endProcess();
}

/// The process, and what shipped code has started in it: they are one process group. Not after the
/// process was waited for, when its number may be another's. No goodbye: shipped code may be stuck,
/// and nothing in a worker is worth saving. Itself by its number, too: it may have left the group.
void WorkerProcess::killAll() {
  (void)kill(-pid_, SIGKILL);
  (void)kill(pid_, SIGKILL);
}

void WorkerProcess::endProcess() {
  if (pid_ < 0)
    return; // it was never started
  const bool watched = processFd_.get() >= 0;
  killAll();
  siginfo_t end;
  while (waitid(watched ? P_PIDFD : P_PID, id_t(watched ? processFd_.get() : pid_), &end,
                WEXITED) != 0 &&
         errno == EINTR)
    ;
}

void WorkerProcess::spawn(kj::StringPtr executable, kj::ArrayPtr<const kj::String> more) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    throw std::system_error(errno, std::generic_category(),
                            "can't make a pipe for a worker process");
  kj::AutoCloseFd theirs(ends[0]);
  lifeline_ = kj::AutoCloseFd(ends[1]);

  std::vector<int> inherited = {slots_->memory.descriptor(), tellFd_.get(), theirs.get()};
  if (output_)
    for (int descriptor : output_->writers())
      inherited.push_back(descriptor);

  net::ChildStart child;
  child.giveNoInput();
  child.give(output_ ? inherited[3] : STDERR_FILENO, STDOUT_FILENO);
  if (output_)
    child.give(inherited[4], STDERR_FILENO);
  for (int descriptor : inherited)
    child.give(descriptor, descriptor);
  child.resetSignals(); // which shipped code meets
  child.leadGroup();

  std::vector<std::string> words = {executable.cStr()};
  for (int descriptor : inherited)
    words.push_back(std::to_string(descriptor));
  for (const kj::String& one : more)
    words.push_back(one.cStr());
  int error = child.start(executable.cStr(), std::move(words), pid_);
  if (error != 0)
    throw std::system_error(error, std::generic_category(),
                            kj::str("can't start the worker program ", executable).cStr());
  if (output_)
    output_->closeWriters();
  processFd_ = checked(pidfd_open(pid_, 0), "can't watch a worker process (pidfd_open)");
}

std::size_t WorkerProcess::sharedMemory() const {
  return slots_->memory.resident();
}
unsigned WorkerProcess::open() const {
  return slots_->count(Slots::Use::open);
}

// --- giving requests -------------------------------------------------------------------------

unsigned WorkerProcess::submit(Request request, kj::ArrayPtr<const kj::byte> captures,
                               kj::ArrayPtr<const kj::byte> arguments,
                               kj::ArrayPtr<const kj::byte> code) {
  // The lowest free slot, so that a quiet worker uses the same warm pages again and again.
  unsigned index = 0;
  while (index < slotCount && slots_->use[index] != Slots::Use::free)
    ++index;
  KJ_REQUIRE(index < slotCount && open() < limits::chunksAtWorker, "the worker has enough to do");

  request.channel = freeChannel();
  request.capturesSize = captures.size();
  request.argumentsSize = arguments.size();
  request.codeSize = code.size();
  RequestParts parts = partsOf(request, slots_->memory.request(index));
  KJ_REQUIRE(parts.captures.size() == captures.size() && parts.code.size() == code.size(),
             "a request is larger than its slot");
  auto copy = [](std::span<char> to, kj::ArrayPtr<const kj::byte> from) {
    if (from.size() > 0)
      std::memcpy(to.data(), from.begin(), from.size());
  };
  copy(parts.captures, captures);
  copy(parts.arguments, arguments);
  copy(parts.code, code);

  Slot& slot = slots_->memory.slot(index);
  slot.request = request;
  slot.objectSize.store(0, std::memory_order_relaxed);
  slot.unwanted.store(0, std::memory_order_relaxed);
  slot.state.store(SlotState::submitted);
  slots_->use[index] = Slots::Use::open;
  slots_->channel[index] = request.channel;
  slots_->touched[index].request = captures.size() + arguments.size() + code.size() + 2 * 64;
  peer::submit(slots_->memory.control(), index);
  return index;
}

static_assert(limits::chunksAtWorker <= WorkerOutput::channels);

/// That no open request prints to.
unsigned WorkerProcess::freeChannel() const {
  for (unsigned i = 0; i < slotCount; ++i)
    if (slots_->use[i] == Slots::Use::open)
      return 1 - slots_->channel[i];
  return 0;
}

/// Also of what prints between two requests: that is told as the output of whichever is next.
void WorkerProcess::hearLine(unsigned channel, std::string_view line, bool isError) {
  unsigned slot = 0;
  while (slot < slotCount &&
         !(slots_->use[slot] == Slots::Use::open && slots_->channel[slot] == channel))
    ++slot;
  events_.onLine(*this, slot, line, isError);
}

bool WorkerProcess::takeBack(unsigned slot) {
  SlotState expected = SlotState::submitted;
  return slots_->memory.slot(slot).state.compare_exchange_strong(expected, SlotState::cancelled);
}

bool WorkerProcess::hasBegun(unsigned slot) const {
  SlotState state = slots_->memory.slot(slot).state.load();
  return state != SlotState::submitted && state != SlotState::cancelled;
}

void WorkerProcess::cancel(unsigned slot) {
  if (slots_->use[slot] != Slots::Use::open)
    return;
  slots_->memory.slot(slot).unwanted.store(1, std::memory_order_relaxed);
  // Taking the answer takes this back.
  auto stopIt = [this, slot] {
    if (slots_->memory.slot(slot).state.load() != SlotState::answered)
      stop(kj::str("ran code that nobody waited for any more, for ",
                   limits::cancelGrace / kj::SECONDS, " s"));
  };
  cancelling_[slot] =
      timer_.afterDelay(limits::cancelGrace).then(kj::mv(stopIt)).eagerlyEvaluate(nullptr);
}

void WorkerProcess::stop(kj::String why) {
  if (ended_)
    return;
  stopReason_ = kj::mv(why);
  killAll();
}

std::size_t WorkerProcess::memoryAllocated() const {
  return peer::memoryAllocated(pid_);
}

kj::Duration WorkerProcess::processorTime() const {
  clockid_t clock;
  timespec used{};
  if (clock_getcpuclockid(pid_, &clock) != 0 || clock_gettime(clock, &used) != 0)
    return 0 * kj::SECONDS; // it has ended, which we hear of soon
  return used.tv_sec * kj::SECONDS + used.tv_nsec * kj::NANOSECONDS;
}

// --- taking answers --------------------------------------------------------------------------

TakenAnswer WorkerProcess::take(unsigned slot) {
  KJ_REQUIRE(slots_->use[slot] == Slots::Use::open);
  cancelling_[slot].reset();
  TakenAnswer taken;
  taken.answer = slots_->memory.slot(slot).answer; // a copy, which the worker can't change any more
  std::span<char> text = slots_->memory.text(slot);
  std::size_t used = 0;
  taken.type = copyOf(pieceOf(text, used, taken.answer.typeSize));
  taken.category = copyOf(pieceOf(text, used, taken.answer.categorySize));
  taken.message = copyOf(pieceOf(text, used, taken.answer.messageSize));

  std::span<char> area = slots_->memory.results(slot);
  std::size_t size = std::min<std::size_t>(taken.answer.resultsSize, area.size());
  slots_->touched[slot].results = size;
  kj::ArrayPtr<const kj::byte> results(reinterpret_cast<kj::byte*>(area.data()), size);
  if (taken.answer.kind != AnswerKind::done) {
    slots_->release(slot);
  } else if (size > copiedResults && slots_->count(Slots::Use::lent) < slotsLent) {
    slots_->use[slot] = Slots::Use::lent;
    taken.results =
        kj::Array<const kj::byte>(results.begin(), size, *new LentResults(slots_, slot));
  } else {
    taken.results = kj::heapArray(results);
    slots_->release(slot);
  }
  return taken;
}

/// Tells what has happened since.
void WorkerProcess::look() {
  for (unsigned i = 0; i < slotCount; ++i) {
    if (slots_->use[i] != Slots::Use::open)
      continue;
    Slot& slot = slots_->memory.slot(i);
    // Read first: an answer implies that its object, if there is one, is there by now.
    bool answered = slot.state.load() == SlotState::answered;
    if (slot.objectSize.load(std::memory_order_relaxed) != 0) {
      std::span<char> area = slots_->memory.object(i);
      std::size_t size = std::min<std::size_t>(slot.objectSize.exchange(0), area.size());
      slots_->touched[i].object = size;
      events_.onCompiled(*this, i,
                         kj::arrayPtr(reinterpret_cast<const kj::byte*>(area.data()), size));
    }
    if (answered && output_)
      output_->finish(slots_->channel[i]);
    if (answered)
      events_.onAnswered(*this, i);
  }
}

kj::Promise<void> WorkerProcess::listen() {
  // The eventfd is never read: each write is an edge of its own, and 2^64 of them take longer than
  // any machine lasts.
  if (!ready_)
    hearPhase();
  look();
  return tellObserver_->whenBecomesReadable().then([this] { return listen(); });
}

/// Shipped code may have closed the eventfd and opened something else, to which the worker tells
/// from then on. Its answers are found nevertheless.
kj::Promise<void> WorkerProcess::patrol(kj::Timer& timer) {
  return timer.afterDelay(betweenLooks).then([this, &timer] {
    if (ready_ && !ended_)
      look();
    return patrol(timer);
  });
}

// --- its start and its end -------------------------------------------------------------------

void WorkerProcess::hearPhase() {
  const Control& control = slots_->memory.control();
  WorkerPhase phase = control.phase.load();
  if (phase == WorkerPhase::starting || startProblem_ != nullptr)
    return;
  if (phase == WorkerPhase::failed)
    return refuseStart(kj::heapString(control.word, strnlen(control.word, sizeof control.word)));
  hearLinked();
  ready_ = true;
  events_.onReady(*this);
}

void WorkerProcess::hearLinked() {
  std::span<char> area = slots_->memory.results(0);
  std::size_t count =
      std::min<std::size_t>(slots_->memory.control().linked.load(), limits::linkedEntries);
  for (std::size_t i = 0; i < count; ++i)
    linked_.push_back(
        *Digest::fromBytes(std::as_bytes(area.subspan(i * Digest::size, Digest::size))));
  slots_->memory.giveBack(area, count * Digest::size);
}

kj::Promise<void> WorkerProcess::awaitStart(kj::Timer& timer) {
  return timer.afterDelay(limits::workerStart).then([this] {
    if (!ready_)
      refuseStart(kj::str("it was not ready after ", limits::workerStart / kj::SECONDS, " s"));
  });
}

void WorkerProcess::refuseStart(kj::StringPtr why) {
  startProblem_ = kj::str("could not start: ", why);
  killAll();
}

void WorkerProcess::hearEnd() {
  if (!ready_)
    hearPhase();
  look();
  if (output_)
    for (unsigned channel = 0; channel < WorkerOutput::channels; ++channel)
      output_->finish(channel);
  ended_ = true;
  killAll(); // what it has left behind
  kj::String how = describeEnd();
  events_.onEnded(*this, how);
}

kj::String WorkerProcess::describeEnd() {
  siginfo_t end{};
  while (waitid(P_PIDFD, processFd_.get(), &end, WEXITED) != 0)
    if (errno != EINTR)
      return kj::str("ended"); // somebody else has waited for it
  if (end.si_code == CLD_EXITED)
    end_.exitStatus = end.si_status;
  else
    end_.signal = end.si_status;
  end_.told = readReport(slots_->memory.control().crash);
  KJ_IF_MAYBE (problem, startProblem_)
    return kj::mv(*problem);
  KJ_IF_MAYBE (reason, stopReason_)
    return kj::str("was ended: it ", *reason);
  if (end.si_code == CLD_EXITED)
    return kj::str("ended with exit status ", end.si_status);
  return kj::str("was killed by signal ", end.si_status, " (", strsignal(end.si_status), ")");
}

} // namespace roam::peer
