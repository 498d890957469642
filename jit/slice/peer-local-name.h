// The names under which slices ask a peer for its peer-local variables:
//
//     roam.peer_local:_ZN3app5cacheE:48:8:_ZTSSt3mapIiiE...
//                     name           size alignment type
//
// A peer gives zeroed storage for each, the same to every slice. What is in it is up to slices:
// those that use a variable bring along what initialises it, and a flag "name.made" that tells
// whether one of them has.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace roam {

inline constexpr std::string_view peerLocalPrefix = "roam.peer_local:";
/// The end of the names of flags, which are of the type below.
inline constexpr std::string_view madeSuffix = ".made";

struct PeerLocalName {
  std::string name; ///< mangled
  std::uint64_t size = 0, alignment = 0;
  std::string type; ///< mangled, or for what the compiler adds to a variable a word

  std::string symbol() const;
  /// Nothing if the symbol has not this form; the numbers are not checked further.
  static std::optional<PeerLocalName> parse(std::string_view symbol);
};

} // namespace roam
