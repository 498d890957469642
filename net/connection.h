// One connection: a byte stream with Cap'n Proto RPC between two vats on it.
#pragma once
#include "net/message-stream.h"
#include <capnp/rpc-twoparty.h>

namespace roam::net {

/// Both ends of a connection use this class. Owned by whoever dialled or accepted; call on the loop
/// thread. Destroying it closes the connection: calls that were sent fail with DISCONNECTED, calls
/// being served are cancelled.
class Connection {
 public:
  /// The accepting side, which offers `bootstrap`. Connections may share the memory for large
  /// messages.
  Connection(kj::Own<kj::AsyncIoStream> stream, capnp::Capability::Client bootstrap,
             std::shared_ptr<MessageMemory> memory);
  /// The dialling side.
  explicit Connection(kj::Own<kj::AsyncIoStream> stream);

  /// What the other side offers. Only on the dialling side.
  capnp::Capability::Client bootstrap();
  MessageStream& messages() { return messages_; }
  const MessageStream& messages() const { return messages_; }
  /// Resolves when the other side is gone and what was to be said to it has been said. That may
  /// come later than `messages().ended()`: Cap'n Proto first tells a peer that sent nonsense why it
  /// hangs up.
  kj::Promise<void> finished() { return network_.onDisconnect(); }

 private:
  kj::Promise<void> watch();

  MessageStream messages_;
  capnp::TwoPartyVatNetwork network_;
  capnp::RpcSystem<capnp::rpc::twoparty::VatId> rpc_;
  kj::Promise<void> watching_; ///< last: refers to all above
};

} // namespace roam::net
