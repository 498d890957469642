// How soon a cluster is found.
#pragma once

namespace roam::bench {

/// Prints `discovery`: roam::connect by multicast, from the question to a cluster with the peers
/// that answered. `discovery-found` is the time until the first address is known.
void benchDiscovery();

} // namespace roam::bench
