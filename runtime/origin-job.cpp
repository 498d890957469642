// One job: its chunks, what their outcomes mean for it, and its end.
#include "net/limits.h"
#include "roam/error.h"
#include "runtime/argument-buffer.h"
#include "runtime/origin-link.h"
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
  for (auto& [index, count] : inFlight_)
    origin_.links_[index]->inFlight -= count;
  // What was on its way leaves room for others; not now, in a destructor.
  if (!inFlight_.empty())
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
    finish(std::make_exception_ptr(PeerLost(origin_.whyNobodyServes(*this))));
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
  std::size_t argumentBytes = chunk.arguments.size();
  argumentBytes_ = argumentBytes;

  ++link.inFlight;
  ++inFlight_[link.index];
  const std::uint64_t number = ++link.sent;
  if (link.isInDoubt())
    origin_.rest(link);
  auto release = [this, &link] {
    --link.inFlight;
    if (--inFlight_[link.index] == 0)
      inFlight_.erase(link.index);
  };
  tasks_.add(
      link.get()
          ->run(chunk, spec_.code, kj::mv(sent))
          .then(
              [this, &link, range, argumentBytes, number, release](net::ChunkOutcome&& outcome) {
                release();
                origin_.learn(link, number, outcome);
                settled(link, range, argumentBytes, kj::mv(outcome));
              },
              [this, &link, range, release](kj::Exception&& exception) {
                release();
                disturbed(link, range, kj::mv(exception));
              }));
}

bool Origin::Job::encodeArguments(ElementRange range, Output& out) {
  try {
    spec_.encode(range, out);
  } catch (const ArgumentsTooLarge& error) {
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

void Origin::Job::settled(Link& link, ElementRange range, std::size_t argumentBytes,
                          net::ChunkOutcome outcome) {
  if (finished_)
    return;
  if (outcome.turnedAway != nullptr) {
    plan_.lost(range); // nothing was run: this is no try
  } else if (outcome.codeMissing) {
    plan_.lost(range);
    fetchCode();
  } else KJ_IF_MAYBE (failure, outcome.failure) {
    failedChunk(link, range, kj::mv(*failure));
  } else {
    plan_.completed(range, outcome.runNanoseconds, std::max(argumentBytes, outcome.results.size()));
    listener_.completed(range, kj::mv(outcome.results), plan_.finished());
  }
  pump();
  origin_.pumpWaiting();
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

void Origin::Job::failedChunk(Link& link, ElementRange range, net::Failure failure) {
  using Kind = net::Failure::Kind;
  net::Peer* peer = link.get();
  auto error =
      remoteException(failure, spec_.entry, peer != nullptr ? peer->name() : "lost meanwhile");
  if (failure.kind == Kind::thrown) {
    failure.element = std::clamp(failure.element, range.first, range.end() - 1);
    if (failure_ == nullptr || failure.element < failedElement_) {
      failure_ = error;
      failedElement_ = failure.element;
    }
    plan_.failed(failure.element);
  } else if (failure.kind == Kind::workerDied) {
    died_ = error;
    sendAgain(range, error);
  } else if (failure.kind == Kind::quarantined && died_ != nullptr)
    finish(died_); // which says more
  else if (failure.kind == Kind::limit && range.count > 1)
    split(range); // its results did not fit
  else
    finish(error);
}

void Origin::Job::disturbed(Link& link, ElementRange range, kj::Exception&& exception) {
  if (finished_)
    return;
  auto error = std::make_exception_ptr(PeerLost(exception.getDescription().cStr()));
  switch (exception.getType()) {
  case kj::Exception::Type::DISCONNECTED:
    if (net::Peer* peer = link.get())
      origin_.lose(link, peer->whyDisconnected().cStr());
    if (!finished_)
      sendAgain(range, error);
    break;
  case kj::Exception::Type::OVERLOADED: // it will have room when other chunks are done
    plan_.lost(range);
    tasks_.add(origin_.timer_.afterDelay(limits::overloadedRetry).then([this] { pump(); }));
    return;
  default:
    finish(std::make_exception_ptr(Error(exception.getDescription().cStr())));
  }
  pump();
  origin_.pumpWaiting();
}

void Origin::Job::sendAgain(ElementRange range, std::exception_ptr reason) {
  plan_.lost(range);
  if (++attempts_[range.first] > spec_.retries)
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
