// dns:NAME:PORT, all addresses of a name.
#pragma once
#include "net/discovery/repeated-source.h"
#include "net/join-place.h"

namespace roam::net {

class NameSource final : public RepeatedSource {
 public:
  NameSource(const Surroundings& around, const JoinPlace& place);

 private:
  kj::Promise<Look> look() override;
  kj::Promise<void> pause() override;

  const std::string name_;
  const std::uint16_t port_;
  kj::Promise<void> looking_; // destroyed first
};

} // namespace roam::net
