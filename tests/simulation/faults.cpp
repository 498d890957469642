// What goes wrong in a simulated cluster.
#include "net/coroutine.h"
#include "tests/simulation/cluster.h"

namespace roam::simulation {

kj::Promise<void> Cluster::disturb() {
  while (true) {
    co_await timer_.afterDelay(chance_.between(50 * kj::MILLISECONDS, 1500 * kj::MILLISECONDS));
    if (isCalm())
      break;
    // The one that keeps the store goes like any other.
    const std::size_t peer = chance_.below(peers_.size());
    const std::string one = anyMachine(), other = anyMachine();
    switch (chance_.below(7)) {
    case 0:
    case 1:
      tasks_.add(endForAWhile(peer, false));
      break;
    case 2:
      tasks_.add(endForAWhile(peer, true));
      break;
    case 3:
      tasks_.add(silenceForAWhile(one, other, true));
      break;
    case 4:
      tasks_.add(silenceForAWhile(one, other, false));
      break;
    case 5:
      trace_.say("what connects {} and {} breaks", one, other);
      network_.cut(one, other);
      ++counts.cuts;
      break;
    case 6:
      network_.setDelay(chance_.oneIn(2) ? 1 * kj::MILLISECONDS : 300 * kj::MILLISECONDS);
      break;
    }
  }
  trace_.say("calm");
  network_.setDelay(1 * kj::MILLISECONDS);
  network_.healAll();
}

/// Its connections end with it, as far as the network tells. One that leaves may be done with that
/// by then, or not.
kj::Promise<void> Cluster::endForAWhile(std::size_t peer, bool leaves) {
  if (!disturbed_.insert(peer).second)
    co_return;
  trace_.say("{} {}", addressOf(peer), leaves ? "leaves" : "is killed");
  ++(leaves ? counts.left : counts.killed);
  if (leaves) {
    peers_[peer]->leave();
    co_await timer_.afterDelay(chance_.between(1 * kj::MILLISECONDS, 5 * kj::SECONDS));
  }
  peers_[peer] = nullptr;
  co_await timer_.afterDelay(chance_.between(10 * kj::MILLISECONDS, 4 * kj::SECONDS));
  startPeer(peer);
  disturbed_.erase(peer);
}

kj::Promise<void> Cluster::silenceForAWhile(std::string from, std::string to, bool bothWays) {
  if (from == to)
    co_return;
  trace_.say("{} {} {} falls silent", from, bothWays ? "and" : "to", to);
  ++counts.silences;
  network_.silence(from, to);
  if (bothWays)
    network_.silence(to, from);
  co_await timer_.afterDelay(chance_.between(100 * kj::MILLISECONDS, 8 * kj::SECONDS));
  network_.heal(from, to);
  network_.heal(to, from);
}

} // namespace roam::simulation
