// The machines of a simulated cluster: peers with the code of true ones, but for their worker
// processes, and origins.
#pragma once
#include "runtime/members.h"
#include "runtime/name-store.h"
#include "runtime/name-table.h"
#include "runtime/peer/membership.h"
#include "runtime/store/sqlite-store.h"
#include "tests/net/peers.h"
#include "tests/simulation/network.h"
#include <kj/async-unix.h>
#include <kj/debug.h>

namespace roam::simulation {

/// What a machine's program gets from KJ: its view of the network, and the simulation's clock.
class MachineIo final : public kj::AsyncIoProvider {
 public:
  MachineIo(Network& network, kj::Timer& timer, const std::string& machine)
      : network_(network.at(machine)), timer_(timer) {}

  kj::OneWayPipe newOneWayPipe() override { return kj::newOneWayPipe(); }
  kj::TwoWayPipe newTwoWayPipe() override { return kj::newTwoWayPipe(); }
  kj::Network& getNetwork() override { return *network_; }
  PipeThread newPipeThread(
      kj::Function<void(kj::AsyncIoProvider&, kj::AsyncIoStream&, kj::WaitScope&)>) override {
    KJ_UNIMPLEMENTED("a simulation has one thread");
  }
  kj::Timer& getTimer() override { return timer_; }

 private:
  kj::Own<kj::Network> network_;
  kj::Timer& timer_;
};

/// What all machines share.
struct Surroundings {
  Chance& chance;
  Trace& trace;
  Network& network;
  kj::Timer& timer;
  kj::WaitScope& loop;
  kj::UnixEventPort& unused; ///< nothing of a simulation comes from the operating system

  kj::AsyncIoContext io(const std::string& machine) const {
    return {kj::Own<kj::LowLevelAsyncIoProvider>(), kj::heap<MachineIo>(network, timer, machine),
            loop, unused};
  }
};

/// Workers that take their time, die, and turn away what is too much; what they give is right.
/// Slices are formulas; "throws 7" throws at every seventh element.
class Workers final : public test::FormulaRunner {
 public:
  Workers(const Surroundings& world, std::string machine)
      : world_(world), machine_(std::move(machine)) {}

  kj::Promise<net::ChunkOutcome> run(net::Chunk chunk, kj::ArrayPtr<const kj::byte> slice) override;
  void handBack(kj::StringPtr why) override;

  std::size_t present() const { return waiting_.size() + running_; }

 private:
  kj::Promise<net::ChunkOutcome> work(net::Chunk chunk, kj::ArrayPtr<const kj::byte> slice);
  void next();

  const Surroundings& world_;
  const std::string machine_;
  std::list<kj::PromiseFulfiller<kj::Maybe<kj::String>>*> waiting_;
  std::size_t running_ = 0;
};

/// A `roam peer` from its start to its end. Destroying it is its being killed.
class SimulatedPeer {
 public:
  /// Looks for its cluster at `join`; keeps its store if that is empty, in `file` or in memory.
  SimulatedPeer(const Surroundings& world, std::string machine, std::vector<std::string> join,
                std::string stateDirectory);
  ~SimulatedPeer() noexcept(false);

  /// Begins what a peer does that is told to end.
  void leave() { leaving_ = end().eagerlyEvaluate(nullptr); }
  std::size_t chunks() const { return host_.chunksOpen() + workers_.present(); }

 private:
  kj::Promise<void> end();

  peer::PeerOptions options_;
  kj::AsyncIoContext io_;
  test::Lines log_;
  net::SliceStore slices_{limits::storeBytes};
  Workers workers_;
  peer::Neighbours neighbours_;
  net::Host host_;
  peer::Membership membership_;
  kj::Own<net::Listener> listener_;
  kj::Promise<void> joining_ = nullptr, leaving_ = nullptr;
};

/// A program that uses the cluster.
class SimulatedOrigin {
 public:
  SimulatedOrigin(const Surroundings& world, const std::string& machine,
                  const std::vector<std::string>& join);

 private:
  kj::AsyncIoContext io_;

 public:
  Origin origin;
  Members members;
  NameStore names;
  kj::Own<NameTable> table; ///< null before `join`
  kj::Promise<void> join();

 private:
  const Surroundings& world_;
};

} // namespace roam::simulation
