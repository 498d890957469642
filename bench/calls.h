// No-op calls, one in flight, and what they cost over raw Cap'n Proto.
#pragma once
#include <string>

namespace roam::bench {

/// Prints the ratio as `name`, and the seconds behind it.
void benchCall(const std::string& name);

} // namespace roam::bench
