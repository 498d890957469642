// Another peer that this one may ask for objects: dialled when it is first asked.
#pragma once
#include "net/log.h"
#include "net/peer.h"
#include <kj/async-io.h>
#include <kj/refcount.h>
#include <kj/timer.h>

namespace roam::peer {

/// What reaching another peer takes; `mine` is said to it.
struct Surroundings {
  kj::Network& network;
  kj::Timer& timer;
  net::Log& log;
  net::Hello mine;
};

/// Call on the loop thread. The promises it gives keep it.
class Neighbour final : public kj::Refcounted {
 public:
  /// `world` must outlive it. Whoever is at the address is asked only if its target is this one.
  Neighbour(const Surroundings& world, std::string address, ObjectTarget target)
      : address(std::move(address)), world_(world), target_(std::move(target)) {}

  /// Fails if the peer can't be reached, or is lost. One that could not be reached is not tried
  /// again for limits::neighbourRetry.
  kj::Promise<net::ObjectAnswer> ask(const net::ObjectQuestion& question);
  /// Writes a log line, once in its life: it gives what is of no use.
  void complain(kj::StringPtr what);

  const std::string address;

 private:
  kj::Promise<void> connected();
  kj::Promise<void> dial();
  void answered();

  const Surroundings& world_;
  const ObjectTarget target_;
  kj::Maybe<kj::Own<net::Peer>> peer_; ///< null before it is dialled, and when it is lost
  kj::Maybe<kj::TimePoint> failedAt_;
  unsigned asking_ = 0;
  bool isDialling_ = false, complained_ = false;
  kj::ForkedPromise<void> dialling_ = nullptr;
  kj::Promise<void> losing_ = nullptr, idling_ = nullptr; ///< last: they refer to all above
};

} // namespace roam::peer
