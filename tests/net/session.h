// The world of tests of sessions: one loop, a network in memory, a clock that the test moves.
#pragma once
#include "net/connection.h"
#include "net/digests.h"
#include "tests/net/peers.h"
#include "tests/support/manual-clock.h"
#include "tests/support/memory-network.h"
#include <memory>

namespace roam::test {

inline constexpr kj::StringPtr hostAddress = "127.0.0.1:1"_kj;
using Numbers = std::vector<std::int64_t>;

/// One loop with a clock and a network, and hosts on it.
class Session : public ::testing::Test {
 protected:
  ~Session() noexcept override = default;

  kj::EventLoop eventLoop;
  kj::WaitScope loop{eventLoop};
  ManualClock clock;
  MemoryNetwork network;

  std::unique_ptr<TestHost> startHost(kj::StringPtr address = hostAddress,
                                      std::size_t storeBytes = limits::storeBytes) {
    auto receiver = net::listen(network, address).wait(loop);
    return std::make_unique<TestHost>(kj::mv(receiver), clock.timer(), "host:1", storeBytes);
  }
  kj::Own<net::Peer> connect(kj::StringPtr address = hostAddress,
                             net::Hello mine = helloOf("origin:2")) {
    return net::dial(network, clock.timer(), address, mine).wait(loop);
  }
  /// A session without the checks of net::Peer, as a faulty or hostile origin would use it.
  protocol::Session::Client rawSession(net::Connection& connection) {
    auto request = connection.bootstrap().castAs<protocol::Peer>().helloRequest();
    helloOf("raw:3").write(request.initHello());
    return request.send().wait(loop).getSession();
  }
  kj::Own<net::Connection> rawConnection(kj::StringPtr address = hostAddress) {
    auto at = network.parseAddress(address).wait(loop);
    return kj::heap<net::Connection>(at->connect().wait(loop));
  }
};

inline void setSlice(protocol::Slice::Builder slice, const Digest& digest,
                     const std::string& code) {
  slice.setDigest(net::bytesOf(digest));
  slice.setCode(bytesOf(code));
}

inline capnp::RemotePromise<protocol::ChunkResult>
rawRun(protocol::Session::Client& session, const Job& job, const std::string* slice) {
  auto request = session.runRequest();
  request.setEntry(net::bytesOf(job.entry));
  request.setArguments(job.chunk().arguments);
  request.setCount(job.numbers.size());
  if (slice != nullptr)
    setSlice(request.initSlices(1)[0], job.entry, *slice);
  return request.send();
}

} // namespace roam::test
