// What callers do at a host, for whoever keeps account of it.
#pragma once
#include "net/rights.h"
#include <string>

namespace roam::net {

struct AuditEvent {
  enum class What {
    connected, ///< said hello
    refused,   ///< `detail`: what it had no right to
    brought,   ///< code that was not here
    called,    ///< code, for the first time on its connection
    bound,     ///< a name
    drained,   ///< had the peer leave
    released,  ///< a digest from quarantine
  };
  What what;
  std::string digest; ///< in hexadecimal; empty if there is none
  std::string name;   ///< that is bound; empty if there is none
  std::string detail; ///< for people: the code's description, or the reason
};

/// Call on the loop thread.
class Audit {
 public:
  virtual ~Audit() noexcept(false) = default;
  /// `from`: the address, as the system tells it.
  virtual void happened(const Caller& who, const char* from, const AuditEvent& event) = 0;
};

} // namespace roam::net
