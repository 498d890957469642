// Peers on sockets of this machine, that keep one store in memory, and an origin that knows some of
// them.
#pragma once
#include "net/store-door.h"
#include "net/store-service.h"
#include "runtime/members.h"
#include "runtime/name-store.h"
#include "runtime/store-records.h"
#include "runtime/store/sqlite-store.h"
#include "tests/net/peers.h"
#include "tests/support/memory-network.h"
#include <gtest/gtest.h>
#include <kj/async-io.h>

namespace roam::test {

/// Leads to a store in this process.
class OpenDoor final : public net::StoreDoor {
 public:
  explicit OpenDoor(net::StoreService& service) : service_(service) {}
  kj::Promise<net::StoreAccess> open(Visitor) override {
    return net::StoreAccess{service_.clientForConnection(), nullptr};
  }

 private:
  net::StoreService& service_;
};

/// A peer whose code is formulas, with an address that the kernel chose.
struct SocketPeer {
  SocketPeer(kj::AsyncIoContext& io, net::StoreService& service, std::string name)
      : name(name),
        receiver(net::listen(io.provider->getNetwork(), "127.0.0.1:0").wait(io.waitScope)),
        address("127.0.0.1:" + std::to_string(receiver->getPort())), door(service),
        host(kj::mv(receiver), io.provider->getTimer(), std::move(name)) {
    host.host.setStoreDoor(door);
  }

  const std::string name;
  kj::Own<kj::ConnectionReceiver> receiver; ///< moved to the host
  const std::string address;
  OpenDoor door;
  TestHost host;
};

class ClusterTest : public testing::Test {
 protected:
  ~ClusterTest() noexcept override = default;

  SocketPeer& addPeer() {
    peers.push_back(
        std::make_unique<SocketPeer>(io, service, "host:" + std::to_string(peers.size())));
    return *peers.back();
  }
  /// As the peer itself does it.
  void enrol(const SocketPeer& peer, bool leaving = false) {
    MemberRecord record;
    record.name = peer.name;
    record.workers = 2;
    record.leaving = leaving;
    write(keys::members + peer.address, record.write());
  }
  void strike(const SocketPeer& peer) { write(keys::members + peer.address, std::nullopt); }
  void write(const std::string& key, std::optional<std::string> value) {
    store.commit({}, {{key, std::move(value)}}).wait(loop);
  }

  /// Knows these peers, and finds the others in the store.
  void join(const std::vector<const SocketPeer*>& known) {
    Members::Options options;
    for (auto* peer : known)
      options.places.where.push_back(peer->address);
    start(std::move(options));
    members->joined().wait(loop);
  }
  void start(Members::Options options) {
    members = std::make_unique<Members>(
        io, origin, helloOf("origin:1"), std::move(options),
        [this](PeerChange change, const Member& member, const std::string& why) {
          static constexpr const char* changes[] = {"joined", "suspected", "left", "dead"};
          heard.push_back(std::string(changes[int(change)]) + " " + member.name +
                          (why.empty() ? "" : ": " + why));
        });
  }
  /// Turns the loop until it is so, but not for ever.
  template <class Condition>
  void await(Condition isSo) {
    auto& timer = io.provider->getTimer();
    for (auto end = timer.now() + 30 * kj::SECONDS; !isSo();) {
      ASSERT_LT(timer.now() - kj::origin<kj::TimePoint>(), end - kj::origin<kj::TimePoint>());
      timer.afterDelay(1 * kj::MILLISECONDS).wait(loop);
    }
  }
  bool wasHeardToBeSuspected(const std::string& peer) const {
    return std::ranges::any_of(
        heard, [&](auto& event) { return event.starts_with("suspected " + peer + ":"); });
  }
  bool wasHeard(const std::string& event) const {
    return std::ranges::find(heard, event) != heard.end();
  }

  kj::AsyncIoContext io = kj::setupAsyncIo();
  kj::WaitScope& loop = io.waitScope;
  store::SqliteStore store{io.provider->getTimer(), ""};
  net::StoreService service{store, io.provider->getTimer()};
  std::vector<std::unique_ptr<SocketPeer>> peers;
  std::vector<std::string> heard; ///< "joined host:0"; after ": " the reason
  Origin origin{io.provider->getTimer()};
  std::unique_ptr<Members> members;
};

} // namespace roam::test
