// Reading where to join.
#include "net/join-place.h"
#include "net/address.h"
#include "net/discovery.h"
#include "net/exceptions.h"
#include "net/limits.h"
#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <optional>

namespace roam::net {
namespace {

constexpr std::string_view folderMark = "dir:", multicastWord = "multicast",
                           nameMark = "dns:", commandMark = "exec:";
constexpr std::uint16_t defaultMulticastPort = 7077, defaultPort = 7070;

[[noreturn]] void refuse(const std::string& why) {
  kj::throwFatalException(failed(why));
}

std::string quoted(const std::string& text) {
  return "'" + oneLine(text) + "'";
}

std::string_view withoutBlanks(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  std::size_t begin = text.find_first_not_of(blanks);
  return begin == std::string_view::npos
             ? ""
             : text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

std::optional<std::uint16_t> portOf(std::string_view text) {
  unsigned port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0 || port > 65535)
    return std::nullopt;
  return std::uint16_t(port);
}

/// NAME or NAME:PORT.
struct Endpoint {
  std::string name;
  std::uint16_t port;
};

std::optional<Endpoint> endpointOf(std::string_view text, std::uint16_t otherwise) {
  std::size_t colon = text.find(':');
  if (colon == std::string_view::npos)
    return Endpoint{std::string(text), otherwise};
  auto port = portOf(text.substr(colon + 1));
  if (!port)
    return std::nullopt;
  return Endpoint{std::string(text.substr(0, colon)), *port};
}

bool isGroup(const std::string& text) {
  in_addr address;
  return inet_pton(AF_INET, text.c_str(), &address) == 1 && IN_MULTICAST(ntohl(address.s_addr));
}

JoinPlace groupOf(std::string_view text, const std::string& written) {
  auto group = endpointOf(text, defaultMulticastPort);
  if (!group || !isGroup(group->name))
    refuse(quoted(written) + " names no multicast group: write GROUP:PORT with a group from "
                             "224.0.0.0 to 239.255.255.255, for example 239.255.77.77:7077");
  return {JoinPlace::Kind::multicast, group->name, group->port, written};
}

/// `chosen`: JoinOptions::multicast.
JoinPlace multicastPlace(const std::string& written, const std::string& chosen) {
  if (written.size() == multicastWord.size())
    return chosen.empty() ? groupOf(limits::multicastGroup, written) : groupOf(chosen, written);
  JoinPlace own = groupOf(std::string_view(written).substr(multicastWord.size() + 1), written);
  if (chosen.empty())
    return own;
  JoinPlace other = groupOf(chosen, chosen);
  if (other.text != own.text || other.port != own.port)
    refuse("two multicast groups are chosen: to join by " + quoted(written) +
           ", and to use the group " + quoted(chosen) + ": leave one of them out");
  return own;
}

JoinPlace namePlace(const std::string& written) {
  auto name = endpointOf(std::string_view(written).substr(nameMark.size()), defaultPort);
  if (!name || name->name.empty() || name->name.find_first_of(" /[]") != std::string::npos)
    refuse(quoted(written) + " names nothing to look up: write dns:NAME:PORT, for example "
                             "dns:peers.example.org:7070");
  return {JoinPlace::Kind::name, name->name, name->port, written};
}

JoinPlace placeOf(const std::string& written, const std::string& multicast) {
  std::string_view text = written;
  if (text.starts_with(folderMark)) {
    std::string path(text.substr(folderMark.size()));
    if (path.empty())
      refuse(quoted(written) + " names no folder: write dir:/path/to/folder");
    return {JoinPlace::Kind::folder, path, 0, written};
  }
  if (text.starts_with(commandMark)) {
    std::string command(withoutBlanks(text.substr(commandMark.size())));
    if (command.empty())
      refuse(quoted(written) +
             " names no command: write exec:COMMAND; it prints one address a line");
    return {JoinPlace::Kind::command, command, 0, written};
  }
  if (text == multicastWord || text.starts_with("multicast:"))
    return multicastPlace(written, multicast);
  if (text.starts_with(nameMark))
    return namePlace(written);
  return {JoinPlace::Kind::address, loopbackAddress(written.c_str()).cStr(), 0, written};
}

} // namespace

std::vector<std::string> splitPlaces(std::string_view list) {
  std::vector<std::string> places;
  while (!list.empty()) {
    list = list.substr(std::min(list.find_first_not_of(" \t\r\n"), list.size()));
    std::size_t to =
        list.starts_with(commandMark) ? list.size() : std::min(list.find(','), list.size());
    if (std::string_view place = withoutBlanks(list.substr(0, to)); !place.empty())
      places.emplace_back(place);
    list.remove_prefix(std::min(to + 1, list.size()));
  }
  return places;
}

std::string joinedPlaces(const std::vector<std::string>& places) {
  std::string list, commands;
  for (auto& place : places)
    if (!place.starts_with(commandMark))
      list += (list.empty() ? "" : ",") + place;
    else
      commands += (commands.empty() ? place : "\n" + place.substr(commandMark.size()));
  return list + (list.empty() || commands.empty() ? "" : ",") + commands;
}

std::vector<JoinPlace> joinPlaces(const JoinOptions& options) {
  std::vector<JoinPlace> places;
  if (!options.multicast.empty())
    groupOf(options.multicast, options.multicast); // is checked even if no place uses it
  for (auto& list : options.where)
    for (auto& written : splitPlaces(list))
      if (JoinPlace place = placeOf(written, options.multicast);
          std::find(places.begin(), places.end(), place) == places.end())
        places.push_back(std::move(place));
  return places;
}

std::string clusterOf(const JoinOptions& options) {
  constexpr std::string_view letters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  if (options.cluster.empty())
    return "default";
  if (options.cluster.size() > limits::clusterNameBytes ||
      options.cluster.find_first_not_of(letters) != std::string::npos)
    refuse(quoted(options.cluster) +
           " is no name of a cluster: it may have 64 letters, digits and the signs - _ .");
  return options.cluster;
}

} // namespace roam::net
