// Rung by rung, and again for what has become hot.
#include "runtime/peer/code-ladder.h"
#include <kj/debug.h>

namespace roam::peer {
namespace {

/// What level 2 takes, as a multiple of level 0: 10 to 18 for slices that start there.
constexpr std::uint64_t tuningCost = 12;

/// Whether it was made for exactly this CPU, at whatever level.
bool isForHost(ObjectTarget target, const ObjectTarget& host) {
  target.level = host.level;
  return target == host;
}

} // namespace

CodeLadder::CodeLadder(Compilers& compilers, net::Log& log, Options options)
    : compilers_(compilers), log_(log), options_(std::move(options)), codes_(options_.memoryBytes),
      tasks_(*this) {
  if (options_.disk != nullptr)
    writer_ = kj::heap<ObjectWriter>(*options_.disk, options_.memoryBytes / 4);
}

CodeLadder::~CodeLadder() noexcept(false) {
  writer_ = nullptr;
  logComplaints();
}

// --- climbing --------------------------------------------------------------------------------

void CodeLadder::climb(const Digest& digest, kj::ArrayPtr<const kj::byte> slice) {
  codes_.at(digest).state = Code::State::coming;
  tasks_.add(kj::evalLater([this, digest, slice = kj::heapArray(slice)]() mutable {
               return reach(digest, kj::mv(slice));
             })
                 .then([this, digest] { settle(digest, nullptr); },
                       [this, digest](kj::Exception&& why) {
                         codes_.forget(digest);
                         settle(digest, kj::mv(why));
                       }));
}

/// Tells everyone who waits.
void CodeLadder::settle(const Digest& digest, kj::Maybe<kj::Exception> failure) {
  logComplaints();
  KJ_IF_MAYBE (why, failure) {
    if (events_ != nullptr)
      events_->onNoCode(digest, *why);
  } else if (events_ != nullptr) {
    events_->onCode(digest);
  }
  auto waiting = waiting_.extract(digest);
  if (!waiting)
    return;
  for (auto& one : waiting.mapped())
    KJ_IF_MAYBE (why, failure)
      one->reject(kj::cp(*why));
    else
      one->fulfill();
}

kj::Promise<void> CodeLadder::reach(const Digest& digest, Slice slice) {
  const Rung tried = codes_.at(digest).tried;
  if (tried < Rung::bundle && takeFromBundle(digest, slice))
    return kj::READY_NOW;
  if (tried < Rung::disk && takeFromDisk(digest, slice))
    return kj::READY_NOW;
  if (tried < Rung::peer && options_.peers != nullptr) {
    const bool mayCompile = codes_.at(digest).shipped.size() == 0;
    auto asked = options_.peers->object(digest, slice, mayCompile);
    return asked.then(
        [this, digest, slice = kj::mv(slice)](
            kj::Maybe<kj::Array<const kj::byte>> object) mutable -> kj::Promise<void> {
          KJ_IF_MAYBE (found, object)
            if (hold(digest, Rung::peer, *found, slice))
              return kj::READY_NOW;
          return reachAlone(digest, kj::mv(slice));
        });
  }
  return reachAlone(digest, kj::mv(slice));
}

/// The rungs that need no other peer.
kj::Promise<void> CodeLadder::reachAlone(const Digest& digest, Slice slice) {
  if (codes_.at(digest).tried < Rung::shipped && takeShipped(digest, slice))
    return kj::READY_NOW;
  auto compiled = compilers_.compile(digest, slice, jit::Level::chosen, Compilers::Urgency::now);
  return compiled.then([this, digest, slice = kj::mv(slice)](CompileOutcome outcome) {
    KJ_IF_MAYBE (why, outcome.refusal) {
      codes_.refuse(digest, *why,
                    outcome.isTooLarge ? net::Failure::Kind::limit : net::Failure::Kind::badSlice);
      return;
    }
    if (!hold(digest, Rung::compiled, outcome.object, slice))
      codes_.refuse(digest, "the compiler gave an object that can't be used: its version of Roam "
                            "is another one");
  });
}

bool CodeLadder::takeFromBundle(const Digest& digest, kj::ArrayPtr<const kj::byte> slice) {
  if (options_.bundles == nullptr)
    return false;
  auto object = options_.bundles->object(digest, options_.host);
  return object.size() > 0 && hold(digest, Rung::bundle, object, slice);
}

/// What is tuned first.
bool CodeLadder::takeFromDisk(const Digest& digest, kj::ArrayPtr<const kj::byte> slice) {
  if (options_.disk == nullptr)
    return false;
  ObjectTarget target = options_.host;
  for (unsigned level : {2u, 0u}) {
    target.level = level;
    if (auto object = options_.disk->find(digest, target);
        object && hold(digest, Rung::disk,
                       {reinterpret_cast<const kj::byte*>(object->data()), object->size()}, slice))
      return true;
  }
  return false;
}

bool CodeLadder::takeShipped(const Digest& digest, kj::ArrayPtr<const kj::byte> slice) {
  kj::Array<const kj::byte> object = kj::heapArray(codes_.at(digest).shipped.asPtr());
  return object.size() > 0 && hold(digest, Rung::shipped, object, slice);
}

void CodeLadder::offer(const Digest& digest, kj::ArrayPtr<const kj::byte> object) {
  if (options_.takesForeign && object.size() <= limits::objectBytes)
    codes_.offer(digest, kj::heapArray(object));
}

// --- objects ---------------------------------------------------------------------------------

/// The object, if nothing is wrong with it.
kj::Maybe<CompiledObject> CodeLadder::check(const Digest& digest, Rung rung,
                                            kj::ArrayPtr<const kj::byte> bytes) {
  try {
    return CompiledObject::readFor(std::as_bytes(std::span(bytes.begin(), bytes.size())), digest,
                                   options_.host);
  } catch (const std::runtime_error& error) {
    log_.line(kj::str("the object (", nameOf(rung), ") for slice ", digest.shortened().c_str(),
                      " is not used: ", error.what()));
    return nullptr;
  }
}

/// Keeps an object if nothing is wrong with it.
bool CodeLadder::hold(const Digest& digest, Rung rung, kj::ArrayPtr<const kj::byte> bytes,
                      kj::ArrayPtr<const kj::byte> slice) {
  KJ_IF_MAYBE (object, check(digest, rung, bytes)) {
    hold(digest, rung, *object, bytes, slice);
    return true;
  }
  codes_.at(digest).tried = rung;
  return false;
}

void CodeLadder::hold(const Digest& digest, Rung rung, const CompiledObject& object,
                      kj::ArrayPtr<const kj::byte> bytes, kj::ArrayPtr<const kj::byte> slice) {
  kj::Own<Untuned> untuned;
  if (options_.tunes && object.target != options_.host && slice.size() > 0) {
    untuned = kj::heap<Untuned>();
    untuned->slice = kj::heapArray(slice);
    untuned->worthNanoseconds =
        object.compileNanoseconds * (object.target.level == 0 ? tuningCost : 1);
  }
  codes_.hold(digest, rung, kj::heapArray(bytes), kj::mv(untuned));
  if (writer_.get() != nullptr && rung >= Rung::peer &&
      isForHost(object.target, options_.host)) // others would not be asked for
    writer_->add(bytes);
  switch (rung) {
  case Rung::bundle:
    ++counters_.bundled;
    break;
  case Rung::disk:
    ++counters_.cacheHits;
    break;
  case Rung::peer:
    ++counters_.fromPeers;
    break;
  case Rung::shipped:
    ++counters_.shipped;
    break;
  case Rung::compiled:
    ++counters_.compiled;
    break;
  default: // these give no objects
    break;
  }
}

void CodeLadder::delivered(const Digest& digest) {
  if (std::exchange(codes_.at(digest).delivered, true))
    ++counters_.memory;
}

void CodeLadder::failed(const Digest& digest, kj::StringPtr why) {
  Code& code = codes_.at(digest);
  if (code.state != Code::State::object)
    return;
  if (code.rung == Rung::compiled)
    return codes_.refuse(digest, why);
  log_.line(kj::str("the object (", nameOf(code.rung), ") for slice ", digest.shortened().c_str(),
                    " is not used: ", why));
  code.tried = code.rung;
  codes_.forget(digest);
}

// --- the second speed ------------------------------------------------------------------------

void CodeLadder::ran(const Digest& digest, std::uint64_t nanoseconds) {
  Code& code = codes_.at(digest);
  if (code.state != Code::State::object || code.isTuned())
    return;
  Untuned& untuned = *code.untuned;
  untuned.runNanoseconds += nanoseconds;
  if (untuned.underway || untuned.runNanoseconds < untuned.worthNanoseconds)
    return;
  untuned.underway = true;
  tasks_.add(
      compilers_.compile(digest, untuned.slice, jit::Level::tuned, Compilers::Urgency::background)
          .then([this, digest](CompileOutcome outcome) { tuned(digest, kj::mv(outcome)); }));
}

/// Workers are given it with the next chunk. If nothing came of it, what runs already is the best.
void CodeLadder::tuned(const Digest& digest, CompileOutcome outcome) {
  Code& code = codes_.at(digest);
  if (code.state != Code::State::object || code.isTuned())
    return;
  KJ_IF_MAYBE (why, outcome.refusal) {
    log_.line(kj::str("slice ", digest.shortened().c_str(),
                      " stays as it is, for it can't be compiled anew: ", *why));
    return; // and stays underway: it is not tried again
  }
  const Rung rung = code.rung;
  KJ_IF_MAYBE (object, check(digest, Rung::compiled, outcome.object)) {
    codes_.hold(digest, rung, kj::mv(outcome.object), {});
    codes_.at(digest).delivered = true;
    ++counters_.tuned;
    if (writer_.get() != nullptr)
      writer_->add(codes_.at(digest).object);
  }
}

void CodeLadder::describe(const Digest& digest, net::CodeStatus& status) const {
  const Code* code = codes_.find(digest);
  if (code == nullptr || code->state != Code::State::object)
    return;
  auto bytes = std::as_bytes(std::span(code->object.begin(), code->object.size()));
  CompiledObject object = CompiledObject::read(bytes);
  status.rung = code->rung;
  status.cpu = object.target.cpu;
  status.level = object.target.level;
  status.objectBytes = object.code.size();
  status.compileNanoseconds = object.compileNanoseconds;
}

// --- for other peers -------------------------------------------------------------------------

kj::Promise<net::ObjectAnswer> CodeLadder::object(const net::ObjectQuestion& question) {
  if (!isForHost(question.target, options_.host))
    return net::ObjectAnswer();
  const Digest digest = question.digest;
  switch (codes_.at(digest).state) {
  case Code::State::object:
  case Code::State::refused:
    return answer(digest);
  case Code::State::coming:
    if (!question.mayCompile || (options_.peers != nullptr && options_.peers->waitsFor(digest)))
      return net::ObjectAnswer();
    break;
  case Code::State::unknown:
    if (takeFromDisk(digest, question.slice))
      return answer(digest);
    if (!question.mayCompile)
      return net::ObjectAnswer();
    if (question.slice.size() == 0)
      return net::ObjectAnswer{.kind = net::ObjectAnswer::Kind::wantSlice};
    climb(digest, question.slice);
    break;
  }
  auto wait = kj::newPromiseAndFulfiller<void>();
  waiting_[digest].push_back(kj::mv(wait.fulfiller));
  return wait.promise.then([this, digest] { return answer(digest); });
}

net::ObjectAnswer CodeLadder::answer(const Digest& digest) {
  net::ObjectAnswer answer;
  const Code& code = codes_.at(digest);
  if (code.state == Code::State::object) {
    answer.kind = net::ObjectAnswer::Kind::object;
    answer.object = kj::heapArray(code.object.asPtr());
  } else if (code.state == Code::State::refused) {
    answer.kind = net::ObjectAnswer::Kind::refused;
    answer.refusal = kj::str(code.refusal);
  }
  return answer;
}

// --- what went wrong on the side -------------------------------------------------------------

void CodeLadder::logComplaints() {
  if (options_.disk != nullptr)
    if (auto complaint = options_.disk->complaint())
      log_.line(complaint->c_str());
  if (options_.bundles != nullptr)
    if (std::string complaint = options_.bundles->complaint(); !complaint.empty())
      log_.line(complaint.c_str());
}

void CodeLadder::taskFailed(kj::Exception&& exception) {
  log_.line(kj::str("while code was looked for: ", exception.getDescription()));
}

} // namespace roam::peer
