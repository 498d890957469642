// Peers are dialled while others are still being looked for.
#include "tools/cluster-peers.h"
#include "net/log.h"
#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <stdexcept>

namespace roam::tools {
namespace {

class LogOnErrors final : public net::Log {
 public:
  void line(kj::StringPtr text) override { fmt::print(stderr, "roam: {}\n", text.cStr()); }
};

} // namespace

void addJoinWords(CLI::App& command, net::JoinOptions& join) {
  command
      .add_option("--join", join.where,
                  "Where the peers are found: HOST:PORT, unix:/PATH, dir:PATH, multicast, "
                  "dns:NAME:PORT, exec:COMMAND; several with commas, or repeated")
      ->allow_extra_args(false)
      ->envname("ROAM_JOIN");
  command
      .add_option("--cluster", join.cluster, "Name of the cluster: peers of others are not found")
      ->envname("ROAM_CLUSTER");
  command.add_option("--multicast", join.multicast, "GROUP:PORT that --join multicast uses");
}

ClusterPeers findPeers(kj::AsyncIoContext& io, const net::JoinOptions& join, const char* name) {
  if (join.where.empty())
    throw std::runtime_error("there is no cluster to join: give --join or set ROAM_JOIN");
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
