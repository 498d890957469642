// Framing, coalescing and read-ahead; see the header for the idea. Reading comes first, then
// writing.
#include "net/message-stream.h"
#include "net/exceptions.h"
#include "net/incoming-message.h"
#include <algorithm>
#include <cstring>
#include <sys/socket.h>
#include <utility>

namespace roam::net {
namespace {

/// One read takes at most this; a message that does not fit is read into memory of its own.
constexpr std::size_t readAhead = 64u << 10;
/// Large transfers go in steps of this many bytes, so that `progress` shows them alive.
constexpr std::size_t transferStep = 4u << 20;
/// Above this much unsent, small messages wait as large ones do.
constexpr std::size_t unsentLimit = 256u << 10;
/// As in Cap'n Proto's own reader; a sender has no reason to make more.
constexpr std::uint64_t segmentsLimit = 512;

} // namespace

// --- reading ----------------------------------------------------------------------------------

MessageStream::MessageStream(kj::Own<kj::AsyncIoStream> stream,
                             std::shared_ptr<MessageMemory> memory)
    : stream_(kj::mv(stream)), buffer_(kj::heapArray<capnp::word>(readAhead / sizeof(capnp::word))),
      memory_(std::move(memory)), largeMessages_(std::make_shared<LargeMessages>()) {
  auto pair = kj::newPromiseAndFulfiller<void>();
  endedFulfiller_ = kj::mv(pair.fulfiller);
  ended_ = pair.promise.fork();
}

MessageStream::~MessageStream() noexcept(false) {
  endedFulfiller_->fulfill();
}

kj::Promise<kj::Maybe<capnp::MessageReaderAndFds>>
MessageStream::tryReadMessage(kj::ArrayPtr<kj::AutoCloseFd>, capnp::ReaderOptions options,
                              kj::ArrayPtr<capnp::word>) {
  KJ_IF_MAYBE (failure, readFailure_)
    return kj::cp(*failure);
  return readNext(options);
}

kj::Promise<MessageStream::Message> MessageStream::readNext(capnp::ReaderOptions options) {
  const std::size_t have = end_ - begin_;
  if (have < sizeof(capnp::word))
    return readMore(sizeof(capnp::word) - have, options);

  // The table: number of segments less one, then the size of each in words.
  auto* table = reinterpret_cast<const std::uint32_t*>(buffer_.asBytes().begin() + begin_);
  const std::uint64_t segments = std::uint64_t(table[0]) + 1;
  if (segments > segmentsLimit)
    return endReading(failed(kj::str("what arrived is no message of Roam's protocol: it claims ",
                                     segments, " segments")));
  const std::size_t tableSize = tableBytes(segments);
  if (have < tableSize)
    return readMore(tableSize - have, options);

  std::uint64_t words = 0;
  for (std::uint64_t i = 1; i <= segments; ++i)
    words += table[i];
  if (words > options.traversalLimitInWords)
    return endReading(failed(
        kj::str("a message of ", words * sizeof(capnp::word), " bytes arrived; the limit is ",
                options.traversalLimitInWords * sizeof(capnp::word), " bytes")));

  const std::size_t message = tableSize + words * sizeof(capnp::word);
  if (have < message) {
    if (message > readAhead / 2)
      return readLarge(message, options);
    return readMore(message - have, options);
  }
  auto copy = kj::heapArray<capnp::word>(message / sizeof(capnp::word));
  memcpy(copy.begin(), buffer_.asBytes().begin() + begin_, message);
  begin_ += message;
  return Message(
      capnp::MessageReaderAndFds{kj::heap<IncomingMessage>(options, kj::mv(copy)), nullptr});
}

/// Waits for at least `bytes` more in the buffer, and goes on.
kj::Promise<MessageStream::Message> MessageStream::readMore(std::size_t bytes,
                                                            capnp::ReaderOptions options) {
  auto buffer = buffer_.asBytes();
  if (begin_ == end_)
    begin_ = end_ = 0;
  if (buffer.size() - end_ < bytes) {
    memmove(buffer.begin(), buffer.begin() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  return stream_->tryRead(buffer.begin() + end_, bytes, buffer.size() - end_)
      .then(
          [this, bytes, options](std::size_t got) -> kj::Promise<Message> {
            KJ_IF_MAYBE (failure, readFailure_)
              return kj::cp(*failure);
            end_ += got;
            progress_ += got;
            if (got >= bytes)
              return readNext(options);
            if (begin_ < end_)
              return endReading(disconnected("the connection ended inside a message"));
            closedCleanly_ = true;
            endReading(disconnected("the other side closed the connection"));
            return Message(nullptr);
          },
          [this](kj::Exception&& failure) -> kj::Promise<Message> {
            return endReading(kj::mv(failure));
          });
}

/// Takes the rest of a message of `bytes` directly into its own memory.
kj::Promise<MessageStream::Message> MessageStream::readLarge(std::size_t bytes,
                                                             capnp::ReaderOptions options) {
  // Untouched memory costs nothing: a false claim of a large message takes room only as bytes come.
  auto memory = memory_->take(bytes / sizeof(capnp::word));
  auto to = memory->asBytes().begin();
  const std::size_t here = end_ - begin_;
  memcpy(to, buffer_.asBytes().begin() + begin_, here);
  begin_ = end_ = 0;
  auto reader = kj::heap<IncomingMessage>(options, std::move(memory), largeMessages_);
  return readBody(to + here, bytes - here)
      .then(
          [this, reader = kj::mv(reader)]() mutable -> kj::Promise<Message> {
            KJ_IF_MAYBE (failure, readFailure_)
              return kj::cp(*failure);
            return Message(capnp::MessageReaderAndFds{kj::mv(reader), nullptr});
          },
          [this](kj::Exception&& failure) -> kj::Promise<Message> {
            return endReading(kj::mv(failure));
          });
}

kj::Promise<void> MessageStream::readBody(kj::byte* to, std::size_t bytes) {
  const std::size_t step = std::min(bytes, transferStep);
  return stream_->tryRead(to, step, step)
      .then([this, to, bytes, step](std::size_t got) -> kj::Promise<void> {
        progress_ += got;
        if (got < step)
          return disconnected("the connection ended inside a message");
        if (step == bytes)
          return kj::READY_NOW;
        return readBody(to + step, bytes - step);
      });
}

kj::Exception MessageStream::endReading(kj::Exception reason) {
  if (readFailure_ == nullptr) {
    readFailure_ = kj::mv(reason);
    endedFulfiller_->fulfill();
  }
  return kj::cp(KJ_ASSERT_NONNULL(readFailure_));
}

kj::Maybe<const kj::Exception&> MessageStream::whyEnded() const {
  KJ_IF_MAYBE (failure, readFailure_)
    return *failure;
  return nullptr;
}

std::shared_ptr<const void> MessageStream::ownerOf(kj::ArrayPtr<const kj::byte> bytes) const {
  auto& all = largeMessages_->memory;
  auto after = all.upper_bound(bytes.begin());
  if (after == all.begin())
    return nullptr;
  auto& [start, memory] = *std::prev(after);
  return bytes.end() <= start + memory.bytes ? memory.owner.lock() : nullptr;
}

// --- writing ----------------------------------------------------------------------------------

/// A large message on its way: pieces in the order of the wire, and who owns what they point to.
struct MessageStream::Outgoing {
  std::vector<kj::byte> head;
  std::vector<kj::ArrayPtr<const kj::byte>> pieces;
  std::size_t next = 0; ///< first piece not yet written
  std::vector<std::shared_ptr<const void>> owners;
};

kj::Promise<void>
MessageStream::writeMessage(kj::ArrayPtr<const int>,
                            kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments) {
  KJ_IF_MAYBE (failure, writeFailure_)
    return kj::cp(*failure);
  if (hasEnded_)
    return kj::READY_NOW;
  std::size_t bytes = tableBytes(segments.size());
  for (auto& segment : segments)
    bytes += segment.asBytes().size();
  if (bytes > largeMessage)
    return writeLarge(segments);

  appendSmall(segments);
  if (writing_ == Writing::nothing) {
    writing_ = Writing::scheduled;
    flushing_ = kj::evalLast([this] { return flush(); }).eagerlyEvaluate([this](kj::Exception&& e) {
      failWriting(kj::mv(e));
    });
  }
  if (pending_.size() > unsentLimit)
    return whenNothingIsWritten();
  return kj::READY_NOW;
}

kj::Promise<void> MessageStream::writeMessages(
    kj::ArrayPtr<kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>>> messages) {
  if (messages.size() == 0)
    return kj::READY_NOW;
  return writeMessage(nullptr, messages[0])
      .then([this, rest = messages.slice(1, messages.size())]() { return writeMessages(rest); });
}

static void appendTable(std::vector<kj::byte>& to,
                        kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments) {
  auto put = [&](std::uint32_t number) {
    auto* bytes = reinterpret_cast<const kj::byte*>(&number);
    to.insert(to.end(), bytes, bytes + sizeof number);
  };
  put(segments.size() - 1);
  for (auto& segment : segments)
    put(segment.size());
  if (segments.size() % 2 == 0)
    put(0);
}

void MessageStream::appendSmall(kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments) {
  appendTable(pending_, segments);
  for (auto& segment : segments)
    pending_.insert(pending_.end(), segment.asBytes().begin(), segment.asBytes().end());
}

kj::Promise<void> MessageStream::flush() {
  writing_ = Writing::now;
  sending_.clear();
  std::swap(sending_, pending_);
  return stream_->write(sending_.data(), sending_.size()).then([this]() -> kj::Promise<void> {
    if (!pending_.empty())
      return flush();
    doneWriting();
    return kj::READY_NOW;
  });
}

kj::Promise<void>
MessageStream::writeLarge(kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments) {
  if (writing_ == Writing::now)
    return whenNothingIsWritten().then([this, segments]() { return writeLarge(segments); });

  // What is scheduled goes out in front, in the same write.
  flushing_ = nullptr;
  writing_ = Writing::now;
  auto outgoing = kj::heap<Outgoing>();
  std::swap(outgoing->head, pending_);
  appendTable(outgoing->head, segments);
  outgoing->pieces.emplace_back(outgoing->head.data(), outgoing->head.size());
  for (auto& segment : segments)
    addSegment(*outgoing, segment);
  auto written = writePieces(*outgoing);
  return written.attach(kj::mv(outgoing))
      .then(
          [this] {
            doneWriting();
            if (!pending_.empty()) {
              writing_ = Writing::now;
              flushing_ =
                  flush().eagerlyEvaluate([this](kj::Exception&& e) { failWriting(kj::mv(e)); });
            }
          },
          [this](kj::Exception&& e) {
            failWriting(kj::cp(e));
            kj::throwFatalException(kj::mv(e));
          });
}

void MessageStream::addSegment(Outgoing& outgoing, kj::ArrayPtr<const capnp::word> segment) {
  static constexpr kj::byte zeros[sizeof(capnp::word)] = {};
  kj::ArrayPtr<const kj::byte> bytes = segment.asBytes();
  std::size_t padding = 0;
  auto kept = std::find_if(kept_.begin(), kept_.end(), [&](const Kept& k) {
    return k.bytes.begin() == bytes.begin() &&
           (k.bytes.size() + sizeof(capnp::word) - 1) / sizeof(capnp::word) == segment.size();
  });
  if (kept != kept_.end()) {
    padding = bytes.size() - kept->bytes.size();
    bytes = kept->bytes;
    outgoing.owners.push_back(std::move(kept->owner));
    kept_.erase(kept);
  }
  for (; bytes.size() > transferStep; bytes = bytes.slice(transferStep, bytes.size()))
    outgoing.pieces.push_back(bytes.slice(0, transferStep));
  outgoing.pieces.push_back(bytes);
  if (padding != 0)
    outgoing.pieces.emplace_back(zeros, padding);
}

kj::Promise<void> MessageStream::writePieces(Outgoing& outgoing) {
  std::size_t last = outgoing.next, bytes = 0;
  while (last < outgoing.pieces.size() && (bytes == 0 || bytes < transferStep))
    bytes += outgoing.pieces[last++].size();
  kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> now(&outgoing.pieces[outgoing.next],
                                                       last - outgoing.next);
  outgoing.next = last;
  return stream_->write(now).then([this, &outgoing]() -> kj::Promise<void> {
    if (outgoing.next == outgoing.pieces.size())
      return kj::READY_NOW;
    ++progress_;
    return writePieces(outgoing);
  });
}

void MessageStream::doneWriting() {
  writing_ = Writing::nothing;
  for (auto& waiting : waitForNothing_)
    waiting->fulfill();
  waitForNothing_.clear();
}

kj::Promise<void> MessageStream::whenNothingIsWritten() {
  KJ_IF_MAYBE (failure, writeFailure_)
    return kj::cp(*failure);
  if (writing_ == Writing::nothing)
    return kj::READY_NOW;
  auto pair = kj::newPromiseAndFulfiller<void>();
  waitForNothing_.add(kj::mv(pair.fulfiller));
  return kj::mv(pair.promise);
}

kj::Maybe<int> MessageStream::getSendBufferSize() {
  int bytes = 0;
  uint length = sizeof bytes;
  KJ_IF_MAYBE (failure, kj::runCatchingExceptions(
                            [&] { stream_->getsockopt(SOL_SOCKET, SO_SNDBUF, &bytes, &length); })) {
    if (failure->getType() != kj::Exception::Type::UNIMPLEMENTED)
      kj::throwRecoverableException(kj::mv(*failure));
    return nullptr; // not a socket
  }
  return bytes;
}

kj::Promise<void> MessageStream::end() {
  if (std::exchange(hasEnded_, true))
    return kj::READY_NOW;
  return whenNothingIsWritten().then([this] { stream_->shutdownWrite(); });
}

bool MessageStream::worthReferencing(kj::ArrayPtr<const kj::byte> bytes) {
  return bytes.size() >= largeBytes &&
         reinterpret_cast<std::uintptr_t>(bytes.begin()) % sizeof(capnp::word) == 0;
}

void MessageStream::keepUntilWritten(kj::ArrayPtr<const kj::byte> bytes,
                                     std::shared_ptr<const void> owner) {
  if (writeFailure_ == nullptr)
    kept_.push_back({bytes, std::move(owner)});
}

void MessageStream::failWriting(kj::Exception reason) {
  if (writeFailure_ != nullptr)
    return;
  writeFailure_ = kj::cp(reason);
  kept_.clear(); // no segment is looked at any more
  for (auto& waiting : waitForNothing_)
    waiting->reject(kj::cp(reason));
  waitForNothing_.clear();
  endReading(kj::mv(reason));
  // Wakes the read that waits; it sees the failure. A stream that is gone already has nothing to
  // wake.
  kj::runCatchingExceptions([&] { stream_->abortRead(); });
}

void MessageStream::abort(kj::Exception reason) {
  endReading(kj::cp(reason));
  failWriting(kj::mv(reason));
  // Wakes a write that waits; pipes in memory refuse while one does, and it ends with the stream.
  kj::runCatchingExceptions([&] { stream_->shutdownWrite(); });
}

} // namespace roam::net
