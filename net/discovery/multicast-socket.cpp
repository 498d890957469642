// Joining a group, sending and receiving.
#include "net/discovery/multicast-socket.h"
#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <kj/debug.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace roam::net {
namespace {

sockaddr_in addressOf(const std::string& group, std::uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  KJ_REQUIRE(inet_pton(AF_INET, group.c_str(), &address.sin_addr) == 1);
  return address;
}

template <class T>
void set(int socket, int level, int option, const T& value) {
  KJ_SYSCALL(setsockopt(socket, level, option, &value, sizeof value));
}

int joined(const std::string& group, std::uint16_t port) {
  int number;
  KJ_SYSCALL(number = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  kj::AutoCloseFd socket(number);
  set(socket, SOL_SOCKET, SO_REUSEADDR, 1);
  sockaddr_in address = addressOf(group, port);
  // To the group's own address: nothing that is sent to this machine's others arrives here.
  KJ_SYSCALL(bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address));
  ip_mreqn loopback = {};
  loopback.imr_multiaddr = address.sin_addr;
  loopback.imr_address.s_addr = htonl(INADDR_LOOPBACK);
  set(socket, IPPROTO_IP, IP_ADD_MEMBERSHIP, loopback);
  set(socket, IPPROTO_IP, IP_MULTICAST_IF, loopback);
  set(socket, IPPROTO_IP, IP_MULTICAST_ALL, 0); // not what other processes joined elsewhere
  set(socket, IPPROTO_IP, IP_MULTICAST_LOOP, 1);
  set(socket, IPPROTO_IP, IP_MULTICAST_TTL, 0);
  return socket.release();
}

} // namespace

MulticastSocket::MulticastSocket(kj::UnixEventPort& events, const std::string& group,
                                 std::uint16_t port)
    : group_(group), port_(port), socket_(joined(group, port)),
      observer_(events, socket_, kj::UnixEventPort::FdObserver::OBSERVE_READ) {}

void MulticastSocket::send(const std::string& bytes) {
  sockaddr_in to = addressOf(group_, port_);
  ssize_t sent =
      sendto(socket_, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to);
  if (sent < 0 && errno != EAGAIN && errno != ENOBUFS) // those are lost on the way: asked for again
    KJ_FAIL_SYSCALL("sendto", errno);
}

kj::Maybe<std::size_t> MulticastSocket::receive(kj::ArrayPtr<kj::byte> into) {
  while (true) {
    ssize_t size = recv(socket_, into.begin(), into.size(), MSG_TRUNC);
    if (size >= 0)
      return std::min(std::size_t(size), into.size() + 1);
    if (errno == EAGAIN)
      return nullptr;
    if (errno != EINTR && errno != ECONNREFUSED)
      KJ_FAIL_SYSCALL("recv", errno);
  }
}

} // namespace roam::net
