// Serving one supervisor: the turn-taking, the code of each request, and the entry itself.
#include "runtime/peer/worker-loop.h"
#include "runtime/peer/thrown.h"
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>

namespace roam::peer {
namespace {

using Clock = std::chrono::steady_clock;

/// The supervisor thought that this worker has the entry loaded. It will send the code.
struct CodeMissing {};

/// No fault of the slice: another limit would do.
struct ObjectTooLarge : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Thrown through the shipped code when its results pass the limit.
struct ResultsTooLarge {};

void refuseToGrow(Output*, std::size_t) {
  throw ResultsTooLarge();
}

std::uint64_t nanosecondsSince(Clock::time_point start) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count());
}

} // namespace

WorkerLoop::WorkerLoop(const WorkerMemory& memory, int descriptor)
    : memory_(memory), descriptor_(descriptor),
      session_(jit::Session::open(*this, {.warm = true})) {}

WorkerLoop::~WorkerLoop() = default;

void WorkerLoop::run() {
  Control& control = memory_.control();
  std::snprintf(control.word, sizeof control.word, "%s", session_->target().c_str());
  control.phase.store(WorkerPhase::ready);
  tell(descriptor_);

  for (std::uint32_t taken = 0;; ++taken) {
    auto submitted = [&] { return control.submitted.load(std::memory_order_acquire) != taken; };
    if (!polling_.pollFor(submitted))
      awaitSubmission(control, taken);
    polling_.arrived();
    serve(control.order[taken % control.order.size()] % slotCount);
  }
}

void WorkerLoop::serve(unsigned index) {
  Slot& slot = memory_.slot(index);
  // Also of a request that was taken back: the supervisor has struck the entry off its list.
  if (slot.request.unload != Digest())
    session_->unload(slot.request.unload);
  SlotState expected = SlotState::submitted;
  if (slot.state.compare_exchange_strong(expected, SlotState::running))
    slot.answer = runRequest(index);
  else
    slot.answer = Answer{.kind = AnswerKind::skipped};
  slot.state.store(SlotState::answered);
  tell(descriptor_);
}

Answer WorkerLoop::runRequest(unsigned index) {
  const Request& request = memory_.slot(index).request;
  current_ = index;
  Answer answer;
  EntryFunction* entry = prepare(request, answer, index);
  return entry == nullptr ? answer : runEntry(entry, request, index);
}

/// The entry, or nothing and the answer that says why.
EntryFunction* WorkerLoop::prepare(const Request& request, Answer& answer, unsigned index) {
  try {
    return reinterpret_cast<EntryFunction*>(session_->entry(request.entry));
  } catch (const CodeMissing&) {
    answer.kind = AnswerKind::codeMissing;
  } catch (const ObjectTooLarge& error) {
    answer.kind = AnswerKind::limit;
    setMessage(answer, index, error.what());
  } catch (const std::exception& error) {
    answer.kind = AnswerKind::badSlice;
    setMessage(answer, index, error.what());
  }
  return nullptr;
}

Answer WorkerLoop::runEntry(EntryFunction* entry, const Request& request, unsigned index) {
  RequestParts parts = partsOf(request, memory_.request(index));
  std::span<char> room = memory_.results(index);
  Output out{.data = room.data(), .capacity = room.size(), .grow = refuseToGrow};
  Answer answer;
  Clock::time_point start = Clock::now();
  try {
    switch (entry(parts.captures.data(), parts.captures.size(), parts.arguments.data(),
                  parts.arguments.size(), request.count, &out)) {
    case Outcome::done:
      answer.kind = AnswerKind::done;
      break;
    case Outcome::badCaptures:
      answer.kind = AnswerKind::badCaptures;
      break;
    case Outcome::badArguments:
      answer.kind = AnswerKind::badArguments;
      break;
    default:
      answer.kind = AnswerKind::badSlice;
      setMessage(answer, index, "the entry returned what no entry returns");
    }
  } catch (const ResultsTooLarge&) {
    answer.kind = AnswerKind::limit;
    setMessage(answer, index,
               "the results of one chunk passed the limit of " +
                   std::to_string(limits::chunkBytes >> 20) +
                   " MiB: return less for each element, or use smaller chunks");
  } catch (...) {
    Thrown thrown = describeThrown();
    answer = placeThrown(thrown, memory_.text(index));
  }
  answer.runNanoseconds = nanosecondsSince(start);
  answer.resultsSize = std::min(out.size, room.size());
  answer.element = request.first + out.element;
  return answer;
}

void WorkerLoop::setMessage(Answer& answer, unsigned index, const std::string& message) {
  std::span<char> text = memory_.text(index);
  answer.messageSize = static_cast<std::uint32_t>(std::min(message.size(), text.size()));
  std::memcpy(text.data(), message.data(), answer.messageSize);
}

jit::SliceCode WorkerLoop::fetch(const Digest& digest) {
  const Request& request = memory_.slot(current_).request;
  if (request.code == CodeKind::none || request.entry != digest)
    throw CodeMissing();
  RequestParts parts = partsOf(request, memory_.request(current_));
  return {request.code == CodeKind::object ? jit::SliceCode::Kind::object
                                           : jit::SliceCode::Kind::slice,
          std::as_bytes(parts.code)};
}

void WorkerLoop::compiled(const Digest& digest, std::span<const std::byte> object) {
  std::span<char> room = memory_.object(current_);
  if (object.size() > room.size())
    throw ObjectTooLarge("the compiled object of " + digest.shortened() + " has " +
                         std::to_string(object.size()) + " bytes; the limit is " +
                         std::to_string(limits::objectBytes >> 20) + " MiB");
  std::memcpy(room.data(), object.data(), object.size());
  memory_.slot(current_).objectSize.store(object.size());
  // At once, not with the answer: other workers may be waiting for this object while the chunk
  // runs.
  tell(descriptor_);
}

} // namespace roam::peer
