// A network inside one process: peers under names, connections that can be cut, stalled and
// counted.
#pragma once
#include <kj/async-io.h>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace roam::test {

/// Bytes move when the event loop turns and never otherwise, so a test that waits for what can't
/// come ends at once (KJ throws). Every address that roam::net accepts may be listened on. All of
/// it belongs to one thread.
class MemoryNetwork final : public kj::Network {
 public:
  /// With a seed, what one write sends arrives in several reads of random sizes.
  MemoryNetwork() = default;
  explicit MemoryNetwork(unsigned seed) : chop_(std::make_shared<std::mt19937>(seed)) {}

  // kj::Network. Connecting to an address on which nobody listens fails as on a true network.
  kj::Promise<kj::Own<kj::NetworkAddress>> parseAddress(kj::StringPtr address,
                                                        uint portHint = 0) override;
  kj::Own<kj::NetworkAddress> getSockaddr(const void* sockaddr, uint length) override;
  kj::Own<kj::Network> restrictPeers(kj::ArrayPtr<const kj::StringPtr> allow,
                                     kj::ArrayPtr<const kj::StringPtr> deny = nullptr) override;

  /// Breaks every connection made to `address`: both ends fail with DISCONNECTED.
  void cut(kj::StringPtr address);
  /// From now on nothing that is written on connections to `address` arrives, and nobody is told.
  void stall(kj::StringPtr address);
  /// What was held back since `stall` arrives, and all that follows.
  void resume(kj::StringPtr address);
  /// Bytes carried on connections to `address`, both ways.
  std::uint64_t bytesCarried(kj::StringPtr address) const;

 private:
  class Address;
  class Receiver;
  class End;
  struct Wire;

  std::shared_ptr<std::mt19937> chop_;
  std::map<std::string, Receiver*> receivers_;
  std::map<std::string, std::vector<std::shared_ptr<Wire>>> wires_;
};

} // namespace roam::test
