// exec:COMMAND, which prints one address a line.
#pragma once
#include "net/discovery/repeated-source.h"

namespace roam::net {

class CommandSource final : public RepeatedSource {
 public:
  CommandSource(const Surroundings& around, const std::string& command);

 private:
  kj::Promise<Look> look() override;
  kj::Promise<void> pause() override;

  const std::string command_;
  kj::Promise<void> looking_; // destroyed first
};

} // namespace roam::net
