// What two processes say of themselves when a connection opens, and whether they can work together.
#pragma once
#include "jit/slice/compiled-object.h"
#include "jit/slice/platform.h"
#include "net/peer.capnp.h"
#include "net/slice-packing.h"
#include <cstdint>
#include <optional>
#include <string>

namespace roam::net {

/// `Hello` of peer.capnp as a value.
struct Hello {
  std::string name; ///< for people: "host:pid"
  Platform platform = Platform::here();
  unsigned workers = 0; ///< chunks that run at the same time; 0 for an origin that hosts nothing
  std::string version;  ///< of Roam
  std::uint16_t protocol = protocol::PROTOCOL_VERSION;
  /// Of the dictionary that packed slices are made with; nothing if they are not understood.
  std::optional<Digest> dictionary = dictionaryDigest();
  /// What the sender's workers run; nothing if it takes no objects.
  std::optional<ObjectTarget> target = std::nullopt;

  std::string cluster; ///< its name; empty if it has none
  /// Where the sender listens, as the members of its cluster know it; empty if they don't.
  std::string address;

  void write(protocol::Hello::Builder to) const;
  /// Of a peer that speaks our protocol the whole hello, of another one only what is sure to be
  /// readable. What can't be true is brought within its limits: workers, and the length and the
  /// characters of texts. Throws FAILED if the platform can't be read.
  static Hello read(protocol::Hello::Reader from);

  /// Empty if code of `other` may run in the process that says `*this`, else why not, in words that
  /// name both.
  std::string refusalOf(const Hello& other) const;
};

/// "host:pid".
std::string nameOfThisProcess();

} // namespace roam::net
