// The origin's side of every call: which chunk goes to which peer, and what becomes of it.
//
// An Origin lives on one event loop and holds the connections to peers. A Job is one map or call.
// Each peer is kept busy with two chunks a worker (one runs while the next is on its way), taken
// from the job's ChunkPlan as earlier ones complete: peers pull. When a connection ends, its chunks
// go back to their plans and out again to other peers.
//
// Everything comes through the constructor, so that a whole cluster can be run in one thread on a
// clock of the test's.
#pragma once
#include "net/closure-runner.h"
#include "net/message-memory.h"
#include "net/peer.h"
#include "roam/entry.h"
#include "runtime/chunk-plan.h"
#include "runtime/recent-lines.h"
#include <exception>
#include <functional>
#include <kj/async.h>
#include <kj/timer.h>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace roam {

/// What one call asks for. Owned by the job.
struct JobSpec {
  Digest entry;
  net::Code code; ///< outlives the job
  /// Gets the code where `code` has no slice; asked for only if a peer lacks it.
  std::function<kj::Promise<std::shared_ptr<const std::string>>()> fetchCode;
  std::shared_ptr<const kj::Array<const kj::byte>> captures; ///< shared with what is being sent
  std::uint64_t count = 1;
  /// Appends the encoded arguments of a range of elements.
  std::function<void(ElementRange, Output&)> encode;
  int peer = -1;           ///< only there, if not negative
  bool home = false;       ///< the code uses peer-local variables
  std::uint64_t chunk = 0; ///< 0: adaptive
  kj::Duration deadline = 1 * kj::DAYS;
  /// What may have begun at a peer or worker that was lost is sent again.
  bool mayRepeat = true;
  /// Near the end, a chunk that takes much longer than it should is sent to an idle peer, too.
  bool hedges = false;
  /// How often a chunk may be sent again that was running when its peer or worker was lost.
  unsigned retries = 2;
  /// Hears the lines that the code prints, with the name of the peer: on the loop, before the
  /// results of their chunk. May be empty, and may be called when the job is over.
  std::function<void(const std::string& peer, kj::StringPtr line, bool isError)> output;
};

/// Hears what becomes of a job. Called on the loop; must not destroy the job from within.
class JobListener {
 public:
  /// Asked before each chunk is sent. Once this was false, the listener calls Job::resume when it
  /// becomes true again.
  virtual bool wantsMore() = 0;
  /// The results of a range: each range of the job comes once. They may go to another thread. If
  /// they are the `last`, `finished` follows at once.
  virtual void completed(ElementRange range, kj::Array<const kj::byte> results, bool last) = 0;
  /// The job is over: all ranges came, or an error for people says why not.
  virtual void finished(std::exception_ptr error) = 0;

 protected:
  ~JobListener() = default;
};

/// Hears of peers that were lost. Called on the loop.
class PeerLosses {
 public:
  /// The peer is there until this returns.
  virtual void lost(net::Peer& peer, const std::string& why) = 0;

 protected:
  ~PeerLosses() = default;
};

class Origin final : private kj::TaskSet::ErrorHandler {
 public:
  class Job;

  explicit Origin(kj::Timer& timer);
  ~Origin() noexcept(false);
  KJ_DISALLOW_COPY(Origin);

  /// Uses the peer from now on, until its connection ends. Peers keep the index they are given
  /// here, from 0, which is returned.
  unsigned add(kj::Own<net::Peer> peer);
  /// Who hears of losses from now on; null: nobody.
  void tellLosses(PeerLosses* losses) { lossesHeard_ = losses; }

  /// Starts a job; its listener hears at least `finished`, never during this call. Dropping the job
  /// cancels it: what has not begun is taken back, what has runs to its end for nothing.
  kj::Own<Job> start(JobSpec spec, JobListener& listener);

  /// The peers still connected, with their index.
  std::vector<std::pair<unsigned, net::Peer*>> peers();

 private:
  struct Link;
  /// Tells peers of each other, once for all changes of this turn of the loop.
  void introduceLater();
  void introduce();
  void lose(Link& link, const std::string& why);
  /// The link with the fewest chunks for its workers that the job may still send to; null if there
  /// is none.
  Link* leastBusy(const Job& job);
  /// Whether another job's end may make room for this one: it could send more, and links are full.
  bool hasToWait(const Job& job) const;
  /// A peer with nothing to do, other than this one; null if there is none.
  Link* idleBeside(const Link& link, const Job& job);
  bool serves(const Job& job) const;
  std::string whyNobodyServes(const Job& job) const;
  /// A line for each peer that the job may use and that turned away what it was sent last.
  std::string whoTurnsAway(const Job& job) const;
  /// Whether the peer takes work, as the answer to its chunk of this number tells.
  void learn(Link& link, std::uint64_t number, const net::ChunkOutcome& outcome);
  /// Sends the peer nothing for limits::turnedAwayRetry.
  void rest(Link& link);
  unsigned workers() const;
  void pumpAll();
  void pumpWaiting();
  void taskFailed(kj::Exception&& exception) override;

  kj::Timer& timer_;
  std::shared_ptr<net::MessageMemory> memory_ = std::make_shared<net::MessageMemory>();
  std::vector<kj::Own<Link>> links_; // by index; those that are lost stay, without a peer
  RecentLines losses_;               // why links were lost, for the error when none is left
  std::list<Job*> jobs_;             // all that are not yet dropped
  std::list<Job*> waiting_; // those that have to wait for room, in the order they came to it
  PeerLosses* lossesHeard_ = nullptr;
  bool introducing_ = false;
  kj::TaskSet closing_; // lost peers, until nothing of theirs is on the stack; introductions; rests
};

/// One call on its way. Created by Origin::start.
class Origin::Job final : private kj::TaskSet::ErrorHandler {
 public:
  Job(Origin& origin, JobSpec spec, JobListener& listener);
  ~Job() noexcept(false);
  KJ_DISALLOW_COPY(Job);

  /// The listener wants results again.
  void resume() { pump(); }

 private:
  friend class Origin;
  struct Flight;
  using HeldFlight = std::shared_ptr<Flight>;

  void begin();
  void pump();
  void sendWhatFits();
  void endIfDone();
  bool isAtItsLimit(const Link& link) const;
  void send(Link& link, ElementRange range);
  /// False if the arguments of the range don't fit one chunk; the range is then split, or the job
  /// over.
  bool encodeArguments(ElementRange range, Output& out);
  void launch(HeldFlight flight, net::Chunk chunk, std::shared_ptr<const void> owner);
  /// It takes no room at its peer any more.
  void land(Flight& flight);
  void settled(Flight& flight, net::ChunkOutcome outcome);
  void completed(Flight& flight, net::ChunkOutcome outcome);
  void fetchCode();
  void failedChunk(Flight& flight, net::Failure failure);
  void disturbed(Flight& flight, kj::Exception&& exception);
  void handOutAgain(const Flight& flight);
  /// The error for a call that was at a peer which is lost.
  std::exception_ptr lostPeer(std::string why, bool mayHaveRun) const;
  void ranInVain(const Flight& flight, std::exception_ptr reason, bool mayHaveRun);
  void split(ElementRange range);
  // In origin-hedging.cpp.
  /// Of the chunk that begins with this element; null if no peer has it.
  HeldFlight flightOf(std::uint64_t first) const;
  void dropOthersOf(const Flight& landed);
  void learnOverhead(const Flight& flight, std::uint64_t runNanoseconds);
  bool isOverdue(const Flight& flight) const;
  bool isAlone(const Flight& flight) const;
  void hedgeLater();
  void hedge();
  void finish(std::exception_ptr error);
  void taskFailed(kj::Exception&& exception) override;

  Origin& origin_;
  JobSpec spec_;
  JobListener& listener_;
  ChunkPlan plan_;
  std::map<unsigned, unsigned> inFlight_;      // chunks of this job, by link
  std::list<HeldFlight> flights_;              // whose answers count, in the order of sending
  std::map<std::uint64_t, unsigned> attempts_; // that a chunk did not survive, by its first element
  std::size_t argumentBytes_ = 0;              // of the chunk sent last
  double overheadNanoseconds_ = 0;             // of a chunk, besides its run
  bool looksForSlow_ = false;                  // a look at chunks that take long is to come
  std::exception_ptr failure_;                 // of the lowest element that failed
  std::exception_ptr died_;                    // how its code ended a worker the last time
  std::uint64_t failedElement_ = 0;
  bool finished_ = false;
  bool fetching_ = false;                                 // the code
  std::shared_ptr<const std::string> fetched_;            // the code, if it was
  std::list<Job*>::iterator place_;                       // in Origin::jobs_
  std::optional<std::list<Job*>::iterator> waitingPlace_; // in Origin::waiting_
  kj::TaskSet tasks_; // last: its promises refer to what is above
};

} // namespace roam
