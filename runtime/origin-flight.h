// One chunk of a job at one peer. Inside of runtime/origin.h.
#pragma once
#include "runtime/origin-link.h"

namespace roam {

/// Held by the job as long as its answer counts, and by the continuations of its call.
struct Origin::Job::Flight {
  Flight(Link& link, ElementRange range, kj::TimePoint sent)
      : link(link), range(range), sent(sent), number(++link.sent) {}

  Link& link;
  const ElementRange range;
  const kj::TimePoint sent;
  const std::uint64_t number; ///< of the link's chunks
  std::size_t argumentBytes = 0;
  bool isOver = false; ///< its answer is taken, or counts no more
  kj::Canceler call;   ///< drops it
};

} // namespace roam
