// Two pumps a connection; cutting drops both ends.
#include "tests/support/cutting-proxy.h"

namespace roam::test {

CuttingProxy::CuttingProxy(kj::AsyncIoContext& io, std::uint16_t serverPort)
    : io_(io),
      receiver_(
          io.provider->getNetwork().parseAddress("127.0.0.1", 0).wait(io.waitScope)->listen()),
      address_("127.0.0.1:" + std::to_string(receiver_->getPort())), serverPort_(serverPort),
      open_(kj::heap<kj::TaskSet>(*this)),
      accepting_(acceptAll().eagerlyEvaluate(
          [](kj::Exception&& failure) { kj::throwFatalException(kj::mv(failure)); })) {}

kj::Promise<void> CuttingProxy::acceptAll() {
  return receiver_->accept().then([this](kj::Own<kj::AsyncIoStream> client) {
    ++connections_;
    open_->add(join(kj::mv(client)));
    return acceptAll();
  });
}

kj::Promise<void> CuttingProxy::join(kj::Own<kj::AsyncIoStream> client) {
  return io_.provider->getNetwork()
      .parseAddress("127.0.0.1", serverPort_)
      .then([](kj::Own<kj::NetworkAddress> address) {
        return address->connect().attach(kj::mv(address));
      })
      .then([client = kj::mv(client)](kj::Own<kj::AsyncIoStream> server) mutable {
        auto there = client->pumpTo(*server).then([&to = *server](auto) { to.shutdownWrite(); });
        auto back = server->pumpTo(*client).then([&to = *client](auto) { to.shutdownWrite(); });
        return kj::joinPromises(kj::arr(kj::mv(there), kj::mv(back)))
            .attach(kj::mv(client), kj::mv(server));
      });
}

void CuttingProxy::cut() {
  open_ = kj::heap<kj::TaskSet>(*this);
}

} // namespace roam::test
