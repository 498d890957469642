// The peers of a cluster, for commands that speak to each of them.
#pragma once
#include "net/discovery.h"
#include "net/peer.h"
#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

namespace roam::tools {

/// Adds --join, --cluster and --multicast.
void addJoinWords(CLI::App& command, net::JoinOptions& join);

/// Those that answer, and a line for each that does not.
struct ClusterPeers {
  std::vector<kj::Own<net::Peer>> peers; ///< by address
  std::vector<std::string> failures;
};

/// Looks once at every place and dials what is found there, all at once. `name` is what peers are
/// told of us. Throws std::runtime_error if there is no place to look at.
ClusterPeers findPeers(kj::AsyncIoContext& io, const net::JoinOptions& join, const char* name);

} // namespace roam::tools
