// Asking the system's resolver, which blocks.
#include "net/discovery/name-source.h"
#include "net/discovery/thread-work.h"
#include "net/limits.h"
#include <arpa/inet.h>
#include <cstring>
#include <netdb.h>

namespace roam::net {
namespace {

/// "" for a family that is neither IPv4 nor IPv6.
std::string writtenAddress(const sockaddr& address, const std::string& port) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address.sa_family == AF_INET) {
    auto& four = reinterpret_cast<const sockaddr_in&>(address);
    return inet_ntop(AF_INET, &four.sin_addr, text, sizeof text) + (":" + port);
  }
  if (address.sa_family == AF_INET6) {
    auto& six = reinterpret_cast<const sockaddr_in6&>(address);
    return "[" + std::string(inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof text)) + "]:" + port;
  }
  return "";
}

Look lookUp(const std::string& name, std::uint16_t port) {
  Look look;
  addrinfo wanted = {}, *all = nullptr;
  wanted.ai_socktype = SOCK_STREAM;
  int error = getaddrinfo(name.c_str(), nullptr, &wanted, &all);
  if (error != 0) {
    const char* why = error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error);
    look.failure = std::string("the name can't be looked up: ") + why + "; it is asked for again";
    return look;
  }
  for (addrinfo* one = all; one != nullptr; one = one->ai_next)
    if (std::string text = writtenAddress(*one->ai_addr, std::to_string(port)); !text.empty())
      look.addresses.emplace(text, "");
  freeaddrinfo(all);
  return look;
}

} // namespace

NameSource::NameSource(const Surroundings& around, const JoinPlace& place)
    : RepeatedSource(around, place.written), name_(place.text), port_(place.port),
      looking_(lookOnAndOn()) {}

kj::Promise<Look> NameSource::look() {
  return onThread<Look>([name = name_, port = port_] { return lookUp(name, port); });
}

kj::Promise<void> NameSource::pause() {
  return around_.io.provider->getTimer().afterDelay(limits::nameRepeat);
}

} // namespace roam::net
