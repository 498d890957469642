// roam::Peer: a peer on a loop thread of a program.
#include "net/coroutine.h"
#include "net/exceptions.h"
#include "roam/error.h"
#include "roam/peer.h"
#include "runtime/configuration.h"
#include "runtime/loop-thread.h"
#include "runtime/peer/linked-runner.h"
#include "runtime/peer/peer.h"
#include "runtime/peer/standard-error-log.h"
#include <algorithm>
#include <chrono>
#include <cmath>
#include <future>
#include <unistd.h>

namespace roam {
namespace {

Configuration configured(const PeerOptions& chosen) {
  ConfiguredValues values;
  auto add = [&](const char* name, const std::string& text) {
    if (!text.empty())
      values[name] = {{text}, "PeerOptions"};
  };
  add("join", chosen.join);
  add("cluster", chosen.cluster);
  add("store", chosen.store);
  add("state", chosen.state);
  return Configuration::ofThisProcess(std::move(values));
}

unsigned wholeSeconds(Duration duration) {
  return unsigned(std::ceil(std::clamp(duration.seconds, 0.0, 86400.0)));
}

peer::PeerOptions optionsOf(const PeerOptions& chosen) {
  Configuration configuration = configured(chosen);
  peer::PeerOptions options;
  options.join = configuration.joinOptions();
  options.require = configuration.texts("require");
  options.store = configuration.text("store");
  options.stateDirectory = configuration.text("state");
  options.listen = chosen.listen;
  if (chosen.workers > 0)
    options.workers = std::min(chosen.workers, limits::workers);
  options.drainSeconds = wholeSeconds(chosen.leave);
  options.name = chosen.name;
  options.version = ROAM_VERSION;
  return options;
}

Error cannotStart(const std::string& why) {
  return Error("can't start a peer in this program: " + why);
}

/// In words for the program. Call inside a catch clause.
std::exception_ptr whyNotStarted() {
  try {
    throw;
  } catch (const Error&) {
    return std::current_exception();
  } catch (const kj::Exception& exception) {
    return std::make_exception_ptr(cannotStart(net::wordsOf(exception).cStr()));
  } catch (const std::exception& exception) {
    return std::make_exception_ptr(cannotStart(exception.what()));
  }
}

} // namespace

struct Peer::State {
  State(const PeerOptions& chosen, const detail::LinkedSections& sections)
      : options(optionsOf(chosen)), start(wholeSeconds(chosen.start)) {
    if (sections.linked != nullptr)
      linked.add(peer::tableOf(sections));
  }

  void begin(kj::AsyncIoContext& io);
  kj::Promise<void> live(kj::Timer& timer);
  void end();

  const pid_t owner = getpid();
  const peer::PeerOptions options;
  const unsigned start; ///< seconds
  peer::LinkedEntries linked;
  peer::StandardErrorLog log;
  std::promise<std::vector<std::string>> started;
  std::promise<void> left;
  std::shared_future<void> hasLeft = left.get_future().share();
  std::vector<std::string> addresses; ///< once it has started

  // On the loop thread.
  std::unique_ptr<peer::Peer> peer;
  kj::Own<kj::PromiseFulfiller<void>> tellToLeave;
  kj::Promise<void> toldToLeave = nullptr;
  kj::Promise<void> life = nullptr;

  std::unique_ptr<LoopThread> loop;
};

void Peer::State::begin(kj::AsyncIoContext& io) {
  auto pair = kj::newPromiseAndFulfiller<void>();
  tellToLeave = kj::mv(pair.fulfiller);
  toldToLeave = kj::mv(pair.promise);
  peer::RunnerInFront inFront;
  if (!linked.digests().empty())
    inFront = [this](net::ClosureRunner& workers) {
      return std::make_unique<peer::LinkedRunner>(linked, options.workers, workers);
    };
  try {
    peer = std::make_unique<peer::Peer>(io, log, options, inFront);
  } catch (...) {
    std::rethrow_exception(whyNotStarted());
  }
  life = live(io.provider->getTimer()).eagerlyEvaluate(nullptr);
}

kj::Promise<void> Peer::State::live(kj::Timer& timer) {
  try {
    auto late = timer.afterDelay(start * kj::SECONDS)
                    .then([this]() -> kj::Promise<std::vector<std::string>> {
                      return net::overloaded(
                          kj::str("it took longer than ", start,
                                  " s to start and to get level with its cluster; what it wrote is "
                                  "on this program's standard error"));
                    });
    started.set_value(co_await peer->listen().exclusiveJoin(kj::mv(late)));
  } catch (...) {
    started.set_exception(whyNotStarted());
    co_return;
  }
  peer->beginOutput();
  try {
    co_await peer->askedToLeave().exclusiveJoin(kj::mv(toldToLeave));
    co_await peer->leave();
  } catch (const kj::Exception& exception) {
    log.line(kj::str("can't leave in order: ", net::wordsOf(exception)));
  }
  peer = nullptr;
  left.set_value();
}

void Peer::State::end() {
  life = nullptr;
  peer = nullptr;
  toldToLeave = nullptr;
  tellToLeave = nullptr;
}

Peer::Peer(const PeerOptions& options, const detail::LinkedSections& linked) : state_(nullptr) {
  auto state = std::make_unique<State>(options, linked);
  State& s = *state;
  s.loop = std::make_unique<LoopThread>([&s](kj::AsyncIoContext& io) { s.begin(io); },
                                        [&s] { s.end(); });
  s.addresses = s.started.get_future().get();
  state_ = state.release();
}

Peer::~Peer() {
  if (state_->owner != getpid())
    return; // in a forked process it is left alone: thread and workers are the parent's
  std::unique_ptr<State> state(state_);
  state->loop->post([&] { state->tellToLeave->fulfill(); });
  state->hasLeft.wait();
}

const std::vector<std::string>& Peer::addresses() const {
  return state_->addresses;
}

bool Peer::waitUntilLeft(Duration duration) const {
  std::chrono::duration<double> most(std::clamp(duration.seconds, 0.0, 1e9));
  return state_->hasLeft.wait_for(most) == std::future_status::ready;
}

} // namespace roam
