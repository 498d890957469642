// One run of a seed: a cluster, what programs do with it, what goes wrong meanwhile, and what must
// be true of it in spite of that.
//
//     0 s          peers start; origins join
//     from then    programs map, call, publish and call by name, all at the same time; links fall
//                  silent, connections break, peers are killed and come back, members leave
//     calmAfter    everything is healed; every program must get its right results soon
//     the end      programs go; nothing of theirs may be left anywhere
#pragma once
#include "tests/simulation/machines.h"
#include "tests/support/temporary-folder.h"

namespace roam::simulation {

/// A cluster from a seed, of three to six peers and one to three origins.
class Cluster final : private kj::TaskSet::ErrorHandler {
 public:
  explicit Cluster(std::uint64_t seed, bool isPrinted = false);
  ~Cluster() noexcept(false);

  /// From the start to the end. What should not be is in `violations` then.
  void run();

  std::vector<std::string> violations;
  std::uint64_t hash() const { return trace_.hash(); }
  /// What happened, so that a test sees that something did.
  struct Counts {
    unsigned maps = 0, calls = 0, failed = 0, dropped = 0, published = 0, killed = 0, left = 0,
             silences = 0, cuts = 0;
  };
  Counts counts;

 private:
  class Call;
  static std::string addressOf(std::size_t peer);
  void taskFailed(kj::Exception&& exception) override;
  bool isCalm() const { return timer_.now() >= calm_; }
  void violated(std::string what);
  void startPeer(std::size_t index);
  std::string anyMachine();

  // What goes wrong: faults.cpp.
  kj::Promise<void> disturb();
  kj::Promise<void> endForAWhile(std::size_t peer, bool leaves);
  kj::Promise<void> silenceForAWhile(std::string from, std::string to, bool bothWays);

  // What programs do: programs.cpp.
  kj::Promise<void> program(std::size_t index);
  kj::Promise<void> thread(SimulatedOrigin& origin, std::size_t index);
  kj::Promise<void> callOnce(SimulatedOrigin& origin);
  kj::Promise<void> callByName(SimulatedOrigin& origin, std::size_t index);
  kj::Promise<bool> publish(SimulatedOrigin& origin, std::size_t index);
  kj::Promise<bool> mapAll(SimulatedOrigin& origin);
  kj::Promise<void> recover(SimulatedOrigin& origin, std::size_t index);

  /// Lets time pass until the promise is done; false if it is not after `most`.
  bool runUntil(kj::Promise<void>& promise, kj::Duration most);
  void checkEnd();

  kj::EventLoop eventLoop_;
  kj::WaitScope loop_{eventLoop_};
  kj::UnixEventPort unused_;
  kj::TimerImpl timer_{kj::origin<kj::TimePoint>()};
  Chance chance_;
  Trace trace_;
  Network network_{timer_, chance_, trace_};
  Surroundings world_{chance_, trace_, network_, timer_, loop_, unused_};
  test::TemporaryFolder disk_; ///< of the peer that keeps the store
  const bool isDurable_;       ///< the store outlives its peer
  kj::TimePoint calm_;
  std::vector<kj::Own<SimulatedPeer>> peers_; ///< null while one is down
  std::set<std::size_t> disturbed_;           ///< peers that are about to end, or to come back
  std::vector<kj::Own<SimulatedOrigin>> origins_;
  std::uint64_t lastBound_ = 0; ///< the latest revision of which it was said that it is bound
  std::vector<std::pair<std::string, std::uint64_t>> seen_; ///< by origin: store and revision
  std::uint64_t nextNumber_ = 1;
  std::size_t running_ = 0; ///< calls that have not ended
  kj::TaskSet tasks_;       ///< faults that are on their way to being healed
};

} // namespace roam::simulation
