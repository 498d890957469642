// The code of each request, and the entry itself.
#include "runtime/peer/worker-loop.h"
#include "runtime/peer/cancelled.h"
#include "runtime/peer/entry-call.h"
#include <algorithm>
#include <unistd.h>

namespace roam::peer {
namespace {

/// The supervisor thought that this worker has the entry loaded. It will send the code.
struct CodeMissing {};

/// The shared memory has room for the limit, and no more.
void refuseToGrow(Output*, std::size_t) {
  throw ResultsTooLarge();
}

} // namespace

WorkerLoop::WorkerLoop(const WorkerMemory& memory, int descriptor,
                       const WorkerPrinting::Channels& channels,
                       const std::vector<std::string>& libraries)
    : RequestLoop(memory, descriptor), crashes_(memory.control().crash), forks_(memory),
      printing_(channels), session_(jit::Session::open(*this)) {
  for (const std::string& library : libraries)
    linked_.load(library);
  tellLinked();
}

WorkerLoop::~WorkerLoop() = default;

/// Before it is ready, so that no slot is in use.
void WorkerLoop::tellLinked() {
  std::vector<Digest> digests = linked_.digests();
  if (digests.size() > limits::linkedEntries)
    throw std::runtime_error("the libraries hold " + std::to_string(digests.size()) +
                             " linked entries, and the limit is " +
                             std::to_string(limits::linkedEntries));
  char* to = memory().results(0).data();
  for (const Digest& digest : digests)
    to = std::copy_n(reinterpret_cast<const char*>(digest.bytes().data()), Digest::size, to);
  memory().control().linked.store(static_cast<std::uint32_t>(digests.size()));
}

/// Also of a request that was taken back: the supervisor has struck the entry off its list.
void WorkerLoop::begin(const Request& request) {
  if (request.unload != Digest())
    session_->unload(request.unload);
}

Answer WorkerLoop::answer(unsigned index) {
  printing_.turnTo(memory().slot(index).request.channel);
  answerCancelledFrom(memory().slot(index).unwanted);
  Answer answer = answerOf(index);
  printing_.flush();
  return answer;
}

Answer WorkerLoop::answerOf(unsigned index) {
  const Request& request = memory().slot(index).request;
  current_ = index;
  Answer answer;
  EntryFunction* entry = request.code == CodeKind::replacement ? replace(request, answer, index)
                                                               : prepare(request, answer, index);
  if (entry == nullptr || request.onlyLink)
    return answer;
  bool kept = answer.keptFirst;
  answer = runEntry(entry, request, index);
  answer.keptFirst = kept;
  return answer;
}

/// The entry, or nothing and the answer that says why.
EntryFunction* WorkerLoop::prepare(const Request& request, Answer& answer, unsigned index) {
  try {
    if (EntryFunction* linked = linked_.find(request.entry))
      return linked;
    return reinterpret_cast<EntryFunction*>(session_->entry(request.entry));
  } catch (const CodeMissing&) {
    answer.kind = AnswerKind::codeMissing;
  } catch (const std::exception& error) {
    answer.kind = AnswerKind::badSlice;
    setMessage(answer, index, error.what());
  }
  return nullptr;
}

/// Nothing runs between two requests. What can't replace leaves the entry as it is.
EntryFunction* WorkerLoop::replace(const Request& request, Answer& answer, unsigned index) {
  try {
    return reinterpret_cast<EntryFunction*>(session_->replace(request.entry));
  } catch (const std::exception&) {
    answer.keptFirst = true;
    return prepare(request, answer, index);
  }
}

Answer WorkerLoop::runEntry(EntryFunction* entry, const Request& request, unsigned index) {
  RequestParts parts = partsOf(request, memory().request(index));
  std::span<char> room = memory().results(index);
  Output out{.data = room.data(), .capacity = room.size(), .grow = refuseToGrow};
  crashes_.begin(entry, out, request.first);
  EntryEnd end =
      callEntry({entry, parts.captures, parts.arguments, request.count, request.first}, out);
  crashes_.end();
  if (ForkGuard::isChild())
    _exit(0);
  Answer answer = end.answer;
  answer.resultsSize = std::min(out.size, room.size());
  if (answer.kind == AnswerKind::thrown)
    placeThrown(end.thrown, memory().text(index), answer);
  else if (!end.message.empty())
    setMessage(answer, index, end.message);
  return answer;
}

std::span<const std::byte> WorkerLoop::fetch(const Digest& digest) {
  const Request& request = memory().slot(current_).request;
  if (request.code == CodeKind::none || request.entry != digest)
    throw CodeMissing();
  return std::as_bytes(partsOf(request, memory().request(current_)).code);
}

} // namespace roam::peer
