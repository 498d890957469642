// Accepts connections for a host, also when there is not enough of something.
#pragma once
#include "net/host.h"
#include <kj/async-io.h>

namespace roam::net {

/// Opens `address` (see net/address.h) for connections; port 0 lets the kernel choose. Fails, in
/// words that name the address, if that can't be. A socket file that a dead process left behind is
/// replaced; the file is removed with the receiver.
kj::Promise<kj::Own<kj::ConnectionReceiver>> listen(kj::Network& network, kj::StringPtr address);

/// Hands each connection that arrives to a host. Nothing that a connection does ends it: not a
/// failure of the connection, not a lack of file descriptors. Stops listening, and cuts all its
/// connections, when dropped. Call on the loop thread.
class Listener final : private kj::TaskSet::ErrorHandler {
 public:
  /// Begins at once. `host`, `timer` and `log` must outlive the listener.
  Listener(kj::Own<kj::ConnectionReceiver> receiver, Host& host, kj::Timer& timer, Log& log);
  KJ_DISALLOW_COPY(Listener);

  /// The port that was chosen; 0 for a unix socket.
  unsigned port() { return receiver_->getPort(); }

 private:
  kj::Promise<void> acceptAll();
  void serve(kj::AuthenticatedStream connection);
  kj::Promise<void> waitAfter(kj::Exception failure);
  void taskFailed(kj::Exception&& exception) override;

  kj::Own<kj::ConnectionReceiver> receiver_;
  Host& host_;
  kj::Timer& timer_;
  Log& log_;
  bool acceptFails_ = false;
  std::size_t open_ = 0;
  kj::TaskSet connections_;
  kj::Promise<void> accepting_;
};

} // namespace roam::net
