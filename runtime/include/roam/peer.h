// A peer inside a program: as long as it lives, it runs what other programs of its cluster send.
//
//     roam::PeerOptions options;
//     options.join = "dir:/srv/roam";
//     roam::Peer peer(options);
//
// Link roam::peer for it. Closures that are linked into the program (roam_linked(TARGET) in CMake)
// run in it, on threads of the peer; all others run in roam-worker processes, as those of
// `roam peer` do.
#pragma once
#include "roam/api.h"
#include "roam/linked.h"
#include "roam/options.h"
#include <string>
#include <vector>

namespace roam {

/// What is left empty is as it is configured (ROAM_JOIN, roam.toml), like that of `roam peer`.
struct PeerOptions {
  /// Where the other peers of the cluster are found, as `roam peer --join` takes it.
  std::string join;
  std::string cluster; ///< its name
  std::string store;   ///< etcd://HOST:PORT,...
  /// Folder of the cluster's store, if this peer keeps it. If it is not configured either: in
  /// memory.
  std::string state;
  /// 127.0.0.1:PORT or unix:/PATH. Port 0: the kernel chooses.
  std::vector<std::string> listen = {"127.0.0.1:0"};
  /// Closures run at the same time: as many in worker processes, as many here. 0: one a processor.
  unsigned workers = 0;
  std::string name; ///< for people; empty: "host:process"
  /// How long the peer may take to start, and to get level with its cluster.
  Duration start{60};
  /// How long what runs in workers may take to end when the peer leaves; what still runs then is
  /// run elsewhere.
  Duration leave{5};
};

/// On a thread of its own, with all signals blocked there. Diagnostics go to standard error; what
/// shipped code prints goes to the program's standard output and error. Callable from any thread.
class ROAM_API Peer {
 public:
  /// Returns when the peer takes work. Throws ConfigurationError for what is wrong with the options
  /// or the configuration, and Error if the peer can't start in time: no program roam-worker, an
  /// address in use, a cluster's store that can't be reached.
  __attribute__((visibility("hidden"))) explicit Peer(const PeerOptions& options = PeerOptions())
      : Peer(options, detail::linkedHere()) {}
  /// Leaves: takes no new work, hands back what waits, gives what runs the time of
  /// PeerOptions::leave. Code that still runs on threads of this program is waited for.
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  /// Where it listens, with the ports that the kernel chose.
  const std::vector<std::string>& addresses() const;
  /// Waits at most that long until the peer has left because somebody asked it to: `roam drain`.
  /// True if it has; it serves nobody then.
  bool waitUntilLeft(Duration duration) const;

 private:
  Peer(const PeerOptions& options, const detail::LinkedSections& linked);

  struct State;
  State* state_;
};

} // namespace roam
