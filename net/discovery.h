// Finding the peers of a cluster: by a list, a folder, multicast, the DNS, or a command.
//
// Each place is looked at as long as the Discovery lives, so peers that come later are found, too:
//
//   JoinOptions options;
//   options.where = {"127.0.0.1:7070", "dir:/srv/roam/peers", "multicast"};
//   auto discovery = discover(io, log, options, [&](std::string address) { ... dial it ... });
//   discovery->firstRound().wait(io.waitScope); // every place has been looked at once
//   auto announced = discovery->announce("127.0.0.1:7071"); // now others find this one
#pragma once
#include "net/log.h"
#include <functional>
#include <kj/async-io.h>
#include <string>
#include <vector>

namespace roam::net {

/// Where to look for peers, as people write it.
struct JoinOptions {
  /// Each a place, or several separated by commas: see net/join-place.h.
  std::vector<std::string> where;
  /// Peers of other clusters are not found; empty: "default".
  std::string cluster;
  /// False: `announce` changes nothing, so that others don't find this one.
  bool registers = true;
  /// GROUP:PORT of the place "multicast"; empty: limits::multicastGroup.
  std::string multicast;
};

/// While it lives, others find an address in the places that can be written to (dir:, multicast).
/// Destroying it takes the address back.
class Announcement {
 public:
  virtual ~Announcement() noexcept(false) = default;
};

/// Takes an address as net/address.h returns it. Called on the loop thread, at once after
/// `discover` for those of a list, when it appears, and again when it appears after it was gone or
/// started anew, as far as that shows; also for addresses announced here, and once for each place
/// that has it. Whether a peer is there is to be found out by dialling. Must not throw.
using AddressFound = std::function<void(std::string address)>;

/// Looks for peers until it is destroyed. Call on the loop thread. What goes wrong with a place is
/// one line of the log when it begins and one when it is over; it is tried on and on.
class Discovery {
 public:
  virtual ~Discovery() noexcept(false) = default;
  /// Resolves when every place has been looked at once, or did not answer in its time. Never fails.
  virtual kj::Promise<void> firstRound() = 0;
  /// The discovery must outlive it. A file that others remove is written again.
  virtual kj::Own<Announcement> announce(std::string address) = 0;
};

/// Throws FAILED, in words for the one who wrote the options, if they are wrong or contradict each
/// other. `io` and `log` must outlive the discovery. No address is found before this returned.
kj::Own<Discovery> discover(kj::AsyncIoContext& io, Log& log, const JoinOptions& options,
                            AddressFound found);

} // namespace roam::net
