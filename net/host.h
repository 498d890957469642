// The host's side of peer.capnp: says hello, keeps the slices that come, has closures run.
#pragma once
#include "net/admission.h"
#include "net/audit.h"
#include "net/closure-runner.h"
#include "net/hello.h"
#include "net/log.h"
#include "net/message-memory.h"
#include "net/neighbours.h"
#include "net/rights.h"
#include "net/slice-store.h"
#include "net/store-door.h"
#include <kj/async-io.h>
#include <kj/timer.h>
#include <list>

namespace roam::net {

/// What a peer offers to the origins that connect. Owned by the peer's main; everything it is given
/// must outlive it. Call on the loop thread.
class Host {
 public:
  struct Counters {
    std::uint64_t slicesReceived = 0; ///< kept, over all connections
    std::uint64_t refusals = 0;       ///< hellos and slices that were turned away
    std::uint32_t connections = 0;    ///< open now
  };

  /// `bytesInFlight`: what the chunks of one connection may hold together.
  /// `introductions`: who hears of other peers, or nobody.
  Host(Hello hello, SliceStore& store, ClosureRunner& runner, kj::Timer& timer, Log& log,
       std::size_t bytesInFlight = limits::bytesInFlight, Introductions* introductions = nullptr);
  KJ_DISALLOW_COPY(Host);

  /// Speaks with one origin until the connection has ended; never fails. What the connection did
  /// wrong becomes a log line that begins with `from`. Drop the promise to cut the connection; it
  /// must not outlive the host.
  kj::Promise<void> serve(kj::Own<kj::AsyncIoStream> stream, kj::String from, Caller caller);

  /// What hellos say from now on.
  void setTarget(ObjectTarget target) { world_.hello.target = std::move(target); }

  /// Who hears what callers do; set before anyone is served.
  void setAudit(Audit& audit) { world_.audit = &audit; }
  /// Who leads to the cluster's store; set before anyone is served.
  void setStoreDoor(StoreDoor& door) { world_.storeDoor = &door; }
  /// Where the cluster's members know this host, for hellos from now on.
  void setAddress(std::string address) { world_.hello.address = std::move(address); }

  /// Turns work away until `takeWorkUntil`; what was taken is done. The words are for people: "not
  /// level with its cluster".
  void turnAway(kj::String why) { world_.admission.turnAway(kj::mv(why)); }
  /// Unless it leaves, and only for so long: a process that was stopped meanwhile, and has not run
  /// since, takes none. `why` as in turnAway.
  void takeWorkUntil(kj::TimePoint end, kj::String why) {
    world_.admission.takeWork({timer_, end, kj::mv(why)});
  }
  /// Turns work away for good, and hands back what waits for a worker.
  void leave() { world_.leave(); }
  bool isLeaving() const { return world_.admission.isLeaving(); }
  /// Resolves when an origin has asked the host to leave. The host takes no work any more then.
  kj::Promise<void> askedToLeave() { return askedToLeave_.addBranch(); }
  /// Resolves when no chunk waits or runs that somebody waits for, and all answers are sent.
  kj::Promise<void> idle();
  std::size_t chunksOpen() const { return world_.admission.chunks(); }
  /// Closes all connections: the origins read what was sent, and find that nothing more comes.
  /// Resolves when they have closed theirs, at the latest after limits::farewell.
  kj::Promise<void> farewell();

  const Counters& counters() const { return world_.counters; }

  /// What the objects that serve one connection use.
  struct World {
    Hello hello;
    SliceStore& store;
    ClosureRunner& runner;
    Log& log;
    Counters counters;
    std::size_t bytesInFlight;
    Introductions* introductions;
    Admission admission;
    StoreDoor* storeDoor = nullptr;
    Audit* audit = nullptr;
    kj::Own<kj::PromiseFulfiller<void>> askedToLeave;

    void leave();
  };

 private:
  struct OpenConnection;

  kj::Promise<void> allIsSent();
  kj::Promise<void> allAreClosed();

  World world_;
  kj::Timer& timer_;
  kj::ForkedPromise<void> askedToLeave_;
  std::list<OpenConnection*> open_; ///< in the order in which they came
  kj::Own<kj::PromiseFulfiller<void>> lastClosed_; ///< waits for `open_` to be empty; may be null
  std::shared_ptr<MessageMemory> memory_ = std::make_shared<MessageMemory>();
};

} // namespace roam::net
