// Chunks that take much longer than they should, near the end of a map: an idle peer gets the same
// chunk, the first answer counts, and the other call is dropped.
//
// A chunk is expected to take as long as others of its size ran, and what they took besides: the
// ways, and the wait behind the one before it. So a peer that stands still, or shares its machine
// with others, holds up the end of a map by a fraction of a second.
#include "net/limits.h"
#include "runtime/origin-flight.h"
#include <algorithm>

namespace roam {

std::shared_ptr<Origin::Job::Flight> Origin::Job::flightOf(std::uint64_t first) const {
  for (const HeldFlight& flight : flights_)
    if (flight->range.first == first)
      return flight;
  return nullptr;
}

void Origin::Job::dropOthersOf(const Flight& landed) {
  while (HeldFlight other = flightOf(landed.range.first)) {
    land(*other);
    other->call.cancel("another peer was faster");
  }
}

void Origin::Job::learnOverhead(const Flight& flight, std::uint64_t runNanoseconds) {
  const double whole = double((origin_.timer_.now() - flight.sent) / kj::NANOSECONDS);
  overheadNanoseconds_ = (overheadNanoseconds_ + std::max(0.0, whole - double(runNanoseconds))) / 2;
}

bool Origin::Job::isOverdue(const Flight& flight) const {
  const double expected = plan_.expectedNanoseconds(flight.range);
  const double elapsed = double((origin_.timer_.now() - flight.sent) / kj::NANOSECONDS);
  return expected > 0 && elapsed > double(limits::hedgeLeast / kj::NANOSECONDS) +
                                       limits::hedgeTimes * (expected + overheadNanoseconds_);
}

bool Origin::Job::isAlone(const Flight& flight) const {
  return std::count_if(flights_.begin(), flights_.end(), [&](const HeldFlight& other) {
           return other->range.first == flight.range.first;
         }) == 1;
}

void Origin::Job::hedgeLater() {
  if (!spec_.hedges || looksForSlow_ || flights_.empty() || plan_.hasWork())
    return;
  looksForSlow_ = true;
  tasks_.add(origin_.timer_.afterDelay(limits::hedgeLook).then([this] {
    looksForSlow_ = false;
    hedge();
  }));
}

void Origin::Job::hedge() {
  if (finished_ || plan_.hasWork())
    return; // whatever is sent next looks again
  const std::list<HeldFlight> flights = flights_;
  for (const HeldFlight& flight : flights)
    if (!flight->isOver && isOverdue(*flight) && isAlone(*flight))
      if (Link* idle = origin_.idleBeside(flight->link, *this))
        send(*idle, flight->range);
  hedgeLater();
}

} // namespace roam
