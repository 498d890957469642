// The other peers of a cluster, as far as their objects are of use here: so that a cluster compiles
// each digest once for each kind of machine.
//
// Origins introduce the peers they are connected to to each other. For each digest, the peers of
// one target have an order of their own that all of them compute alike, by hashing the digest with
// each peer's address (rendezvous hashing). The highest compiles for all:
//
//     peers B, A, C in the order of some digest; all three need it, A is this one
//       A asks B, which compiles, and gives A and C the same object
//     B is lost
//       A asks C whether it happens to have the object, in vain, and compiles
//       C asks A, and waits for it
//
// So nobody waits for a peer below itself, and two peers compile the same digest only while they
// know different peers.
#pragma once
#include "net/neighbours.h"
#include "runtime/peer/neighbour.h"
#include "runtime/peer/peer-objects.h"
#include <list>
#include <map>
#include <set>
#include <vector>

namespace roam::peer {

/// Asks other peers for objects. Call on the loop thread.
class Neighbours final : public PeerObjects, public net::Introductions {
 public:
  /// `target`: what objects must run on, and that of the peers that are asked. All that `world`
  /// refers to must outlive it, and it the promises it gives.
  Neighbours(Surroundings world, ObjectTarget target)
      : world_(std::move(world)), target_(std::move(target)) {}
  KJ_DISALLOW_COPY(Neighbours);

  std::shared_ptr<const void> introduced(kj::StringPtr you,
                                         std::vector<net::Neighbour> others) override;

  using Found = kj::Maybe<kj::Array<const kj::byte>>;
  kj::Promise<Found> object(const Digest& digest, kj::ArrayPtr<const kj::byte> slice,
                            bool mayCompile) override;
  bool waitsFor(const Digest& digest) const override { return awaited_.count(digest) > 0; }

 private:
  struct Introduction {
    std::string you;
    std::vector<net::Neighbour> others;
  };
  class Search;

  void recount();

  const Surroundings world_;
  const ObjectTarget target_;
  std::list<Introduction> introductions_;
  std::set<std::string> ownAddresses_;
  std::map<std::string, kj::Own<Neighbour>> others_; ///< of the same target, by address
  std::multiset<Digest> awaited_;
  std::size_t searches_ = 0;
};

} // namespace roam::peer
