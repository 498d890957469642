// The peers of a cluster, for commands that speak to each of them.
#pragma once
#include "net/peer.h"
#include "tools/joining.h"
#include <memory>
#include <string>
#include <vector>

namespace roam::tools {

/// Those that answer, and a line for each that does not.
struct ClusterPeers {
  std::vector<kj::Own<net::Peer>> peers; ///< by address
  std::vector<std::string> failures;
};

/// Looks once at every place, and dials what is found there and every other member of that cluster,
/// all at once. `name` is what peers are
/// told of us. Throws std::runtime_error if there is no place to look at.
ClusterPeers findPeers(kj::AsyncIoContext& io, const net::JoinOptions& join, const char* name);

} // namespace roam::tools
