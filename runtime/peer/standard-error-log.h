// The log of a peer on standard error.
#pragma once
#include "net/log.h"
#include <unistd.h>

namespace roam::peer {

class StandardErrorLog final : public net::Log {
 public:
  void line(kj::StringPtr text) override {
    // One write, so that lines of several peers on one terminal don't mix.
    kj::String whole = kj::str("roam peer ", getpid(), ": ",
                               net::oneLine({text.begin(), text.size()}).c_str(), "\n");
    (void)!write(STDERR_FILENO, whole.begin(), whole.size());
  }
};

} // namespace roam::peer
