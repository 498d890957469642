// Which peer a chunk goes to, and what becomes of peers. Jobs are in origin-job.cpp.
#include "net/limits.h"
#include "roam/error.h"
#include "runtime/origin-link.h"
#include <fmt/format.h>
#include <kj/debug.h>

namespace roam {

Origin::Origin(kj::Timer& timer) : timer_(timer), closing_(*this) {}

Origin::~Origin() noexcept(false) {
  KJ_ASSERT(jobs_.empty(), "jobs are dropped before their origin");
}

unsigned Origin::add(kj::Own<net::Peer> peer) {
  auto link = kj::heap<Link>(kj::mv(peer), unsigned(links_.size()));
  Link& added = *link;
  added.watch = added.get()
                    ->disconnected()
                    .then([this, &added] {
                      if (net::Peer* lost = added.get())
                        lose(added, lost->whyDisconnected().cStr());
                    })
                    .eagerlyEvaluate([this](kj::Exception&& e) { taskFailed(kj::mv(e)); });
  links_.push_back(kj::mv(link));
  introduceLater();
  pumpAll();
  return added.index;
}

void Origin::introduceLater() {
  if (!introducing_)
    closing_.add(kj::evalLater([this] { introduce(); }));
  introducing_ = true;
}

void Origin::introduce() {
  introducing_ = false;
  std::vector<net::Neighbour> all;
  for (auto& [index, peer] : peers())
    if (peer->target())
      all.push_back({peer->address(), peer->target()->toText()});
  for (auto& link : links_) {
    const bool hasOthers = all.size() > 1;
    if (link->get() == nullptr || !link->get()->target() || (!hasOthers && !link->isIntroduced))
      continue;
    link->isIntroduced = hasOthers;
    // One that fails is lost, which is noticed elsewhere, or of an older Roam, and compiles itself.
    closing_.add(
        link->get()->introduce(kj::arrayPtr(all.data(), all.size())).catch_([](kj::Exception&&) {
        }));
  }
}

std::vector<std::pair<unsigned, net::Peer*>> Origin::peers() {
  std::vector<std::pair<unsigned, net::Peer*>> connected;
  for (auto& link : links_)
    if (net::Peer* peer = link->get())
      connected.emplace_back(link->index, peer);
  return connected;
}

unsigned Origin::workers() const {
  unsigned count = 0;
  for (auto& link : links_)
    if (link->get() != nullptr && !link->leaves)
      count += link->workers();
  return count;
}

void Origin::lose(Link& link, const std::string& why) {
  net::Peer* peer = link.get();
  if (peer == nullptr)
    return;
  losses_.line(kj::str(peer->name().c_str(), " at ", peer->address().c_str(), ": ", why.c_str()));
  if (lossesHeard_ != nullptr)
    lossesHeard_->lost(*peer, why);
  // We may be inside one of the peer's own promises: it is closed once the stack is clear. Every
  // call on it then fails with DISCONNECTED, and its chunk goes elsewhere.
  closing_.add(kj::evalLater([closed = kj::mv(link.peer)] {}));
  link.peer = nullptr;
  introduceLater();
  pumpAll(); // jobs that only this peer could serve end here
}

void Origin::learn(Link& link, std::uint64_t number, const net::ChunkOutcome& outcome) {
  KJ_IF_MAYBE (why, outcome.turnedAway) {
    link.turnedAway(*why);
    rest(link);
  } else
    link.took(number);
  if (outcome.leaves && !link.leaves) {
    link.leave();
    closing_.add(kj::evalLater([this] { pumpAll(); })); // jobs that only it could serve end
  }
}

/// So a peer in doubt gets one chunk each limits::turnedAwayRetry, until it takes one.
void Origin::rest(Link& link) {
  link.rests = true;
  closing_.add(timer_.afterDelay(limits::turnedAwayRetry).then([this, &link, rest = ++link.rested] {
    if (rest != link.rested)
      return;
    link.rests = false;
    pumpAll();
  }));
}

std::string Origin::whoTurnsAway(const Job& job) const {
  std::string all;
  for (auto& link : links_)
    if (net::Peer* peer = link->get(); peer != nullptr && link->isFor(job) && link->isInDoubt())
      all += fmt::format("\n  {} at {} takes no work: {}", peer->name(), peer->address(),
                         link->whyTurnedAway);
  return all;
}

void Origin::taskFailed(kj::Exception&& exception) {
  KJ_LOG(ERROR, "while closing a peer's connection", exception);
}

Origin::Link* Origin::leastBusy(const Job& job) {
  Link* best = nullptr;
  for (auto& link : links_)
    if (link->mayServe(job) && link->hasRoom() && !job.isAtItsLimit(*link) &&
        (best == nullptr || link->load() < best->load()))
      best = link;
  return best;
}

bool Origin::hasToWait(const Job& job) const {
  for (auto& link : links_)
    if (link->mayServe(job) && !link->hasRoom() && !job.isAtItsLimit(*link))
      return true;
  return false;
}

Origin::Link* Origin::idleBeside(const Link& link, const Job& job) {
  for (auto& other : links_)
    if (other.get() != &link && other->mayServe(job) && other->isIdle())
      return other;
  return nullptr;
}

/// A peer that leaves serves the jobs whose chunks it still runs.
bool Origin::serves(const Job& job) const {
  for (auto& link : links_)
    if (link->mayServe(job) || (link->isFor(job) && job.inFlight_.contains(link->index)))
      return true;
  return false;
}

std::string Origin::whyNobodyServes(const Job& job) const {
  const std::string away = whoTurnsAway(job);
  if (job.spec_.peer >= 0)
    return away.empty()
               ? "the peer that was to run the call is no longer connected:" + losses_.text()
               : "the peer that was to run the call takes none any more:" + away;
  if (losses_.isEmpty())
    return away.empty() ? std::string("there is no peer to run the call on")
                        : "no peer is left to run the call on:" + away;
  return "no peer is left to run the call on; lost were:" + losses_.text() + away;
}

void Origin::pumpAll() {
  auto jobs = jobs_; // a copy: listeners may start other jobs
  for (Job* job : jobs)
    job->pump();
}

/// Gives room that has become free to those that have waited longest for it.
void Origin::pumpWaiting() {
  for (auto next = waiting_.begin(); next != waiting_.end();) {
    Job* job = *next++;
    if (leastBusy(*job) != nullptr)
      job->pump(); // it takes itself off the list
    else if (job->spec_.peer < 0)
      return; // no link at all has room
  }
}

kj::Own<Origin::Job> Origin::start(JobSpec spec, JobListener& listener) {
  auto job = kj::heap<Job>(*this, kj::mv(spec), listener);
  job->place_ = jobs_.insert(jobs_.end(), job);
  job->begin();
  return job;
}

} // namespace roam
