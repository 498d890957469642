// A cluster of one program's own: peer processes on this machine that end with it.
#pragma once
#include <kj/io.h>
#include <string>
#include <sys/types.h>
#include <vector>

namespace roam {

/// Peer processes started by this program. They listen on Unix sockets in a directory only this
/// user may enter, and hold the read end of a pipe whose write end is here: when this program ends,
/// however it ends, they read the end of the pipe and go.
class PrivateCluster {
 public:
  struct Options {
    std::string command;  ///< the `roam` program
    unsigned peers = 1;   ///< processes
    unsigned workers = 1; ///< worker processes in each
  };

  /// The number of peers and workers that suits this machine: a worker a processor, spread over at
  /// most eight peers. `command`: the setting of that name.
  static Options forThisMachine(const std::string& command);

  /// Starts the peers and waits until each listens, at most limits::workerStart. Throws roam::Error
  /// that says which program failed to start and what it wrote. Blocks; not for a loop thread.
  explicit PrivateCluster(const Options& options);
  /// Ends the peers and removes the directory. Waits for them.
  ~PrivateCluster();
  KJ_DISALLOW_COPY(PrivateCluster);

  /// One address a peer.
  const std::vector<std::string>& addresses() const { return addresses_; }

 private:
  struct PeerProcess {
    pid_t id = 0;
    kj::AutoCloseFd watch; // a pidfd
  };

  void startPeer(const Options& options, unsigned index, int output, int lifeline);
  void awaitListening(int output, const Options& options);
  void endPeers();
  static void awaitEnd(PeerProcess& peer);

  const pid_t owner_;
  std::string directory_;
  kj::AutoCloseFd lifeline_;
  std::vector<PeerProcess> processes_;
  std::vector<std::string> addresses_;
};

/// Where the `roam` program is: at `chosen` if that is not empty; else beside this library (../bin,
/// ../../bin: build tree and installed tree); else on PATH. Throws roam::ConfigurationError that
/// lists the places looked at.
std::string findRoamCommand(const std::string& chosen);

} // namespace roam
