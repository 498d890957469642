// Message limits are raised here, on both ends alike.
#include "net/connection.h"
#include "net/exceptions.h"
#include "net/limits.h"
#include <capnp/message.h>
#include <capnp/rpc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace roam::net {
namespace {

using capnp::rpc::twoparty::Side;

capnp::ReaderOptions readerOptions() {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = limits::messageWords;
  return options;
}

/// A small message waits for nothing: it is a call, and someone waits for its result.
kj::Own<kj::AsyncIoStream> withoutDelay(kj::Own<kj::AsyncIoStream> stream) {
  KJ_IF_MAYBE (failure, kj::runCatchingExceptions([&] {
                 sockaddr_storage address = {};
                 uint length = sizeof address;
                 stream->getsockname(reinterpret_cast<sockaddr*>(&address), &length);
                 if (address.ss_family == AF_INET || address.ss_family == AF_INET6) {
                   int on = 1;
                   stream->setsockopt(IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                 }
               })) {
    if (failure->getType() != kj::Exception::Type::UNIMPLEMENTED) // a stream that is no socket
      kj::throwRecoverableException(kj::mv(*failure));
  }
  return stream;
}

} // namespace

Connection::Connection(kj::Own<kj::AsyncIoStream> stream, capnp::Capability::Client bootstrap,
                       std::shared_ptr<MessageMemory> memory)
    : messages_(withoutDelay(kj::mv(stream)), std::move(memory)),
      network_(messages_, Side::SERVER, readerOptions()),
      rpc_(capnp::makeRpcServer(network_, kj::mv(bootstrap))), watching_(watch()) {}

Connection::Connection(kj::Own<kj::AsyncIoStream> stream)
    : messages_(withoutDelay(kj::mv(stream)), std::make_shared<MessageMemory>()),
      network_(messages_, Side::CLIENT, readerOptions()), rpc_(capnp::makeRpcClient(network_)),
      watching_(watch()) {}

/// Cap'n Proto stops reading, without a word to the stream, when a message makes no sense to it.
kj::Promise<void> Connection::watch() {
  return network_.onDisconnect()
      .then([this] { messages_.abort(disconnected("a message made no sense to Cap'n Proto")); })
      .eagerlyEvaluate(nullptr);
}

capnp::Capability::Client Connection::bootstrap() {
  capnp::MallocMessageBuilder message(8);
  auto id = message.initRoot<capnp::rpc::twoparty::VatId>();
  id.setSide(Side::SERVER);
  return rpc_.bootstrap(id);
}

} // namespace roam::net
