// A peer's worker processes, and the chunks that wait for them.
//
// Each chunk goes to an idle worker, best to one that has its entry loaded; when all are busy, each
// gets one more, so that no worker waits for the supervisor. A chunk that lies ready at a busy
// worker is taken back when another has nothing to do. Chunks whose code is not there yet are
// parked until the ladder (code-ladder.h) has it; then each worker links the object with the first
// chunk of it. A worker that dies fails the chunk it was running; what it had not begun goes to the
// others. Chunks that use peer-local variables have a queue of their own, which only the first
// worker serves: the variables are in its memory. If it dies, they start anew.
//
// Of a worker that dies, the chunk that it ran is to blame; what ends several goes into quarantine
// (quarantine.h): its chunks that wait fail, as do those that come. A digest under suspicion waits
// parked while enough workers run it.
//
// Code that is only to be linked need not wait for a busy worker: one more process, started when
// the workers are ready, links what no other has time for. It is the spare, too: when a worker
// ends, it takes that one's place at once.
#pragma once
#include "net/closure-runner.h"
#include "net/log.h"
#include "runtime/peer/code-ladder.h"
#include "runtime/peer/code-uses.h"
#include "runtime/peer/loaded-entries.h"
#include "runtime/peer/quarantine.h"
#include "runtime/peer/repro-folder.h"
#include "runtime/peer/waiting-chunk.h"
#include "runtime/peer/worker-process.h"
#include <array>
#include <kj/vector.h>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace roam::peer {

/// Runs chunks in worker processes. Call on the loop thread; results must be dropped there too.
class WorkerPool final : public net::ClosureRunner,
                         ChunkOwner,
                         CodeEvents,
                         WorkerEvents,
                         kj::TaskSet::ErrorHandler {
 public:
  struct Options {
    unsigned workers = 1;
    kj::String executable; ///< path of roam-worker
    /// What the loaded entries of each may take, in bytes.
    std::size_t codeLoaded = limits::codeLoaded;
    kj::Array<kj::String> libraries = nullptr; ///< with linked entries: paths
    net::OutputSink* output = nullptr;         ///< hears what all code prints; or nobody
    /// Where calls that ended a worker are kept, to be run again; null: nowhere.
    std::unique_ptr<ReproFolder> repros = nullptr;
    Allowance allowance = {}; ///< of each worker
    /// Processor time of one chunk; 0: no limit.
    kj::Duration processorTime = 0 * kj::SECONDS;
  };

  /// Starts the workers. All but the options must outlive the pool. Throws if the executable can't
  /// be started.
  WorkerPool(kj::UnixEventPort& port, kj::Timer& timer, net::Log& log, CodeLadder& ladder,
             Quarantine& quarantine, Options options);
  /// Ends the workers at once; whatever still waits fails as DISCONNECTED.
  ~WorkerPool() noexcept(false);
  KJ_DISALLOW_COPY(WorkerPool);

  /// Resolves when every worker is ready; fails with the reason if one can't start. Chunks may be
  /// run before that.
  kj::Promise<void> ready() { return ready_.addBranch(); }

  kj::Promise<net::ChunkOutcome> run(net::Chunk chunk, kj::ArrayPtr<const kj::byte> slice) override;
  bool has(const Digest& entry) const override { return isLinked(entry); }
  void handBack(kj::StringPtr why) override;
  void offer(const Digest& entry, kj::ArrayPtr<const kj::byte> object) override {
    ladder_.offer(entry, object);
  }
  kj::Promise<net::ObjectAnswer> object(net::ObjectQuestion question) override {
    return ladder_.object(question);
  }
  std::vector<Digest> codes() const override { return codeUses_.digests(); }
  kj::Maybe<net::CodeStatus> code(const Digest& digest) const override;
  Counters counters() const override;
  unsigned workers() const override { return workers_; }

  /// The processes that are ready now.
  kj::Vector<pid_t> processes() const;
  /// The process that only links, and would take the place of a worker: null if none is ready.
  kj::Maybe<pid_t> spare() const;
  /// Bytes of memory shared with the workers that are in use.
  std::size_t sharedMemory() const;

 private:
  /// What a slot of a worker is used for, by our account.
  struct Place {
    WaitingChunk* chunk = nullptr; ///< null if nobody waits for the answer any more
    Digest entry;
    CodeKind sent = CodeKind::none;
    std::uint64_t number = 0; ///< in the order of giving
    /// What its worker had used when it was first seen to run.
    kj::Maybe<kj::Duration> usedBefore = nullptr;
  };
  struct Member {
    kj::Own<WorkerProcess> process; ///< null between an end and a new start
    std::array<Place, slotCount> places = {};
    LoadedEntries loaded;
    std::unordered_set<Digest> linkedUsed; ///< of the linked entries
    std::uint64_t lastUse = 0;
    bool onlyLinks = false; ///< runs nothing, and is no worker
    bool retires = false;   ///< is given nothing more, and ended
    bool isReady() const { return process.get() != nullptr && process->isReady() && !retires; }
  };

  bool isLinked(const Digest& entry) const { return linked_.contains(entry); }

  // Which chunk goes where: worker-pool.cpp.
  std::size_t chunksWaiting() const;
  ChunkQueue& queueFor(const WaitingChunk& chunk);
  void enqueue(WaitingChunk& chunk) override;
  void forget(WaitingChunk& chunk) override;
  void dispatch();
  bool dispatchFront(ChunkQueue& queue);
  bool giveToBest(WaitingChunk& chunk);
  bool takeFromBusy();
  Member* choose(const net::Chunk& chunk);
  Member* linkingMember();
  Member* idleMember();
  void give(Member& member, WaitingChunk& chunk);
  kj::ArrayPtr<const kj::byte> codeFor(Member& member, Place& place);
  void putBack(WaitingChunk& chunk);
  void unpark(const Digest& entry);
  void unparkSuspected(const Digest& entry);
  void recall(const Digest& entry);
  void park(WaitingChunk& chunk);
  unsigned workersRunning(const Digest& entry) const;

  // What workers and the ladder tell: worker-pool-events.cpp.
  void onCode(const Digest& entry) override;
  void onNoCode(const Digest& entry, const kj::Exception& why) override;
  void onReady(WorkerProcess& worker) override;
  void onCompiled(WorkerProcess&, unsigned, kj::ArrayPtr<const kj::byte>) override {}
  void onAnswered(WorkerProcess& worker, unsigned slot) override;
  void onLine(WorkerProcess& worker, unsigned slot, std::string_view line, bool isError) override;
  void onEnded(WorkerProcess& worker, kj::StringPtr how) override;
  void taskFailed(kj::Exception&& exception) override;
  void learn(Member& member, const Place& place, const TakenAnswer& taken);
  void learnLinked(const WorkerProcess& worker);
  void keepRepro(const WaitingChunk& chunk, net::Failure& failure);
  void lose(Member& member, kj::StringPtr how);
  void promoteFor(Member& ended);
  void retireIfUsedUp(Member& member, const TakenAnswer& taken);
  kj::Promise<void> watchProcessorTime();
  void lookAtProcessorTime(Member& member);
  void start(Member& member);
  void startLater(Member& member, kj::Duration delay);
  void giveUp(const kj::Exception& exception);
  Member& memberOf(WorkerProcess& worker);

  kj::UnixEventPort& port_;
  kj::Timer& timer_;
  net::Log& log_;
  kj::String executable_;
  kj::Array<kj::String> libraries_;
  net::OutputSink* output_;
  std::unique_ptr<ReproFolder> repros_; ///< may be null
  std::unordered_set<Digest> linked_;   ///< in every worker
  std::size_t codeLoaded_;
  Allowance allowance_;
  kj::Duration processorTime_;
  CodeLadder& ladder_;
  Quarantine& quarantine_;
  CodeUses codeUses_;
  Counters counters_;
  ChunkQueue waiting_;                            ///< in the order of arrival
  ChunkQueue waitingForHome_;                     ///< the same; for the first member only
  ChunkQueue waitingToLink_;                      ///< the same; of those that run nothing
  std::unordered_map<Digest, ChunkQueue> parked_; ///< until the ladder has their code,
                                                  ///< or fewer workers run what is suspected
  std::uint64_t uses_ = 0;
  const unsigned workers_;
  unsigned notReady_; ///< of them
  kj::Own<kj::PromiseFulfiller<void>> readyFulfiller_;
  kj::ForkedPromise<void> ready_;
  std::vector<std::unique_ptr<Member>> members_; ///< the workers, then the one that only links
  kj::TaskSet tasks_;
};

} // namespace roam::peer
