// A UDP socket in a multicast group, on this machine's loopback interface: as long as peers may
// only have addresses of this machine (net/address.h), no datagram leaves it.
#pragma once
#include <cstdint>
#include <kj/async-unix.h>
#include <kj/io.h>
#include <string>

namespace roam::net {

class MulticastSocket {
 public:
  /// Several processes may be in the same group. Fails if the system refuses.
  MulticastSocket(kj::UnixEventPort& events, const std::string& group, std::uint16_t port);
  KJ_DISALLOW_COPY(MulticastSocket);

  /// To all in the group, this process too. Fails if the system refuses; whether it arrives is not
  /// known.
  void send(const std::string& bytes);
  /// The next datagram that has arrived, or null. Of one that is too long for `into`, one byte
  /// more than fits is counted in `size`.
  kj::Maybe<std::size_t> receive(kj::ArrayPtr<kj::byte> into);
  /// Resolves when more arrive, after receive() gave null.
  kj::Promise<void> whenMore() { return observer_.whenBecomesReadable(); }

 private:
  std::string group_;
  std::uint16_t port_;
  kj::AutoCloseFd socket_;
  kj::UnixEventPort::FdObserver observer_;
};

} // namespace roam::net
