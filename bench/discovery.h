// How soon a cluster is found.
#pragma once

namespace roam::bench {

/// From the first question by multicast to a peer that is known.
void benchDiscovery();

} // namespace roam::bench
