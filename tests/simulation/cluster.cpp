#include "tests/simulation/cluster.h"

namespace roam::simulation {

Cluster::Cluster(std::uint64_t seed, bool isPrinted)
    : chance_(seed), trace_(timer_, isPrinted), isDurable_(!chance_.oneIn(3)),
      calm_(timer_.now() + chance_.between(4 * kj::SECONDS, 12 * kj::SECONDS)), tasks_(*this) {
  peers_.resize(3 + chance_.below(4));
  for (std::size_t i = 0; i < peers_.size(); ++i)
    startPeer(i);
  origins_.resize(1 + chance_.below(3));
  seen_.resize(origins_.size());
  for (std::size_t i = 0; i < origins_.size(); ++i)
    origins_[i] = kj::heap<SimulatedOrigin>(world_, "127.0.0.1:" + std::to_string(101 + i),
                                            std::vector{addressOf(chance_.below(peers_.size()))});
}

Cluster::~Cluster() noexcept(false) {}

std::string Cluster::addressOf(std::size_t peer) {
  return "127.0.0.1:" + std::to_string(1 + peer);
}

std::string Cluster::anyMachine() {
  std::size_t index = chance_.below(peers_.size() + origins_.size());
  return index < peers_.size() ? addressOf(index)
                               : "127.0.0.1:" + std::to_string(101 + index - peers_.size());
}

void Cluster::violated(std::string what) {
  trace_.say("VIOLATED: {}", what);
  violations.push_back(std::move(what));
}

/// The first keeps the store, and the others look for it there.
void Cluster::startPeer(std::size_t index) {
  trace_.say("{} starts", addressOf(index));
  std::vector<std::string> join;
  if (index > 0)
    join.push_back(addressOf(0));
  peers_[index] = kj::heap<SimulatedPeer>(world_, addressOf(index), std::move(join),
                                          index == 0 && isDurable_ ? disk_.path() : "");
}

bool Cluster::runUntil(kj::Promise<void>& promise, kj::Duration most) {
  const kj::TimePoint end = timer_.now() + most;
  while (!promise.poll(loop_)) {
    KJ_IF_MAYBE (next, timer_.nextEvent()) {
      if (*next > end)
        return false;
      timer_.advanceTo(kj::max(*next, timer_.now())); // it may have been set for the past
    } else
      return false;
  }
  return true;
}

void Cluster::run() {
  auto programs = kj::joinPromises(KJ_MAP(i, kj::indices(origins_)) { return program(i); });
  auto faults = disturb().eagerlyEvaluate(nullptr);
  if (!runUntil(programs, 5 * kj::MINUTES))
    violated(fmt::format("programs hang: {} calls have not ended", running_));
  else
    programs.wait(loop_);
  faults = nullptr;
  checkEnd();
}

/// Nobody uses the cluster any more: it comes to rest, and keeps nothing.
void Cluster::checkEnd() {
  origins_.clear();
  auto rest = timer_.afterDelay(10 * kj::SECONDS);
  runUntil(rest, 11 * kj::SECONDS);
  for (std::size_t i = 0; i < peers_.size(); ++i)
    if (peers_[i].get() == nullptr)
      violated(addressOf(i) + " is down at the end");
    else if (std::size_t chunks = peers_[i]->chunks(); chunks > 0)
      violated(fmt::format("{} still has {} chunks", addressOf(i), chunks));
  for (auto& peer : peers_)
    peer = nullptr;
  loop_.poll();
  if (network_.openEnds() > 0)
    violated(fmt::format("{} ends of connections are still held", network_.openEnds()));
  trace_.say("the end");
}

void Cluster::taskFailed(kj::Exception&& exception) {
  violated(std::string("a fault could not be made: ") + exception.getDescription().cStr());
}

} // namespace roam::simulation
