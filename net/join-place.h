// The places where peers are looked for, as people write them: --join, ROAM_JOIN, roam.toml.
//
//   127.0.0.1:7070, unix:/run/roam   a peer itself (net/address.h)
//   dir:PATH                         a folder in which each peer has a file named by its address
//   multicast[:GROUP[:PORT]]         peers that answer in this network
//   dns:NAME[:PORT]                  all addresses of a name
//   exec:COMMAND                     what a command prints, one address a line
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace roam::net {

struct JoinOptions;

struct JoinPlace {
  enum class Kind { address, folder, multicast, name, command };
  Kind kind = Kind::address;
  /// The address, path, group, name or command.
  std::string text;
  std::uint16_t port = 0; ///< of a group or name
  std::string written;    ///< as it stands in messages

  bool operator==(const JoinPlace&) const = default;
};

/// The places of a list separated by commas, without blanks around them, not checked. The command
/// of `exec:` may have commas: it goes to the end.
std::vector<std::string> splitPlaces(std::string_view list);

/// The list that splitPlaces makes these of; several commands become one of several lines.
std::string joinedPlaces(const std::vector<std::string>& places);

/// The places of the options, each once. Throws FAILED, in words for the one who wrote them, for
/// what can't be understood or may not be reached, and for two multicast groups where one is meant.
std::vector<JoinPlace> joinPlaces(const JoinOptions& options);

/// The cluster's name that these options mean. Throws FAILED if it is none.
std::string clusterOf(const JoinOptions& options);

} // namespace roam::net
