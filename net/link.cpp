// An origin's calls to one peer: hello, chunks and their slices, signs of life.
#include "net/link.h"
#include "net/digests.h"
#include "net/exceptions.h"
#include "net/failures.h"
#include "net/limits.h"
#include "net/log.h"

namespace roam::net {
namespace {

/// Gives the lines that come from a host to whoever reads them.
class LinesFromHost final : public protocol::OutputReader::Server {
 public:
  explicit LinesFromHost(std::shared_ptr<OutputSink> sink) : sink_(std::move(sink)) {}

  kj::Promise<void> lines(LinesContext context) override {
    for (auto line : context.getParams().getLines()) {
      kj::StringPtr text = line.getText();
      if (text.size() > limits::outputLine)
        return net::failed(
            kj::str("a line of ", text.size(), " bytes; the limit is ", limits::outputLine));
      sink_->line(text, line.getIsError());
    }
    return kj::READY_NOW;
  }

 private:
  std::shared_ptr<OutputSink> sink_;
};

Failure read(protocol::Failure::Reader from) {
  Failure failure;
  // A kind of a later protocol is told as what it surely is: something went wrong over there.
  auto kind = from.getKind();
  failure.kind = kind <= protocol::Failure::Kind::QUARANTINED ? static_cast<Failure::Kind>(kind)
                                                              : Failure::Kind::badSlice;
  failure.type = kj::str(from.getType());
  failure.message = kj::str(from.getMessage());
  failure.element = from.getElement();
  failure.code = from.getCode();
  failure.category = kj::str(from.getCategory());
  failure.signal = from.getSignal();
  failure.exitStatus = from.getExitStatus();
  failure.mayHaveRun = from.getMayHaveRun();
  auto stack = from.getStack();
  auto lines =
      kj::heapArrayBuilder<kj::String>(std::min<std::size_t>(stack.size(), limits::stackFrames));
  while (!lines.isFull())
    lines.add(kj::str(oneLine(stack[static_cast<unsigned>(lines.size())].cStr()).c_str()));
  failure.stack = lines.finish();
  return failure;
}

PeerStatus read(protocol::Status::Reader from) {
  PeerStatus status;
  status.name = oneLine(from.getName().cStr());
  status.workers = from.getWorkers();
  status.slices = from.getSlices();
  status.sliceBytes = from.getSliceBytes();
  status.chunksDone = from.getChunksDone();
  status.elementsDone = from.getElementsDone();
  status.slicesReceived = from.getSlicesReceived();
  status.compiled = from.getCompiled();
  status.cacheHits = from.getCacheHits();
  status.workersLost = from.getWorkersLost();
  status.connections = from.getConnections();
  status.linked = from.getLinked();
  status.memory = from.getMemory();
  status.bundled = from.getBundled();
  status.fromPeers = from.getFromPeers();
  status.shipped = from.getShipped();
  status.tuned = from.getTuned();
  status.leaving = from.getLeaving();
  status.chunksOpen = from.getChunksOpen();
  return status;
}

} // namespace

void Link::lose(kj::String why) {
  messages().abort(net::disconnected(why));
}

// --- hello ------------------------------------------------------------------------------------

kj::Promise<void> Link::hello(const Hello& mine) {
  auto request = connection_->bootstrap().castAs<protocol::Peer>().helloRequest();
  mine.write(request.initHello());
  return request.send().then(
      [this, mine](capnp::Response<protocol::Peer::HelloResults>&& response) {
        auto theirs = Hello::read(response.getHello());
        if (auto why = mine.refusalOf(theirs); !why.empty())
          kj::throwFatalException(net::failed(why));
        name = theirs.name;
        memberAddress = theirs.address;
        workers = theirs.workers;
        target = theirs.target;
        unpacks = mine.dictionary && theirs.dictionary == mine.dictionary;
        session_ = response.getSession();
      });
}

// --- running chunks ---------------------------------------------------------------------------

kj::Promise<ChunkOutcome> Link::run(Parcel parcel) {
  Slice& slice = slices_[parcel.chunk.entry];
  switch (slice.state) {
  case Slice::State::there:
    return send(kj::mv(parcel), false, slice.generation);
  case Slice::State::missing:
    if (parcel.code.slice == nullptr) {
      ChunkOutcome outcome;
      outcome.codeMissing = true;
      return kj::mv(outcome);
    }
    // Calls arrive in the order they are sent: whatever is sent behind this one needs no slice.
    slice.state = Slice::State::there;
    return send(kj::mv(parcel), true, slice.generation);
  case Slice::State::unknown:
    ask(parcel.chunk.entry, slice);
    break;
  case Slice::State::asking:
    break;
  }
  return slice.asked.addBranch().then(
      [self = kj::addRef(*this), parcel = kj::mv(parcel)]() mutable {
        return self->run(kj::mv(parcel));
      },
      [](kj::Exception&& failure) -> kj::Promise<ChunkOutcome> {
        if (failure.getType() != kj::Exception::Type::DISCONNECTED)
          return kj::mv(failure);
        ChunkOutcome outcome;
        outcome.notSent = kj::str(wordsOf(failure));
        return kj::mv(outcome);
      });
}

/// The answer is kept by the link, not by the run that asked: that one may be dropped.
void Link::ask(const Digest& digest, Slice& slice) {
  ++counters.haveAsked;
  auto request = session_.haveRequest(capnp::MessageSize{16, 0});
  request.initDigests(1).set(0, bytesOf(digest));
  slice.state = Slice::State::asking;
  slice.asked = request.send()
                    .then(
                        [this, digest](capnp::Response<protocol::Session::HaveResults>&& response) {
                          slices_[digest].state = response.getMissing().size() == 0
                                                      ? Slice::State::there
                                                      : Slice::State::missing;
                        },
                        [this, digest](kj::Exception&& failure) {
                          slices_[digest].state = Slice::State::unknown;
                          kj::throwFatalException(lost(kj::mv(failure)));
                        })
                    .fork();
}

kj::Promise<ChunkOutcome> Link::send(Parcel parcel, bool withSlice, unsigned generation) {
  auto request = write(parcel, withSlice);
  parcel.shipments += withSlice;
  ++counters.chunksSent;
  auto response = request.send();
  spent_ = nullptr; // its end goes out in the same write as this request
  return response.then(
      [self = kj::addRef(*this), parcel = kj::mv(parcel),
       generation](capnp::Response<protocol::ChunkResult>&& response) mutable {
        return self->receive(kj::mv(parcel), generation, kj::mv(response));
      },
      [self = kj::addRef(*this)](kj::Exception&& failure) mutable -> kj::Promise<ChunkOutcome> {
        return self->lost(kj::mv(failure));
      });
}

/// Large captures and arguments are not copied into the message: it refers to them.
Link::RunRequest Link::write(const Parcel& parcel, bool withSlice) {
  const Chunk& chunk = parcel.chunk;
  const bool captureInPlace = MessageStream::worthReferencing(chunk.captures);
  const bool argumentsInPlace = MessageStream::worthReferencing(chunk.arguments);
  std::size_t bytes = (captureInPlace ? 0 : chunk.captures.size()) +
                      (argumentsInPlace ? 0 : chunk.arguments.size()) +
                      (withSlice ? parcel.code.slice.size() + parcel.code.description.size() : 0);
  auto request = session_.runRequest(capnp::MessageSize{24 + bytes / sizeof(capnp::word), 0});
  auto inPlace = [&](kj::ArrayPtr<const kj::byte> from) {
    messages().keepUntilWritten(from, parcel.owner);
    return capnp::Orphanage::getForMessageContaining(protocol::Chunk::Builder(request))
        .referenceExternalData(from);
  };

  request.setEntry(bytesOf(chunk.entry));
  if (captureInPlace)
    request.adoptCaptures(inPlace(chunk.captures));
  else
    request.setCaptures(chunk.captures);
  if (argumentsInPlace)
    request.adoptArguments(inPlace(chunk.arguments));
  else
    request.setArguments(chunk.arguments);
  request.setCount(chunk.count);
  request.setFirst(chunk.first);
  request.setHome(chunk.home);
  if (chunk.output != nullptr)
    request.setOutput(kj::heap<LinesFromHost>(chunk.output));
  request.setOnlyLink(chunk.onlyLink);
  if (withSlice)
    write(chunk.entry, parcel.code, request.initSlices(1)[0]);
  return request;
}

/// Packed, if the peer can unpack it.
void Link::write(const Digest& digest, const Code& code, protocol::Slice::Builder slice) {
  slice.setDigest(bytesOf(digest));
  std::size_t bytes = code.slice.size();
  if (unpacks) {
    auto packed = pack(code.slice);
    bytes = packed.size();
    slice.setPacked(packed);
  } else {
    slice.setCode(code.slice);
  }
  if (code.description.size() <= limits::descriptionBytes)
    slice.setDescription(code.description);
  writeObject(code, slice);
  ++counters.slicesShipped;
  counters.sliceBytesShipped += bytes;
}

/// The best that runs there.
void Link::writeObject(const Code& code, protocol::Slice::Builder slice) {
  if (!target)
    return;
  const ShippedObject* best = nullptr;
  for (const ShippedObject& object : code.objects)
    if (object.target.refusalOn(*target).empty() &&
        (best == nullptr || object.target.meritOn(*target) > best->target.meritOn(*target)))
      best = &object;
  if (best != nullptr)
    slice.initObjects(1).set(0, best->bytes);
}

kj::Promise<ChunkOutcome> Link::receive(Parcel parcel, unsigned generation,
                                        capnp::Response<protocol::ChunkResult> response) {
  ChunkOutcome outcome;
  outcome.runNanoseconds = response.getRunNanoseconds();
  outcome.leaves = response.getLeaves();
  switch (response.which()) {
  case protocol::ChunkResult::RESULTS:
    outcome.results = take(response.getResults());
    if (outcome.results.size() < MessageStream::largeBytes)
      spent_ = kj::mv(response);
    return kj::mv(outcome);
  case protocol::ChunkResult::FAILURE:
    outcome.failure = read(response.getFailure());
    return kj::mv(outcome);
  case protocol::ChunkResult::TURNED_AWAY:
    outcome.turnedAway = kj::str(oneLine(response.getTurnedAway().cStr()).c_str());
    return kj::mv(outcome);
  case protocol::ChunkResult::MISSING:
    break;
  }
  if (parcel.shipments >= limits::shipments)
    return failedWith(Failure::Kind::badSlice,
                      kj::str(name.c_str(), " at ", address.c_str(), " was sent slice ",
                              parcel.chunk.entry.shortened().c_str(), " ", parcel.shipments,
                              " times and does not keep it"),
                      parcel.chunk);
  // Of the runs that were sent while the host had no slice, the first to hear of it ships it again.
  Slice& slice = slices_[parcel.chunk.entry];
  if (slice.generation == generation) {
    ++slice.generation;
    slice.state = Slice::State::missing;
  }
  return run(kj::mv(parcel));
}

/// Small results are copied out of the message; large ones keep its memory.
kj::Array<const kj::byte> Link::take(capnp::Data::Reader results) {
  if (results.size() >= MessageStream::largeBytes)
    if (auto owner = messages().ownerOf(results))
      return results.attach(kj::mv(owner));
  return kj::heapArray<const kj::byte>(results.begin(), results.size());
}

// --- the cluster's store ----------------------------------------------------------------------

kj::Promise<StoreAccess> Link::openStore(kj::StringPtr asker) {
  auto request = session_.storeRequest();
  request.setAsker(asker);
  return inTime(request.send(), "where its store is")
      .then([](capnp::Response<protocol::Session::StoreResults>&& response) {
        return StoreAccess{response.getStore(), kj::str(response.getKeeper())};
      });
}

// --- is it still there ------------------------------------------------------------------------

void Link::beginHeartbeat() {
  beating_ = heartbeat().eagerlyEvaluate(
      [this](kj::Exception&& failure) { lose(kj::str(wordsOf(failure))); });
}

kj::Promise<void> Link::heartbeat() {
  return timer_.afterDelay(limits::heartbeat)
      .then([this] {
        spent_ = nullptr;
        return ping().exclusiveJoin(silence(timer_.now(), messages().progress()));
      })
      .then([this] { return heartbeat(); });
}

/// Fails when there was no sign of life for limits::silence. Bytes that arrive, or a large message
/// that moves, are signs as good as the answer to a ping. Time in which this process itself stood
/// still does not count: what arrived meanwhile has not been read yet.
kj::Promise<void> Link::silence(kj::TimePoint lastSign, std::uint64_t progress) {
  const kj::TimePoint looked = timer_.now();
  return timer_.afterDelay(limits::signLook)
      .then([this, lastSign, progress, looked]() -> kj::Promise<void> {
        const bool stoodStill = timer_.now() - looked > limits::stoodStill;
        if (stoodStill || messages().progress() != progress)
          return silence(timer_.now(), messages().progress());
        if (timer_.now() - lastSign < limits::silence)
          return silence(lastSign, progress);
        return net::disconnected(
            kj::str("no sign of life for ", limits::silence / kj::MILLISECONDS, " ms"));
      });
}

kj::String Link::whyLost() const {
  KJ_IF_MAYBE (why, messages().whyEnded())
    return wordsOf(*why);
  return kj::str(leaving_);
}

/// What a failed call tells: of a lost peer, who and why.
kj::Exception Link::lost(kj::Exception&& cause) {
  const bool disconnected = cause.getType() == kj::Exception::Type::DISCONNECTED;
  if (disconnected && messages().whyEnded() != nullptr)
    return exceptionOf(cause.getType(), kj::str("lost peer ", name.c_str(), " at ", address.c_str(),
                                                ": ", whyLost()));
  if (disconnected) // it says so itself, over a connection that is still open
    leaving_ = wordsOf(cause);
  return exceptionOf(cause.getType(),
                     kj::str(name.c_str(), " at ", address.c_str(), ": ", wordsOf(cause)));
}

// --- what it tells of itself ------------------------------------------------------------------

kj::Exception Link::notTold(kj::StringPtr what) {
  return net::overloaded(
      kj::str("it did not tell ", what, " within ", limits::connect / kj::SECONDS, " s"));
}

kj::Promise<PeerStatus> Link::status() {
  using Response = capnp::Response<protocol::Session::StatusResults>;
  kj::Promise<Response> answer = session_.statusRequest(capnp::MessageSize{4, 0}).send();
  return inTime(kj::mv(answer), "its status")
      .then([](Response&& response) { return read(response.getStatus()); },
            [self = kj::addRef(*this)](kj::Exception&& failure) mutable -> PeerStatus {
              kj::throwFatalException(self->lost(kj::mv(failure)));
            });
}

kj::Promise<void> Link::drain() {
  using Response = capnp::Response<protocol::Session::DrainResults>;
  auto request = session_.drainRequest();
  request.setName(name.c_str());
  kj::Promise<Response> answer = request.send();
  return inTime(kj::mv(answer), "whether it leaves")
      .then([](Response&&) {},
            [self = kj::addRef(*this)](kj::Exception&& failure) mutable {
              kj::throwFatalException(self->lost(kj::mv(failure)));
            });
}

} // namespace roam::net
