// Peers are dialled while others are still being looked for.
#include "tools/cluster-peers.h"
#include "net/log.h"
#include "tools/joining.h"
#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <stdexcept>

namespace roam::tools {
ClusterPeers findPeers(kj::AsyncIoContext& io, const net::JoinOptions& join, const char* name) {
  if (join.where.empty())
    throw std::runtime_error(
        "there is no cluster to join: give --join, or set join as `roam config` tells");
  net::Hello mine;
  mine.name = name;
  mine.version = ROAM_VERSION;
  ClusterPeers found;
  std::set<std::string> known;
  kj::Vector<kj::Promise<void>> dials;
  LogOnErrors log;
  auto discovery = net::discover(io, log, join, [&](std::string address) {
    if (!known.insert(address).second)
      return;
    dials.add(net::dial(io.provider->getNetwork(), io.provider->getTimer(), address, mine)
                  .then([&found](kj::Own<net::Peer> peer) { found.peers.push_back(kj::mv(peer)); },
                        [&found](kj::Exception&& failure) {
                          found.failures.push_back(net::wordsOf(failure).cStr());
                        })
                  .eagerlyEvaluate(nullptr));
  });
  discovery->firstRound().wait(io.waitScope);
  discovery = nullptr;
  kj::joinPromises(dials.releaseAsArray()).wait(io.waitScope);
  std::sort(found.peers.begin(), found.peers.end(),
            [](auto& a, auto& b) { return a->address() < b->address(); });
  return found;
}

} // namespace roam::tools
