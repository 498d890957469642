// Wording what went wrong with a chunk, for the person at the origin.
#include "runtime/peer/chunk-outcome.h"
#include "net/failures.h"
#include <algorithm>
#include <kj/debug.h>

namespace roam::peer {
namespace {

using Kind = net::Failure::Kind;
using net::failedWith;

kj::String shortName(const net::Chunk& chunk) {
  return kj::str(chunk.entry.shortened().c_str());
}

/// Where in the whole job, for a worker may say anything.
std::uint64_t elementWithin(std::uint64_t element, const net::Chunk& chunk) {
  std::uint64_t last = chunk.first + (chunk.count > 0 ? chunk.count - 1 : 0);
  return std::clamp(element, chunk.first, std::max(chunk.first, last));
}

kj::String elementRange(const net::Chunk& chunk) {
  if (chunk.count == 1)
    return kj::str("element ", chunk.first);
  return kj::str("elements ", chunk.first, " to ", elementWithin(~std::uint64_t(0), chunk));
}

net::ChunkOutcome thrown(TakenAnswer taken, std::uint64_t element) {
  net::ChunkOutcome outcome;
  outcome.failure = net::Failure{Kind::thrown, kj::mv(taken.type), kj::mv(taken.message),
                                 element,      taken.answer.code,  kj::mv(taken.category)};
  return outcome;
}

} // namespace

net::ChunkOutcome workerDied(const WorkerProcess& worker, kj::StringPtr how,
                             const net::Chunk& chunk) {
  const WorkerEnd& end = worker.end();
  kj::String why = end.signal == 0 ? kj::str(": the code called exit, _exit or the like") : nullptr;
  KJ_IF_MAYBE (told, end.told)
    if (told->why.size() > 0)
      why = kj::str(": ", told->why);
  net::ChunkOutcome outcome = failedWith(
      Kind::workerDied,
      kj::str("worker process ", worker.pid(), " ", how, why, ", while it ran ",
              elementRange(chunk), " of entry ", shortName(chunk), "; they may have run in part"),
      chunk);
  net::Failure& failure = KJ_ASSERT_NONNULL(outcome.failure);
  failure.signal = end.signal;
  failure.exitStatus = end.exitStatus;
  failure.mayHaveRun = true;
  KJ_IF_MAYBE (told, end.told) {
    failure.element = elementWithin(told->element, chunk);
    failure.stack = KJ_MAP(line, told->stack) {
      return kj::str(line);
    };
  }
  return outcome;
}

net::ChunkOutcome quarantined(kj::StringPtr reason, const net::Chunk& chunk) {
  return failedWith(Kind::quarantined,
                    kj::str("entry ", shortName(chunk), " is in quarantine: ", reason,
                            "; nothing was run. Fix the code, or free it: roam release ",
                            chunk.entry.toString().c_str()),
                    chunk);
}

net::ChunkOutcome outcomeOf(TakenAnswer taken, const net::Chunk& chunk) {
  std::uint64_t element = elementWithin(taken.answer.element, chunk);
  std::uint64_t nanoseconds = taken.answer.runNanoseconds;
  net::ChunkOutcome outcome;
  switch (taken.answer.kind) {
  case AnswerKind::done:
    outcome.results = kj::mv(taken.results);
    break;
  case AnswerKind::thrown:
    outcome = thrown(kj::mv(taken), element);
    break;
  case AnswerKind::badCaptures:
    outcome = failedWith(
        Kind::badCaptures,
        kj::str("the ", chunk.captures.size(), " bytes of captures are not those of entry ",
                shortName(chunk),
                ": cut short, too long, or nested too deep, as a list of a thousand links is"),
        chunk);
    break;
  case AnswerKind::badArguments:
    outcome = failedWith(Kind::badArguments,
                         kj::str("the arguments of element ", element, " are not those of entry ",
                                 shortName(chunk), ": cut short, too long for ", chunk.count,
                                 ", or nested too deep, as a list of a thousand links is"),
                         chunk);
    break;
  case AnswerKind::limit:
    outcome = failedWith(Kind::limit, kj::mv(taken.message), chunk);
    break;
  case AnswerKind::badSlice:
    outcome = failedWith(Kind::badSlice, kj::mv(taken.message), chunk);
    break;
  default:
    outcome = failedWith(Kind::badSlice,
                         kj::str("the worker gave no answer for entry ", shortName(chunk),
                                 " that the peer understands"),
                         chunk);
  }
  KJ_IF_MAYBE (failure, outcome.failure)
    failure->element = element;
  outcome.runNanoseconds = nanoseconds;
  return outcome;
}

} // namespace roam::peer
