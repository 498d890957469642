// Counting ends, and refusing.
#include "runtime/peer/quarantine.h"

namespace roam::peer {

/// Within limits::endsRemembered of the last.
unsigned Quarantine::endsOf(const Digest& digest) const {
  const Ends* ends = ends_.find(digest);
  return ends != nullptr && timer_.now() - ends->last <= limits::endsRemembered ? ends->count : 0;
}

void Quarantine::onWorkerEnded(const Digest& digest, kj::StringPtr how) {
  unsigned count = endsOf(digest) + 1;
  ends_.make(digest, limits::endsKnown) = {count, timer_.now()};
  if (events_ != nullptr)
    events_->onEnd(digest, how);
  if (count < limits::workersEnded || refused_.find(digest) != nullptr)
    return;
  kj::String reason = kj::str("it ended ", count, " workers; the last ", how);
  add(digest, reason);
  if (events_ != nullptr)
    events_->onQuarantined(digest, reason);
}

kj::Maybe<kj::StringPtr> Quarantine::isRefused(const Digest& digest) const {
  const kj::String* reason = refused_.find(digest);
  if (reason == nullptr)
    return nullptr;
  return kj::StringPtr(*reason);
}

unsigned Quarantine::workersFor(const Digest& digest) const {
  unsigned count = endsOf(digest);
  if (count == 0)
    return limits::workers;
  return count < limits::workersEnded ? limits::workersEnded - count : 1;
}

void Quarantine::add(const Digest& digest, kj::StringPtr reason) {
  refused_.make(digest, limits::quarantined) = kj::str(reason);
}

bool Quarantine::release(const Digest& digest) {
  ends_.erase(digest);
  return refused_.erase(digest);
}

std::vector<Digest> Quarantine::digests() const {
  return {refused_.order().begin(), refused_.order().end()};
}

} // namespace roam::peer
