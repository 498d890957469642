// The one check that keeps Roam on this machine, and reading lists of addresses.
#include "net/address.h"
#include "net/exceptions.h"
#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <kj/exception.h>
#include <sys/un.h>

namespace roam::net {
namespace {

[[noreturn]] void refuse(kj::String why) {
  kj::throwFatalException(failed(why));
}

void checkSocketPath(kj::StringPtr written, std::string_view path) {
  constexpr std::size_t room = sizeof(sockaddr_un::sun_path) - 1;
  if (path.empty())
    refuse(kj::str("'", written, "' names no socket: write unix:/path/to/socket"));
  if (path.size() > room)
    refuse(kj::str("the socket path in '", written, "' has ", path.size(),
                   " bytes; the system takes at most ", room));
}

bool isPort(std::string_view text) {
  unsigned port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port <= 65535;
}

bool isLoopback(const std::string& host) {
  in_addr four;
  if (inet_pton(AF_INET, host.c_str(), &four) == 1)
    return (ntohl(four.s_addr) >> 24) == 127;
  in6_addr six;
  return inet_pton(AF_INET6, host.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

} // namespace

kj::String loopbackAddress(kj::StringPtr written) {
  std::string_view text(written.begin(), written.size());
  constexpr std::string_view socketMark = "unix:";
  if (text.starts_with(socketMark)) {
    checkSocketPath(written, text.substr(socketMark.size()));
    return kj::str(written);
  }

  std::size_t colon = text.rfind(':');
  std::string_view host = text.substr(0, colon);
  bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed)
    host = host.substr(1, host.size() - 2);
  bool oneMeaning = bracketed || host.find(':') == std::string_view::npos;
  if (colon == std::string_view::npos || host.empty() || !oneMeaning ||
      !isPort(text.substr(colon + 1)))
    refuse(kj::str("'", written,
                   "' is no address of a peer: write HOST:PORT, for example 127.0.0.1:7070, or "
                   "unix:/path/to/socket"));

  if (host == "localhost")
    return kj::str("127.0.0.1", kj::StringPtr(written).slice(colon));
  if (!isLoopback(std::string(host)))
    refuse(kj::str(
        "'", written,
        "' is not an address of this machine: peers speak over loopback (127.0.0.1, [::1]) and "
        "unix sockets only, until connections are encrypted and both ends prove who they are"));
  return kj::str(written);
}

std::vector<std::string> splitAddresses(std::string_view list) {
  constexpr std::string_view blanks = " \t\r\n";
  std::vector<std::string> addresses;
  for (std::size_t from = 0; from <= list.size();) {
    std::size_t to = std::min(list.find(',', from), list.size());
    std::string_view address = list.substr(from, to - from);
    from = to + 1;
    if (std::size_t begin = address.find_first_not_of(blanks); begin != std::string_view::npos)
      addresses.emplace_back(address.substr(begin, address.find_last_not_of(blanks) - begin + 1));
  }
  return addresses;
}

} // namespace roam::net
