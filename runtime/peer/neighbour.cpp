// One connection, made when it is needed and closed when it is not.
#include "runtime/peer/neighbour.h"
#include "net/exceptions.h"
#include "net/limits.h"

namespace roam::peer {

kj::Promise<net::ObjectAnswer> Neighbour::ask(const net::ObjectQuestion& question) {
  idling_ = nullptr;
  ++asking_;
  return connected()
      .then([this, question]() -> kj::Promise<net::ObjectAnswer> {
        KJ_IF_MAYBE (peer, peer_)
          return (*peer)->object(question);
        return net::disconnected(kj::str(address.c_str(), " was lost at once"));
      })
      .attach(kj::defer([self = kj::addRef(*this)]() mutable { self->answered(); }));
}

/// Closes the connection when nobody has asked for a while.
void Neighbour::answered() {
  if (--asking_ > 0)
    return;
  idling_ = world_.timer.afterDelay(limits::neighbourIdle)
                .then([this] { peer_ = nullptr; })
                .eagerlyEvaluate(nullptr);
}

kj::Promise<void> Neighbour::connected() {
  if (peer_ != nullptr)
    return kj::READY_NOW;
  if (isDialling_)
    return dialling_.addBranch();
  KJ_IF_MAYBE (when, failedAt_)
    if (world_.timer.now() < *when + limits::neighbourRetry)
      return net::disconnected(kj::str(address.c_str(), " could not be reached a moment ago"));
  isDialling_ = true; // until it is done, whoever loses interest: others may wait for it, too
  dialling_ = dial().fork();
  return dialling_.addBranch();
}

kj::Promise<void> Neighbour::dial() {
  return net::dial(world_.network, world_.timer, address.c_str(), world_.mine)
      .then([this](kj::Own<net::Peer> peer) {
        if (peer->target() != target_)
          kj::throwFatalException(
              net::failed(kj::str("the peer at ", address.c_str(), " has another target")));
        losing_ = peer->disconnected()
                      .then([this] { return kj::evalLater([this] { peer_ = nullptr; }); })
                      .eagerlyEvaluate(nullptr);
        peer_ = kj::mv(peer);
        isDialling_ = false;
      })
      .catch_([this](kj::Exception&& failure) {
        failedAt_ = world_.timer.now();
        isDialling_ = false;
        kj::throwFatalException(kj::mv(failure));
      });
}

void Neighbour::complain(kj::StringPtr what) {
  if (!complained_)
    world_.log.line(kj::str("the peer at ", address.c_str(), ": ", what));
  complained_ = true;
}

} // namespace roam::peer
