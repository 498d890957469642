// An open connection to a peer, from the origin's side: which slices the peer has, what is sent,
// whether it is still there. Inside of net/peer.h.
#pragma once
#include "net/connection.h"
#include "net/peer.h"
#include <kj/refcount.h>
#include <unordered_map>

namespace roam::net {

/// A chunk with all that is needed to send it, perhaps again.
struct Parcel {
  Chunk chunk;
  Code code;
  std::shared_ptr<const void> owner;
  unsigned shipments = 0; ///< times the slice went along
};

/// The connection and what is known of the peer behind it. Refers to itself from the promises it
/// gives, so that they may outlive the Peer.
class Link final : public kj::Refcounted {
 public:
  Link(kj::Own<Connection> connection, kj::Timer& timer, kj::StringPtr address)
      : address(address.cStr()), connection_(kj::mv(connection)), timer_(timer) {}

  /// Says hello; everything else comes after. Fails with FAILED, in words, if one side refuses the
  /// other.
  kj::Promise<void> hello(const Hello& mine);
  /// From now on a silent peer is lost.
  void beginHeartbeat();
  /// Asks first whether the peer has the slice, if this connection has not met it.
  kj::Promise<ChunkOutcome> run(Parcel parcel);
  // In link-objects.cpp.
  kj::Promise<ObjectAnswer> object(const ObjectQuestion& question);
  kj::Promise<void> introduce(kj::ArrayPtr<const Neighbour> all);
  kj::Promise<PeerStatus> status();
  kj::Promise<void> drain();
  /// Those that come after the ones that are `known`. In link-codes.cpp.
  kj::Promise<std::vector<CodeStatus>> codes(std::vector<Digest> digests,
                                             std::vector<CodeStatus> known);
  /// Those that come after the ones that were fetched. In link-codes.cpp.
  kj::Promise<std::vector<FetchedSlice>> slices(std::vector<Digest> digests,
                                                std::vector<FetchedSlice> fetched);
  kj::Promise<void> ping() {
    return session_.pingRequest(capnp::MessageSize{4, 0}).send().ignoreResult();
  }
  protocol::Store::Client store() {
    return session_.storeRequest(capnp::MessageSize{4, 0}).send().getStore();
  }
  kj::Promise<StoreAccess> openStore(kj::StringPtr asker);
  /// Ends the connection; what waits for the peer fails with DISCONNECTED and these words.
  void lose(kj::String why);
  /// The reason alone. Empty if the peer is not lost.
  kj::String whyLost() const;
  MessageStream& messages() { return connection_->messages(); }
  const MessageStream& messages() const { return connection_->messages(); }

  std::string address;
  std::string name;
  std::string memberAddress; ///< of its hello
  unsigned workers = 0;
  bool unpacks = false; ///< the peer has our dictionary
  std::optional<ObjectTarget> target;
  Peer::Counters counters;

 private:
  /// What is known of one slice: whether the peer has it.
  struct Slice {
    enum class State { unknown, asking, missing, there } state = State::unknown;
    unsigned generation = 0; ///< times it was found missing
    kj::ForkedPromise<void> asked = nullptr;
  };

  void ask(const Digest& digest, Slice& slice);
  using RunRequest = capnp::Request<protocol::Chunk, protocol::ChunkResult>;
  RunRequest write(const Parcel& parcel, bool withSlice);
  void write(const Digest& digest, const Code& code, protocol::Slice::Builder slice);
  void writeObject(const Code& code, protocol::Slice::Builder slice);
  kj::Promise<ChunkOutcome> send(Parcel parcel, bool withSlice, unsigned generation);
  kj::Promise<ChunkOutcome> receive(Parcel parcel, unsigned generation,
                                    capnp::Response<protocol::ChunkResult> response);
  kj::Array<const kj::byte> take(capnp::Data::Reader results);
  kj::Promise<void> heartbeat();
  kj::Promise<void> silence(kj::TimePoint lastSign, std::uint64_t progress);
  kj::Exception lost(kj::Exception&& cause);
  /// Fails with OVERLOADED, saying that it did not tell `what`, unless the answer comes within
  /// limits::connect.
  template <typename Results>
  kj::Promise<capnp::Response<Results>> inTime(kj::Promise<capnp::Response<Results>> answer,
                                               kj::StringPtr what) {
    auto late = timer_.afterDelay(limits::connect)
                    .then([what = kj::str(what)]() -> kj::Promise<capnp::Response<Results>> {
                      return notTold(what);
                    });
    return answer.exclusiveJoin(kj::mv(late));
  }
  static kj::Exception notTold(kj::StringPtr what);

  kj::Own<Connection> connection_;
  kj::Timer& timer_;
  protocol::Session::Client session_ = nullptr;
  std::unordered_map<Digest, Slice> slices_;
  kj::String leaving_; ///< what the peer said when it answered a call as DISCONNECTED
  /// The last small response. Dropping it tells the host so, in a message that would cost both
  /// sides as much as the call itself if it went alone: it goes with the next request, or with the
  /// next sign of life.
  kj::Maybe<capnp::Response<protocol::ChunkResult>> spent_;
  kj::Promise<void> beating_ = nullptr; ///< last: refers to all above
};

} // namespace roam::net
