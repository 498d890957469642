// One call of an entry, timed.
#include "runtime/peer/entry-call.h"
#include "net/limits.h"
#include <chrono>

namespace roam::peer {
namespace {

using Clock = std::chrono::steady_clock;

std::uint64_t nanosecondsSince(Clock::time_point start) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count());
}

AnswerKind kindOf(Outcome outcome) {
  switch (outcome) {
  case Outcome::done:
    return AnswerKind::done;
  case Outcome::badCaptures:
    return AnswerKind::badCaptures;
  case Outcome::badArguments:
    return AnswerKind::badArguments;
  }
  return AnswerKind::badSlice;
}

} // namespace

EntryEnd callEntry(const EntryCall& call, Output& out) {
  EntryEnd end;
  Clock::time_point start = Clock::now();
  try {
    end.answer.kind =
        kindOf(call.entry(call.captures.data(), call.captures.size(), call.arguments.data(),
                          call.arguments.size(), call.count, &out));
    if (end.answer.kind == AnswerKind::badSlice)
      end.message = "the entry returned what no entry returns";
  } catch (const ResultsTooLarge&) {
    end.answer.kind = AnswerKind::limit;
    end.message = "the results of one chunk passed the limit of " +
                  std::to_string(limits::chunkBytes >> 20) +
                  " MiB: return less for each element, or use smaller chunks";
  } catch (...) {
    end.answer.kind = AnswerKind::thrown;
    end.thrown = describeThrown();
    end.answer.code = end.thrown.code;
  }
  end.answer.runNanoseconds = nanosecondsSince(start);
  end.answer.resultsSize = out.size;
  end.answer.element = call.first + out.element;
  return end;
}

} // namespace roam::peer
