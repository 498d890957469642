// Peers that an origin introduces to each other: `Session.neighbours` of peer.capnp as values.
#pragma once
#include <kj/string.h>
#include <memory>
#include <string>
#include <vector>

namespace roam::net {

struct Neighbour {
  std::string address; ///< that the origin dialled
  std::string target;  ///< ObjectTarget::toText(), as its hello says
};

/// Hears what origins say. Implemented by runtime/peer. Called on the loop thread.
class Introductions {
 public:
  virtual ~Introductions() noexcept(false) = default;

  /// An origin knows this peer as `you`, and is connected to the `others`. Counts until what is
  /// returned is dropped. Nothing of it is verified, least of all that anybody is there.
  virtual std::shared_ptr<const void> introduced(kj::StringPtr you,
                                                 std::vector<Neighbour> others) = 0;
};

} // namespace roam::net
