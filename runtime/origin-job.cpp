// One job: its chunks, what their outcomes mean for it, and its end.
#include "net/limits.h"
#include "roam/error.h"
#include "runtime/argument-buffer.h"
#include "runtime/origin-flight.h"
#include "runtime/remote-exception.h"
#include <algorithm>
#include <fmt/format.h>

namespace roam {
namespace {

/// Chunks of one map that a peer has at a time, for each of its workers: one runs, one is on its
/// way.
constexpr unsigned chunksAWorker = 2;

/// The bytes of a chunk on its way. The connection holds them for as long as it may still send
/// them.
struct Sent {
  Sent(std::shared_ptr<const kj::Array<const kj::byte>> captures,
       std::shared_ptr<const std::string> code, net::MessageMemory& memory, std::size_t expected)
      : captures(std::move(captures)), code(std::move(code)), arguments(memory, expected) {}
  std::shared_ptr<const kj::Array<const kj::byte>> captures;
  std::shared_ptr<const std::string> code; ///< if it was fetched
  ArgumentBuffer arguments;
};

/// What one peer's chunk prints.
class ChunkOutput final : public net::OutputSink {
 public:
  ChunkOutput(decltype(JobSpec::output) tell, std::string peer)
      : tell_(std::move(tell)), peer_(std::move(peer)) {}
  void line(kj::StringPtr text, bool isError) override { tell_(peer_, text, isError); }

 private:
  decltype(JobSpec::output) tell_;
  std::string peer_;
};

} // namespace

Origin::Job::Job(Origin& origin, JobSpec spec, JobListener& listener)
    : origin_(origin), spec_(kj::mv(spec)), listener_(listener), plan_(spec_.count, spec_.chunk),
      tasks_(*this) {}

Origin::Job::~Job() noexcept(false) {
  finished_ = true;
  origin_.jobs_.erase(place_);
  if (waitingPlace_)
    origin_.waiting_.erase(*waitingPlace_);
  // What was on its way leaves room for others; not now, in a destructor.
  const bool leavesRoom = !flights_.empty();
  while (!flights_.empty())
    land(*flights_.front());
  if (leavesRoom)
    origin_.closing_.add(kj::evalLater([&origin = origin_] { origin.pumpWaiting(); }));
}

void Origin::Job::begin() {
  // Later, not now: the listener must not hear of the job before start() has returned it.
  tasks_.add(kj::evalLater([this] { pump(); }));
  tasks_.add(origin_.timer_.afterDelay(spec_.deadline).then([this] {
    finish(std::make_exception_ptr(
        Timeout(fmt::format("the call did not end within its deadline of {} s: {} of {} elements "
                            "were not yet handed out{}",
                            spec_.deadline / kj::MILLISECONDS / 1000.0, plan_.remaining(),
                            spec_.count, origin_.whoTurnsAway(*this)))));
  }));
}

/// Sends what there is room for, and ends the job when nothing is left to do. Throws nothing: what
/// goes wrong ends the job.
void Origin::Job::pump() {
  if (finished_)
    return;
  KJ_IF_MAYBE (exception, kj::runCatchingExceptions([&] {
                 sendWhatFits();
                 endIfDone();
               }))
    finish(std::make_exception_ptr(Error(exception->getDescription().cStr())));
}

void Origin::Job::sendWhatFits() {
  bool wanted = true;
  while (plan_.hasWork() && !finished_ && !fetching_ && (wanted = listener_.wantsMore())) {
    Link* link = origin_.leastBusy(*this);
    if (link == nullptr)
      break;
    if (auto range = plan_.next(origin_.workers()))
      send(*link, *range);
  }
  hedgeLater();
  bool waits = plan_.hasWork() && wanted && !finished_ && origin_.hasToWait(*this);
  if (waits && !waitingPlace_)
    waitingPlace_ = origin_.waiting_.insert(origin_.waiting_.end(), this);
  if (!waits && waitingPlace_) {
    origin_.waiting_.erase(*waitingPlace_);
    waitingPlace_.reset();
  }
}

void Origin::Job::endIfDone() {
  if (finished_)
    return;
  if (plan_.finished())
    finish(failure_);
  else if (!origin_.serves(*this))
    finish(lostPeer(origin_.whyNobodyServes(*this), !flights_.empty() || !attempts_.empty()));
}

bool Origin::Job::isAtItsLimit(const Link& link) const {
  auto mine = inFlight_.find(link.index);
  return mine != inFlight_.end() && mine->second >= link.workers() * chunksAWorker;
}

void Origin::Job::send(Link& link, ElementRange range) {
  auto sent = std::make_shared<Sent>(spec_.captures, fetched_, *origin_.memory_, argumentBytes_);
  if (!encodeArguments(range, sent->arguments.out()))
    return;
  net::Chunk chunk;
  chunk.entry = spec_.entry;
  chunk.captures = *sent->captures;
  chunk.arguments = sent->arguments.bytes();
  chunk.count = range.count;
  chunk.first = range.first;
  chunk.home = spec_.home;
  if (spec_.output)
    chunk.output = std::make_shared<ChunkOutput>(spec_.output, link.get()->name());
  auto flight = std::make_shared<Flight>(link, range, origin_.timer_.now());
  argumentBytes_ = flight->argumentBytes = chunk.arguments.size();
  if (link.isInDoubt())
    origin_.rest(link);
  launch(kj::mv(flight), chunk, kj::mv(sent));
}

void Origin::Job::launch(HeldFlight flight, net::Chunk chunk, std::shared_ptr<const void> owner) {
  Link& link = flight->link;
  ++link.inFlight;
  ++inFlight_[link.index];
  link.flying.insert(flight->number);
  flights_.push_back(flight);
  tasks_.add(flight->call.wrap(link.get()->run(chunk, spec_.code, kj::mv(owner)))
                 .then(
                     [this, flight](net::ChunkOutcome&& outcome) {
                       if (flight->isOver)
                         return;
                       land(*flight);
                       origin_.learn(flight->link, flight->number, outcome);
                       settled(*flight, kj::mv(outcome));
                     },
                     [this, flight](kj::Exception&& exception) {
                       if (!flight->isOver)
                         disturbed(*flight, kj::mv(exception));
                     }));
}

void Origin::Job::land(Flight& flight) {
  flight.isOver = true;
  Link& link = flight.link;
  --link.inFlight;
  if (--inFlight_[link.index] == 0)
    inFlight_.erase(link.index);
  link.flying.erase(flight.number);
  flights_.remove_if([&](const HeldFlight& held) { return held.get() == &flight; });
}

bool Origin::Job::encodeArguments(ElementRange range, Output& out) {
  try {
    spec_.encode(range, out);
  } catch (const ArgumentsTooLarge& error) {
    if (flightOf(range.first) != nullptr)
      return false; // it fitted before: what the other peer does counts
    if (range.count > 1)
      split(range);
    else
      finish(std::make_exception_ptr(
          Error(fmt::format("element {} cannot be sent: {}", range.first, error.what()))));
    return false;
  } catch (...) { // the user's own serialize threw
    finish(std::current_exception());
    return false;
  }
  return true;
}

void Origin::Job::settled(Flight& flight, net::ChunkOutcome outcome) {
  if (finished_)
    return;
  if (outcome.turnedAway != nullptr || outcome.notSent != nullptr) {
    handOutAgain(flight);
  } else if (outcome.codeMissing) {
    handOutAgain(flight);
    fetchCode();
  } else KJ_IF_MAYBE (failure, outcome.failure) {
    failedChunk(flight, kj::mv(*failure));
  } else {
    completed(flight, kj::mv(outcome));
  }
  pump();
  origin_.pumpWaiting();
}

void Origin::Job::completed(Flight& flight, net::ChunkOutcome outcome) {
  dropOthersOf(flight);
  learnOverhead(flight, outcome.runNanoseconds);
  plan_.completed(flight.range, outcome.runNanoseconds,
                  std::max(flight.argumentBytes, outcome.results.size()));
  listener_.completed(flight.range, kj::mv(outcome.results), plan_.finished());
}

/// Nothing is sent meanwhile.
void Origin::Job::fetchCode() {
  if (fetching_ || fetched_ != nullptr)
    return;
  fetching_ = true;
  tasks_.add(spec_.fetchCode().then(
      [this](std::shared_ptr<const std::string> code) {
        fetching_ = false;
        fetched_ = code;
        spec_.code.slice =
            kj::arrayPtr(reinterpret_cast<const kj::byte*>(code->data()), code->size());
        pump();
      },
      [this](kj::Exception&& exception) {
        finish(std::make_exception_ptr(
            Error(fmt::format("the code of {} can't be had: {}", spec_.entry.shortened(),
                              exception.getDescription().cStr()))));
      }));
}

void Origin::Job::failedChunk(Flight& flight, net::Failure failure) {
  using Kind = net::Failure::Kind;
  const ElementRange& range = flight.range;
  net::Peer* peer = flight.link.get();
  auto error =
      remoteException(failure, spec_.entry, peer != nullptr ? peer->name() : "lost meanwhile");
  if (failure.kind == Kind::workerDied) {
    died_ = error;
    ranInVain(flight, error, failure.mayHaveRun);
    return;
  }
  dropOthersOf(flight);
  if (failure.kind == Kind::thrown) {
    failure.element = std::clamp(failure.element, range.first, range.end() - 1);
    if (failure_ == nullptr || failure.element < failedElement_) {
      failure_ = error;
      failedElement_ = failure.element;
    }
    plan_.failed(failure.element);
  } else if (failure.kind == Kind::quarantined && died_ != nullptr)
    finish(died_); // which says more
  else if (failure.kind == Kind::limit && range.count > 1)
    split(range); // its results did not fit
  else
    finish(error);
}

void Origin::Job::disturbed(Flight& flight, kj::Exception&& exception) {
  using Type = kj::Exception::Type;
  const bool wasRunning =
      exception.getType() == Type::DISCONNECTED && flight.link.wasRunning(flight.number);
  land(flight);
  if (finished_)
    return;
  const char* why = exception.getDescription().cStr();
  switch (exception.getType()) {
  case Type::DISCONNECTED:
    if (wasRunning || !spec_.mayRepeat)
      ranInVain(flight, lostPeer(why, true), true);
    else
      handOutAgain(flight);
    if (net::Peer* peer = flight.link.get())
      origin_.lose(flight.link, peer->whyDisconnected().cStr());
    break;
  case Type::OVERLOADED: // it will have room when other chunks are done
    handOutAgain(flight);
    tasks_.add(origin_.timer_.afterDelay(limits::overloadedRetry).then([this] { pump(); }));
    return;
  default:
    finish(std::make_exception_ptr(Error(why)));
  }
  pump();
  origin_.pumpWaiting();
}

/// Nothing of it was run, or another peer has it, too.
void Origin::Job::handOutAgain(const Flight& flight) {
  if (flightOf(flight.range.first) == nullptr)
    plan_.lost(flight.range);
}

std::exception_ptr Origin::Job::lostPeer(std::string why, bool mayHaveRun) const {
  if (mayHaveRun && !spec_.mayRepeat)
    why += "; the call may have run, and is not sent again, since Options::idempotent is not set";
  return std::make_exception_ptr(PeerLost(why, mayHaveRun));
}

/// What ran it was lost, and it gave no results.
void Origin::Job::ranInVain(const Flight& flight, std::exception_ptr reason, bool mayHaveRun) {
  const bool mayTryAgain =
      (spec_.mayRepeat || !mayHaveRun) && ++attempts_[flight.range.first] <= spec_.retries;
  if (mayTryAgain)
    handOutAgain(flight);
  else if (flightOf(flight.range.first) == nullptr)
    finish(reason);
}

/// Two halves instead of one chunk that met a limit.
void Origin::Job::split(ElementRange range) {
  std::uint64_t half = range.count / 2;
  plan_.replaced({range.first, half}, {range.first + half, range.count - half});
}

void Origin::Job::finish(std::exception_ptr error) {
  if (finished_)
    return;
  finished_ = true;
  listener_.finished(error);
}

void Origin::Job::taskFailed(kj::Exception&& exception) {
  finish(std::make_exception_ptr(Error(exception.getDescription().cStr())));
}

} // namespace roam
