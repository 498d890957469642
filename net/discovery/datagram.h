// What peers say by multicast, as bytes: see net/discovery.capnp.
#pragma once
#include <cstdint>
#include <kj/common.h>
#include <optional>
#include <string>
#include <vector>

namespace roam::net {

struct Datagram {
  std::string cluster;
  std::uint64_t sender = 0;
  std::optional<std::vector<std::string>> addresses; ///< nothing: a query

  /// Whatever the bytes are. Nothing if they are no datagram of this version.
  static std::optional<Datagram> parse(kj::ArrayPtr<const kj::byte> bytes);
  /// At most limits::datagramBytes: addresses that find no room are left out.
  std::string bytes() const;
};

} // namespace roam::net
