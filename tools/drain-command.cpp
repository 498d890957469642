// `roam drain`: has peers finish what they do, and leave.
#include "net/coroutine.h"
#include "net/peer.h"
#include "tools/cluster-peers.h"
#include "tools/commands.h"
#include <fmt/format.h>
#include <memory>

namespace roam::tools {
namespace {

constexpr const char* clientName = "roam drain";
/// Between two looks at what a peer still does.
constexpr kj::Duration look = 200 * kj::MILLISECONDS;

/// The one of these peers that calls itself so, or else the one at that address.
kj::Own<net::Peer> find(kj::AsyncIoContext& io, const std::string& named, ClusterPeers& cluster) {
  for (auto& peer : cluster.peers)
    if (peer.get() != nullptr && (peer->name() == named || peer->address() == named))
      return kj::mv(peer);
  net::Hello mine;
  mine.name = clientName;
  mine.version = ROAM_VERSION;
  return net::dial(io.provider->getNetwork(), io.provider->getTimer(), named, mine)
      .wait(io.waitScope);
}

/// Says what the peer still does, as often as that changes, until it is gone.
kj::Promise<void> watch(kj::AsyncIoContext& io, net::Peer& peer) {
  for (unsigned told = 0;;) {
    unsigned open = (co_await peer.status()).chunksOpen;
    if (open != told)
      fmt::print("{} at {}: {} chunks wait or run\n", peer.name(), peer.address(), open);
    std::fflush(stdout);
    told = open;
    co_await io.provider->getTimer().afterDelay(look);
  }
}

/// Resolves when the peer has left; at once if nobody waits for that.
kj::Promise<void> drain(kj::AsyncIoContext& io, kj::Own<net::Peer> peer, bool waits) {
  co_await peer->drain();
  fmt::print("{} at {} takes no work any more\n", peer->name(), peer->address());
  if (!waits)
    co_return;
  // It leaves in the middle of an answer.
  auto watching = watch(io, *peer).catch_([&](kj::Exception&&) { return peer->disconnected(); });
  co_await watching.exclusiveJoin(peer->disconnected());
  fmt::print("{} at {} has left\n", peer->name(), peer->address());
}

struct Arguments {
  std::vector<std::string> peers;
  net::JoinOptions join;
  bool waits = true;
};

int drainAll(const Arguments& arguments) {
  auto io = kj::setupAsyncIo();
  ClusterPeers cluster;
  if (!arguments.join.where.empty())
    cluster = findPeers(io, arguments.join, clientName);
  int code = exitDone;
  for (auto& named : arguments.peers) {
    kj::Own<net::Peer> peer;
    try {
      peer = find(io, named, cluster);
    } catch (const kj::Exception& failure) {
      fmt::print(stderr, "roam: {}\n", failure.getDescription().cStr());
      code = exitUnreachable;
      continue;
    }
    drain(io, kj::mv(peer), arguments.waits).wait(io.waitScope);
  }
  return code;
}

} // namespace

void addDrainCommand(CLI::App& app, Command& chosen) {
  auto arguments = std::make_shared<Arguments>();
  auto* command = app.add_subcommand(
      "drain",
      "Have peers leave: each takes no new work, finishes what runs (at most its --drain-time), "
      "hands back the rest, which runs elsewhere, and ends. Waits until they have left, one after "
      "another, and says what for.");
  command
      ->add_option("PEER", arguments->peers,
                   "Its address, or its name among the peers of --join. May be repeated")
      ->required();
  addJoinWords(*command, arguments->join);
  command->add_flag("!--no-wait", arguments->waits, "Do not wait until they have left");
  command->callback(
      [&chosen, arguments] { chosen = [arguments] { return drainAll(*arguments); }; });
}

} // namespace roam::tools
