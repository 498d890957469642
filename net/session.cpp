// What a host does with each call. Nothing of a message is believed: sizes, digests and slices are
// checked first.
#include "net/session.h"
#include "jit/slice/manifest.h"
#include "net/digests.h"
#include "net/exceptions.h"
#include "net/failures.h"
#include "net/log.h"
#include "net/output-call.h"
#include "net/slice-packing.h"
#include <span>
#include <stdexcept>
#include <vector>

namespace roam::net {
namespace {

void write(const Failure& from, protocol::Failure::Builder to) {
  to.setKind(static_cast<protocol::Failure::Kind>(from.kind));
  to.setType(from.type);
  to.setMessage(from.message);
  to.setElement(from.element);
  to.setCode(from.code);
  to.setCategory(from.category);
  to.setSignal(from.signal);
  to.setExitStatus(from.exitStatus);
  to.setMayHaveRun(from.mayHaveRun);
  auto stack = to.initStack(static_cast<unsigned>(from.stack.size()));
  for (unsigned i = 0; i < stack.size(); ++i)
    stack.set(i, from.stack[i]);
}

/// The outermost frame of shipped code is the closure itself, which whoever sent it has described.
kj::Maybe<kj::String> frameOf(kj::StringPtr description) {
  try {
    Description told = Description::parse({description.begin(), description.size()});
    if (told.file.empty())
      return nullptr;
    std::string line = "the lambda at " + told.file + ":" + std::to_string(told.line);
    return kj::str(oneLine(line.substr(0, limits::stackLine)).c_str());
  } catch (const std::runtime_error&) { // it may be anything
    return nullptr;
  }
}

/// Kept until they are written, however slowly the origin reads.
struct UnsentResults {
  kj::Array<const kj::byte> results;
  Admission::Stay stay;
};

/// Room for a ChunkResult beside its data.
constexpr std::uint64_t resultWords = 16;

} // namespace

void HostSession::checkCount(std::size_t slices) {
  if (slices > limits::slicesPerRequest)
    kj::throwFatalException(
        failed(kj::str(slices, " slices in one request; the limit is ", limits::slicesPerRequest)));
}

Host::World& Visit::host() {
  if (host_ == nullptr)
    kj::throwFatalException(disconnected("the connection is closed"));
  return *host_;
}

void Visit::close() {
  host_ = nullptr;
  messages = nullptr;
  introduction = nullptr;
  store = nullptr;
  running.cancel("the connection is closed");
}

void Visit::account(const AuditEvent& event) {
  if (host_ != nullptr && host_->audit != nullptr)
    host_->audit->happened(caller, from.cStr(), event);
}

// --- rights ------------------------------------------------------------------------------------

kj::String HostSession::whyForbidden(const char* toDoWhat) {
  auto& host = visit_->host();
  ++host.counters.refusals;
  visit_->account({AuditEvent::What::refused, {}, {}, toDoWhat});
  auto why = kj::str(visit_->caller.name.c_str(), " has no right to ", toDoWhat,
                     " here; ask who administers the cluster for a certificate with that right");
  host.log.line(kj::str(visit_->from, ": refused: ", why));
  return why;
}

/// Throws FAILED, in words, unless the caller has the right.
void HostSession::require(bool Rights::*right, const char* toDoWhat) {
  if (!(visit_->caller.rights.*right))
    kj::throwFatalException(failed(whyForbidden(toDoWhat)));
}

/// The first of each connection, so that the account grows with what is new, not with the work.
void HostSession::accountCall(const Digest& entry) {
  auto& host = visit_->host();
  if (host.audit != nullptr && called_.size() < limits::codesKnown && called_.insert(entry).second)
    visit_->account(
        {AuditEvent::What::called, entry.toString(), {}, host.store.descriptionOf(entry).cStr()});
}

// --- calls -------------------------------------------------------------------------------------

kj::Promise<void> HostSession::run(RunContext context) {
  auto& host = visit_->host();
  auto params = context.getParams();
  const Rights& rights = visit_->caller.rights;
  if (!rights.call || (params.getSlices().size() > 0 && !rights.bring)) {
    refuse(context, Failure::Kind::forbidden,
           whyForbidden(rights.call ? "bring new code" : "call code"));
    return kj::READY_NOW;
  }
  Chunk chunk{digestFrom(params.getEntry()),
              params.getCaptures(),
              params.getArguments(),
              params.getCount(),
              params.getFirst(),
              params.getHome(),
              params.getOnlyLink()};

  if (params.hasSlices()) {
    KJ_IF_MAYBE (damage, keep(params.getSlices())) {
      refuse(context, Failure::Kind::badSlice, kj::str(*damage, "; nothing was run"));
      return kj::READY_NOW;
    }
  }
  KJ_IF_MAYBE (why, host.admission.refusal())
    if (!chunk.onlyLink || host.admission.isLeaving()) { // getting code ready is no work yet
      context.releaseParams();
      turnAway(context, *why);
      return kj::READY_NOW;
    }
  KJ_IF_MAYBE (excess, excessOf(chunk, nullptr)) {
    refuse(context, Failure::Kind::limit, kj::mv(*excess));
    return kj::READY_NOW;
  }
  if (inFlight_ >= limits::chunksInFlight)
    return overloaded(kj::str(inFlight_, " chunks of this connection wait or run already; send "
                                         "more when some are done"));
  const std::size_t bytes = chunk.captures.size() + chunk.arguments.size();
  if (inFlight_ > 0 && bytesInFlight_ + bytes > host.bytesInFlight)
    return overloaded(kj::str("the chunks of this connection that wait or run hold ",
                              bytesInFlight_, " bytes, and another ", bytes, " pass the limit of ",
                              host.bytesInFlight, "; send more when some are done"));
  const std::size_t held = host.admission.bytes(),
                    room = limits::bytesAtHost / limits::bytesInFlight * host.bytesInFlight;
  if (held > 0 && held + bytes > room)
    return overloaded(kj::str("all chunks and results at this peer hold ", held,
                              " bytes, and another ", bytes, " pass the limit of ", room,
                              "; retry after ", limits::overloadedRetry / kj::MILLISECONDS, " ms"));
  auto slice = host.store.find(chunk.entry);
  if (slice == nullptr && !host.runner.has(chunk.entry)) {
    context.releaseParams();
    auto missing = context.getResults(capnp::MessageSize{resultWords, 0}).initMissing(1);
    missing.set(0, bytesOf(chunk.entry));
    return kj::READY_NOW;
  }

  accountCall(chunk.entry);
  std::shared_ptr<OutputCall> output;
  if (params.hasOutput())
    chunk.output = output = std::make_shared<OutputCall>(params.getOutput());
  context.allowCancellation();
  ++inFlight_;
  bytesInFlight_ += bytes;
  // The call keeps this session and the message with the chunk's bytes.
  kj::ArrayPtr<const kj::byte> bytesOfSlice = slice == nullptr ? nullptr : slice->asPtr();
  auto ran = host.runner.run(chunk, bytesOfSlice).attach(kj::mv(slice));
  if (output != nullptr) // the origin has all lines before it has the results
    ran = ran.then([output](ChunkOutcome&& outcome) {
      return output->finish().then(
          [outcome = kj::mv(outcome), output]() mutable { return kj::mv(outcome); });
    });
  return visit_->running.wrap(kj::mv(ran))
      .then([this, context, entry = chunk.entry](ChunkOutcome&& outcome) mutable {
        context.releaseParams();
        KJ_IF_MAYBE (failure, outcome.failure)
          if (failure->kind == Failure::Kind::workerDied)
            addPlace(entry, *failure);
        answer(context, kj::mv(outcome));
      })
      .attach(host.admission.enter(bytes), kj::defer([this, bytes] {
                --inFlight_;
                bytesInFlight_ -= bytes;
              }));
}

void HostSession::addPlace(const Digest& entry, Failure& failure) {
  KJ_IF_MAYBE (place, frameOf(visit_->host().store.descriptionOf(entry))) {
    kj::Vector<kj::String> stack;
    for (kj::String& line : failure.stack)
      stack.add(kj::mv(line));
    stack.add(kj::mv(*place));
    failure.stack = stack.releaseAsArray();
  }
}

void HostSession::answer(RunContext& context, ChunkOutcome outcome) {
  const bool leaves = visit_->host().admission.isLeaving();
  KJ_IF_MAYBE (why, outcome.turnedAway)
    return turnAway(context, *why);
  KJ_IF_MAYBE (failure, outcome.failure) {
    auto results = context.getResults();
    write(*failure, results.initFailure());
    results.setRunNanoseconds(outcome.runNanoseconds);
    results.setLeaves(leaves);
    return;
  }
  const std::size_t size = outcome.results.size();
  if (size > limits::chunkBytes)
    return refuse(context, Failure::Kind::limit,
                  kj::str("the results of this chunk have ", size, " bytes; the limit is ",
                          limits::chunkBytes, ": use smaller chunks"));
  const bool inPlace = MessageStream::worthReferencing(outcome.results);
  const std::uint64_t words = inPlace ? 0 : size / sizeof(capnp::word) + 1;
  auto results = context.getResults(capnp::MessageSize{resultWords + words, 0});
  results.setRunNanoseconds(outcome.runNanoseconds);
  results.setLeaves(leaves);
  if (inPlace) {
    kj::ArrayPtr<const kj::byte> bytes = outcome.results;
    results.adoptResults(
        capnp::Orphanage::getForMessageContaining(results).referenceExternalData(bytes));
    visit_->messages->keepUntilWritten(
        bytes, std::make_shared<UnsentResults>(
                   UnsentResults{kj::mv(outcome.results), visit_->host().admission.hold(size)}));
  } else {
    results.setResults(outcome.results);
  }
}

void HostSession::refuse(RunContext& context, Failure::Kind kind, kj::String message) {
  Failure failure;
  failure.kind = kind;
  failure.message = kj::mv(message);
  write(failure, context.getResults().initFailure());
}

void HostSession::turnAway(RunContext& context, kj::StringPtr why) {
  auto results = context.getResults();
  results.setTurnedAway(why);
  results.setLeaves(visit_->host().admission.isLeaving());
}

/// Verifies all slices, then keeps all; or keeps none, writes a log line and says what is wrong.
kj::Maybe<kj::String> HostSession::keep(capnp::List<protocol::Slice>::Reader slices) {
  checkCount(slices.size());
  auto& host = visit_->host();
  auto refusal = [&](kj::String why) {
    ++host.counters.refusals;
    host.log.line(kj::str(visit_->from, ": refused: ", why));
    return why;
  };
  struct Arrived {
    Digest digest;
    kj::ArrayPtr<const kj::byte> code;
    kj::StringPtr description;
    capnp::List<capnp::Data>::Reader objects;
  };
  std::vector<Arrived> all;
  kj::Vector<kj::Array<const kj::byte>> unpacked;
  std::size_t unpackedBytes = 0;
  for (auto slice : slices) {
    auto digest = digestFrom(slice.getDigest());
    if (host.store.bars(digest))
      return refusal(kj::str("this peer runs signed code only (--accept-signed), and slice ",
                             digest.shortened().c_str(), " is in none of its bundles"));
    kj::ArrayPtr<const kj::byte> code;
    if (slice.isPacked()) {
      KJ_IF_MAYBE (bytes, unpack(slice.getPacked()))
        code = unpacked.add(kj::mv(*bytes));
      else
        return refusal(kj::str("slice ", digest.shortened().c_str(),
                               " can't be unpacked: it is damaged, larger than ",
                               limits::sliceBytes, " bytes, or made with another dictionary"));
      unpackedBytes += code.size();
      if (unpackedBytes > limits::chunkBytes)
        return refusal(kj::str("the slices of one request unpack to more than ", limits::chunkBytes,
                               " bytes"));
    } else {
      code = slice.getCode();
    }
    if (code.size() > limits::sliceBytes)
      return refusal(kj::str("slice ", digest.shortened().c_str(), " has ", code.size(),
                             " bytes; the limit is ", limits::sliceBytes));
    auto actual = Digest::of(std::as_bytes(std::span(code.begin(), code.size())));
    if (actual != digest)
      return refusal(kj::str("slice ", digest.shortened().c_str(), " arrived damaged: its ",
                             code.size(), " bytes have the digest ", actual.shortened().c_str()));
    kj::StringPtr description = slice.getDescription();
    if (description.size() > limits::descriptionBytes)
      description = nullptr;
    all.push_back({digest, code, description, slice.getObjects()});
  }
  for (auto& [digest, code, description, objects] : all) {
    bool fresh = !host.store.has(digest);
    if (host.store.put(digest, code, description) && fresh) {
      ++host.counters.slicesReceived;
      visit_->account({AuditEvent::What::brought, digest.toString(), {}, description.cStr()});
    }
    for (unsigned i = 0; i < std::min<std::size_t>(objects.size(), limits::objectsPerSlice); ++i)
      if (capnp::Data::Reader object = objects[i]; object.size() <= limits::objectBytes)
        host.runner.offer(digest, object);
  }
  return nullptr;
}

kj::Promise<void> HostSession::have(HaveContext context) {
  require(&Rights::call, "ask for code");
  auto digests = context.getParams().getDigests();
  checkCount(digests.size());
  auto& host = visit_->host();
  std::vector<Digest> missing;
  for (auto bytes : digests)
    if (Digest digest = digestFrom(bytes); !host.store.has(digest) && !host.runner.has(digest))
      missing.push_back(digest);
  auto list = context.getResults().initMissing(missing.size());
  for (std::size_t i = 0; i < missing.size(); ++i)
    list.set(i, bytesOf(missing[i]));
  return kj::READY_NOW;
}

kj::Promise<void> HostSession::put(PutContext context) {
  require(&Rights::bring, "bring new code");
  KJ_IF_MAYBE (damage, keep(context.getParams().getSlices()))
    return failed(kj::str(*damage, "; none of this request's slices was kept"));
  return kj::READY_NOW;
}

kj::Promise<void> HostSession::get(GetContext context) {
  require(&Rights::call, "ask for code");
  auto digests = context.getParams().getDigests();
  checkCount(digests.size());
  auto& store = visit_->host().store;
  std::vector<std::pair<Digest, SliceStore::Held>> found;
  std::size_t bytes = 0;
  for (auto asked : digests) {
    Digest digest = digestFrom(asked);
    auto slice = store.find(digest);
    if (slice == nullptr || bytes + slice->size() > limits::chunkBytes)
      continue;
    bytes += slice->size() + store.descriptionOf(digest).size();
    found.emplace_back(digest, std::move(slice));
  }
  auto size = capnp::MessageSize{bytes / sizeof(capnp::word) + 16 * (found.size() + 1), 0};
  auto list = context.getResults(size).initSlices(found.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    list[i].setDigest(bytesOf(found[i].first));
    list[i].setCode(*found[i].second);
    list[i].setDescription(store.descriptionOf(found[i].first));
  }
  return kj::READY_NOW;
}

kj::Promise<void> HostSession::status(StatusContext context) {
  require(&Rights::call, "ask for the status");
  auto& host = visit_->host();
  auto status = context.getResults().initStatus();
  auto runner = host.runner.counters();
  status.setName(host.hello.name.c_str());
  status.setWorkers(host.runner.workers());
  status.setSlices(host.store.count());
  status.setSliceBytes(host.store.bytes());
  status.setChunksDone(runner.chunksDone);
  status.setElementsDone(runner.elementsDone);
  status.setSlicesReceived(host.counters.slicesReceived);
  status.setCompiled(runner.compiled);
  status.setCacheHits(runner.cacheHits);
  status.setWorkersLost(runner.workersLost);
  status.setConnections(host.counters.connections);
  status.setLinked(runner.linked);
  status.setMemory(runner.memory);
  status.setBundled(runner.bundled);
  status.setFromPeers(runner.fromPeers);
  status.setShipped(runner.shipped);
  status.setTuned(runner.tuned);
  status.setLeaving(host.admission.isLeaving());
  status.setChunksOpen(static_cast<unsigned>(host.admission.chunks()));
  return kj::READY_NOW;
}

/// One a connection, so that the store's limits of one hold.
kj::Promise<void> HostSession::store(StoreContext context) {
  require(&Rights::call, "use the store");
  auto& host = visit_->host();
  auto give = [context](StoreAccess& access) mutable {
    context.getResults().setStore(access.store);
    context.getResults().setKeeper(access.keeper);
  };
  KJ_IF_MAYBE (access, visit_->store) {
    give(*access);
    return kj::READY_NOW;
  }
  if (host.storeDoor == nullptr)
    return failed("this peer has no store");
  StoreDoor::Visitor visitor{context.getParams().getAsker().cStr(), visit_->caller.rights,
                             [visit = std::make_shared<kj::Own<Visit>>(kj::addRef(*visit_))](
                                 const AuditEvent& event) { (*visit)->account(event); }};
  if (visitor.asker.size() > limits::addressBytes)
    return failed(kj::str("an address of ", visitor.asker.size(), " bytes asks for the store"));
  return visit_->running.wrap(host.storeDoor->open(std::move(visitor)))
      .then([this, give](StoreAccess&& access) mutable {
        visit_->host();
        give(visit_->store.emplace(kj::mv(access)));
      });
}

kj::Promise<void> HostSession::ping(PingContext) {
  return kj::READY_NOW;
}

kj::Promise<void> HostSession::drain(DrainContext context) {
  auto& host = visit_->host();
  require(&Rights::administer, "have peers leave");
  if (context.getParams().getName() != host.hello.name.c_str())
    return failed(kj::str("another peer was asked to leave: this is ", host.hello.name.c_str()));
  if (!host.admission.isLeaving())
    host.log.line(kj::str(visit_->from, ": asks this peer to leave"));
  visit_->account({AuditEvent::What::drained, {}, {}, {}});
  host.leave();
  host.askedToLeave->fulfill();
  return kj::READY_NOW;
}

} // namespace roam::net
