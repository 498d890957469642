// Variables that each peer has one of, used by two files. Files compiled without the plugin would
// not know the attribute.
#pragma once
#include <vector>

namespace roam::e2e {

[[roam::peer_local]] inline std::vector<int> tickets{100};
int nextTicket(); // in lines.cpp

} // namespace roam::e2e
