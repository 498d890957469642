// Leases of the embedded store. Their ends are kept in memory only: a store that starts again gives
// each its whole time.
#include "runtime/store/sqlite-store.h"
#include <algorithm>
#include <kj/debug.h>

namespace roam::store {

kj::Promise<net::Lease> SqliteStore::grant(kj::Duration time) {
  return kj::evalNow([&] {
    net::checkLeaseTime(time);
    auto granted = call(true, 0, [time](StoreFile& file) { return file.grant(time); });
    return calls_.wrap(granted.then([this, time](net::Lease lease) {
      begin(lease, time);
      return lease;
    }));
  });
}

void SqliteStore::begin(net::Lease lease, kj::Duration time) {
  const Granted granted{time, timer_.now() + time};
  leases_.emplace(lease, granted);
  KJ_IF_MAYBE (awaited, nextEnd_)
    if (*awaited <= granted.ends)
      return;
  waitingForEnd_ = awaitEnds().eagerlyEvaluate(nullptr);
}

kj::Promise<void> SqliteStore::keepAlive(net::Lease lease) {
  auto granted = leases_.find(lease);
  if (granted == leases_.end())
    return net::leaseEndedException();
  granted->second.ends = timer_.now() + granted->second.time;
  return kj::READY_NOW;
}

kj::Promise<void> SqliteStore::revoke(net::Lease lease) {
  if (!leases_.contains(lease))
    return kj::READY_NOW;
  return call(true, 0,
              [lease](StoreFile& file) {
                file.endLease(lease);
                return true;
              })
      .then([this, lease](bool) { leases_.erase(lease); });
}

/// Leases that are kept alive only move away, so the end that is waited for may come too early,
/// never too late.
kj::Promise<void> SqliteStore::awaitEnds() {
  nextEnd_ = nullptr;
  if (leases_.empty())
    return kj::READY_NOW;
  auto sooner = [](auto& one, auto& other) { return one.second.ends < other.second.ends; };
  const kj::TimePoint next = std::ranges::min_element(leases_, sooner)->second.ends;
  nextEnd_ = next;
  return timer_.atTime(next).then([this] {
    endThoseDue();
    return awaitEnds();
  });
}

void SqliteStore::endThoseDue() {
  const kj::TimePoint now = timer_.now();
  for (auto each = leases_.begin(); each != leases_.end();) {
    auto& [lease, granted] = *each;
    if (granted.ends > now) {
      ++each;
    } else if (now - granted.ends > limits::storeStoodStill) {
      granted.ends = now + granted.time;
      ++each;
    } else {
      ending_.add(endLease(lease));
      each = leases_.erase(each);
    }
  }
}

/// It has ended, whatever the disk says; its entries go as soon as that can be written.
kj::Promise<void> SqliteStore::endLease(net::Lease lease) {
  return call(true, 0,
              [lease](StoreFile& file) {
                file.endLease(lease);
                return true;
              })
      .then([](bool) -> kj::Promise<void> { return kj::READY_NOW; },
            [this, lease](kj::Exception&&) -> kj::Promise<void> {
              return timer_.afterDelay(limits::storeEndRetry).then([this, lease] {
                return endLease(lease);
              });
            });
}

void SqliteStore::Ending::taskFailed(kj::Exception&& failure) {
  KJ_LOG(ERROR, "a lease could not be ended", failure);
}

} // namespace roam::store
