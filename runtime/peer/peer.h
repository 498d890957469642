// A peer: the process that owns sockets, slices and compiled objects, and has workers run what
// origins send.
#pragma once
#include "jit/object-cache.h"
#include "net/host.h"
#include "net/listener.h"
#include "net/log.h"
#include "net/slice-store.h"
#include "runtime/peer/audit-log.h"
#include "runtime/peer/bundles.h"
#include "runtime/peer/code-ladder.h"
#include "runtime/peer/compilers.h"
#include "runtime/peer/membership.h"
#include "runtime/peer/neighbours.h"
#include "runtime/peer/own-output.h"
#include "runtime/peer/peer-options.h"
#include "runtime/peer/worker-pool.h"
#include <functional>
#include <kj/async-io.h>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace roam::peer {

/// Runs a peer until SIGTERM, SIGINT or the end of its lifeline. Prints `roam peer listening on
/// ADDRESS` for each address to standard output, once its workers are ready; everything else goes
/// to standard error. Takes over the signals of the process: call it from main. Returns the exit
/// code of the program: 0, or 1 if the peer could not start.
int runPeer(const PeerOptions& options);

/// Makes a runner that stands before the workers, and leaves to them what it does not run itself.
using RunnerInFront = std::function<std::unique_ptr<net::ClosureRunner>(net::ClosureRunner&)>;

/// A peer on an event loop. Everything ends when it is destroyed: connections, workers, socket
/// files.
class Peer {
 public:
  /// Starts the workers. `io` and `log` must outlive the peer. Throws if there is no worker
  /// or compiler program, or a bundle can't be used. `inFront` may be null.
  Peer(kj::AsyncIoContext& io, net::Log& log, const PeerOptions& options,
       const RunnerInFront& inFront = nullptr);
  KJ_DISALLOW_COPY(Peer);

  /// Listens, once every worker is ready. Resolves to the addresses, with the ports that the kernel
  /// chose.
  kj::Promise<std::vector<std::string>> listen();

  /// What shipped code prints goes to our own output from now on; it waits until then.
  void beginOutput() { output_.begin(); }
  /// Takes no work any more, and hands back what waits. Resolves when what runs is done, at the
  /// latest after PeerOptions::drainSeconds, and the origins know; then destroy the peer.
  kj::Promise<void> leave();
  /// Resolves when somebody asks the peer to leave.
  kj::Promise<void> askedToLeave() { return host_.askedToLeave(); }

  const WorkerPool& workers() const { return workers_; }
  Quarantine& quarantine() { return quarantine_; }

 private:
  net::ClosureRunner& runner() { return inFront_ ? *inFront_ : workers_; }
  kj::Promise<void> listenOn(const std::string& address);

  kj::AsyncIoContext& io_;
  net::Log& log_;
  PeerOptions options_;
  OwnOutput output_;
  std::optional<AuditLog> audit_;
  Bundles bundles_;
  net::SliceStore slices_;
  std::optional<jit::ObjectCache> objects_;
  Neighbours neighbours_;
  Compilers compilers_;
  CodeLadder ladder_;
  Quarantine quarantine_;
  WorkerPool workers_;
  std::unique_ptr<net::ClosureRunner> inFront_; ///< may be null
  net::Host host_;
  Membership membership_;
  std::vector<kj::Own<net::Listener>> listeners_;
  std::vector<std::string> addresses_; ///< of the listeners
};

} // namespace roam::peer
