// Dialling a peer, and the Peer that users hold.
#include "net/peer.h"
#include "net/address.h"
#include "net/exceptions.h"
#include "net/failures.h"
#include "net/limits.h"
#include "net/link.h"
#include "net/log.h"

namespace roam::net {
namespace {

/// The Peer that users hold; closes the link when they let go of it.
class DialledPeer final : public Peer {
 public:
  explicit DialledPeer(kj::Own<Link> link) : link_(kj::mv(link)) {}
  ~DialledPeer() noexcept(false) { link_->lose(kj::str("this side closed the connection")); }

  const std::string& name() const override { return link_->name; }
  const std::string& address() const override { return link_->address; }
  const std::string& memberAddress() const override { return link_->memberAddress; }
  unsigned workers() const override { return link_->workers; }
  const Counters& counters() const override { return link_->counters; }

  kj::Promise<ChunkOutcome> run(Chunk chunk, Code code,
                                std::shared_ptr<const void> owner) override {
    KJ_IF_MAYBE (excess, excessOf(chunk, code.slice))
      return failedWith(Failure::Kind::limit, kj::mv(*excess), chunk);
    return link_->run({chunk, code, std::move(owner)});
  }
  const std::optional<ObjectTarget>& target() const override { return link_->target; }
  kj::Promise<ObjectAnswer> object(ObjectQuestion question) override {
    return link_->object(question);
  }
  kj::Promise<void> introduce(kj::ArrayPtr<const Neighbour> all) override {
    return link_->introduce(all);
  }
  kj::Promise<PeerStatus> status() override { return link_->status(); }
  kj::Promise<std::vector<FetchedSlice>> slices(std::vector<Digest> digests) override {
    return link_->slices(std::move(digests), {});
  }
  kj::Promise<std::vector<CodeStatus>> codes(std::vector<Digest> digests) override {
    return link_->codes(std::move(digests), {});
  }
  kj::Promise<void> ping() override { return link_->ping(); }
  kj::Promise<void> drain() override { return link_->drain(); }
  protocol::Store::Client store() override { return link_->store(); }
  kj::Promise<StoreAccess> openStore(kj::StringPtr asker) override {
    return link_->openStore(asker);
  }
  kj::Promise<void> disconnected() override { return link_->messages().ended(); }
  kj::String whyDisconnected() const override { return link_->whyLost(); }

 private:
  kj::Own<Link> link_;
};

// --- dialling ---------------------------------------------------------------------------------

/// Nobody is there, or not one of us.
kj::Exception unreachable(kj::StringPtr address, const kj::Exception& cause) {
  auto why = wordsOf(cause);
  // KJ names the system call in front: "connect(): Connection refused".
  KJ_IF_MAYBE (end, kj::StringPtr(why).findFirst(')'))
    if (why.startsWith("connect(") && kj::StringPtr(why).slice(*end).startsWith("): "))
      why = kj::str(kj::StringPtr(why).slice(*end + 3));
  return exceptionOf(cause.getType(),
                     kj::str("no peer answers at ", address, ": ", why,
                             "; start one with `roam peer --listen ", address, "`"));
}

/// Somebody is there and does not want us, or makes no sense.
kj::Exception noHello(kj::StringPtr address, const kj::Exception& cause) {
  if (cause.getType() == kj::Exception::Type::DISCONNECTED)
    return exceptionOf(cause.getType(),
                       kj::str("whoever listens at ", address,
                               " did not say hello: ", wordsOf(cause),
                               "; it may be no peer of Roam, or have too many connections"));
  return exceptionOf(cause.getType(),
                     kj::str("the peer at ", address, " can't be used: ", wordsOf(cause)));
}

kj::Promise<kj::Own<Peer>> introduce(kj::Own<kj::AsyncIoStream> stream, kj::Timer& timer,
                                     kj::String address, const Hello& mine) {
  auto link = kj::refcounted<Link>(kj::heap<Connection>(kj::mv(stream)), timer, address);
  auto said = link->hello(mine);
  return said.then(
      [link = kj::mv(link)]() mutable -> kj::Own<Peer> {
        link->beginHeartbeat();
        return kj::heap<DialledPeer>(kj::mv(link));
      },
      [address = kj::mv(address)](kj::Exception&& cause) -> kj::Own<Peer> {
        kj::throwFatalException(noHello(address, cause));
      });
}

} // namespace

kj::Promise<kj::Own<Peer>> dial(kj::Network& network, kj::Timer& timer, kj::StringPtr address,
                                const Hello& mine) {
  return kj::evalNow([&]() -> kj::Promise<kj::Own<Peer>> {
    auto checked = loopbackAddress(address);
    auto connected =
        network.parseAddress(checked)
            .then([](kj::Own<kj::NetworkAddress> at) {
              auto connecting = at->connect();
              return connecting.attach(kj::mv(at));
            })
            .catch_([address = kj::str(checked)](
                        kj::Exception&& cause) -> kj::Promise<kj::Own<kj::AsyncIoStream>> {
              return unreachable(address, cause);
            });
    auto late =
        timer.afterDelay(limits::connect)
            .then([address = kj::str(checked)]() -> kj::Promise<kj::Own<Peer>> {
              return net::disconnected(kj::str("no peer answered at ", address, " within ",
                                               limits::connect / kj::SECONDS,
                                               " s: whoever listens there is stuck or overloaded"));
            });
    return connected
        .then([&timer, mine, checked = kj::mv(checked)](kj::Own<kj::AsyncIoStream> stream) mutable {
          return introduce(kj::mv(stream), timer, kj::mv(checked), mine);
        })
        .exclusiveJoin(kj::mv(late));
  });
}

} // namespace roam::net
