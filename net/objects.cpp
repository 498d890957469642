// Targets as messages carry them.
#include "net/objects.h"
#include <stdexcept>

namespace roam::net {

std::optional<ObjectTarget> readTarget(kj::StringPtr text) {
  if (text.size() == 0 || text.size() > limits::targetBytes)
    return std::nullopt;
  try {
    return ObjectTarget::parse({text.begin(), text.size()});
  } catch (const std::runtime_error&) {
    return std::nullopt; // of a later Roam, perhaps: its objects are of no use here
  }
}

} // namespace roam::net
