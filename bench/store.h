// How soon a watch of the cluster's store tells of a write.
#pragma once
#include <string>

namespace roam::bench {

/// Serves the embedded store of a file ("": in memory) on a port the kernel chooses, and writes the
/// port to the descriptor. Never returns.
int serveStore(int portDescriptor, const std::string& path);

/// Prints `watch`: from a write to its notification, both over one connection to the process that
/// has the store, as a multiple of a raw Cap'n Proto call of the same run. `watch-durable` is the
/// same with the store on a disk: the notification comes when the write is there.
void benchWatch();

} // namespace roam::bench
