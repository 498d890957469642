// Cap'n Proto messages on a byte stream: small ones go out together, large ones without a copy, and
// reading runs ahead.
//
// Cap'n Proto's own framing costs a write and at least two reads a message. Here, messages of one
// turn of the event loop leave in one write at the end of the turn, and one read takes in as many
// as have arrived:
//
//     turn of the loop:  send(a) send(b) send(c)  |  end of turn: write(abc)
//     peer:              read -> abc, then a, b, c from memory
//
// With a thousand calls in flight that is 2 to 3 times less CPU a call. A message above
// `largeMessage` is written from where it lies, and read into memory of its own. The bytes on the
// wire are those of Cap'n Proto's stream framing.
#pragma once
#include "net/message-memory.h"
#include <capnp/serialize-async.h>
#include <kj/async-io.h>
#include <kj/vector.h>
#include <memory>
#include <vector>

namespace roam::net {

struct LargeMessages;

class MessageStream final : public capnp::MessageStream {
 public:
  /// Bytes from which a message is written in place.
  static constexpr std::size_t largeMessage = 32u << 10;
  /// Bytes from which captures, arguments and results become segments of their own instead of being
  /// copied into a message.
  static constexpr std::size_t largeBytes = 64u << 10;

  /// Large messages are read into `memory`.
  MessageStream(kj::Own<kj::AsyncIoStream> stream, std::shared_ptr<MessageMemory> memory);
  /// Whoever waits for `ended` is told.
  ~MessageStream() noexcept(false);
  KJ_DISALLOW_COPY(MessageStream);

  // capnp::MessageStream. As its users do, write one message after the other. File descriptors are
  // not carried.
  using capnp::MessageStream::tryReadMessage;
  using capnp::MessageStream::writeMessage;
  using capnp::MessageStream::writeMessages;
  kj::Promise<kj::Maybe<capnp::MessageReaderAndFds>>
  tryReadMessage(kj::ArrayPtr<kj::AutoCloseFd> fdSpace, capnp::ReaderOptions options,
                 kj::ArrayPtr<capnp::word> scratchSpace) override;
  kj::Promise<void>
  writeMessage(kj::ArrayPtr<const int> fds,
               kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments) override;
  kj::Promise<void> writeMessages(
      kj::ArrayPtr<kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>>> messages) override;
  kj::Maybe<int> getSendBufferSize() override;
  /// Tells the other side that nothing more comes, once what was written is out. What is written
  /// after this goes nowhere: the other side may still ask, and has been told.
  kj::Promise<void> end() override;

  /// Whether `bytes` may be given to referenceExternalData: large enough to be worth it, and
  /// aligned as Cap'n Proto asks.
  static bool worthReferencing(kj::ArrayPtr<const kj::byte> bytes);
  /// Some message that will be sent has `bytes`, which lie in memory of `owner`, as a segment of
  /// its own. Keeps `owner` until that message is written or the stream has ended, whatever became
  /// of the call. Bytes between the end and the next multiple of 8 are never read; zeros are sent
  /// for them.
  void keepUntilWritten(kj::ArrayPtr<const kj::byte> bytes, std::shared_ptr<const void> owner);
  /// The memory of the message that was read here and has `bytes` in it, to be held and dropped on
  /// any thread; null for a small message. Ask while the message's reader lives.
  std::shared_ptr<const void> ownerOf(kj::ArrayPtr<const kj::byte> bytes) const;

  /// Resolves when no more messages will come: the other side is gone, the bytes made no sense, or
  /// `abort` was called.
  kj::Promise<void> ended() { return ended_.addBranch(); }
  /// Why, once it has ended.
  kj::Maybe<const kj::Exception&> whyEnded() const;
  /// Whether it ended because the other side closed it between two messages.
  bool closedCleanly() const { return closedCleanly_; }
  /// Ends both directions now; what waits for a message fails with `reason`.
  void abort(kj::Exception reason);
  /// Whether something that was given to be written has not been.
  bool isWriting() const { return writing_ != Writing::nothing; }
  /// Resolves when it has been; fails if that can't be any more, or the stream is dropped.
  kj::Promise<void> whenNothingIsWritten();
  /// Grows while bytes arrive, and while a large message moves out.
  std::uint64_t progress() const { return progress_; }

 private:
  struct Kept {
    kj::ArrayPtr<const kj::byte> bytes;
    std::shared_ptr<const void> owner;
  };
  struct Outgoing;
  enum class Writing { nothing, scheduled, now };

  using Message = kj::Maybe<capnp::MessageReaderAndFds>;
  kj::Promise<Message> readNext(capnp::ReaderOptions options);
  kj::Promise<Message> readMore(std::size_t bytes, capnp::ReaderOptions options);
  kj::Promise<Message> readLarge(std::size_t bytes, capnp::ReaderOptions options);
  kj::Promise<void> readBody(kj::byte* to, std::size_t bytes);
  kj::Exception endReading(kj::Exception reason);

  void appendSmall(kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments);
  kj::Promise<void> flush();
  kj::Promise<void> writeLarge(kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments);
  kj::Promise<void> writePieces(Outgoing& outgoing);
  void addSegment(Outgoing& outgoing, kj::ArrayPtr<const capnp::word> segment);
  void doneWriting();
  void failWriting(kj::Exception reason);

  kj::Own<kj::AsyncIoStream> stream_;
  std::uint64_t progress_ = 0;

  // Reading. Bytes [begin_, end_) of the buffer have arrived and are not yet taken; begin_ is a
  // multiple of 8.
  kj::Array<capnp::word> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  std::shared_ptr<MessageMemory> memory_;
  std::shared_ptr<LargeMessages> largeMessages_;
  kj::Maybe<kj::Exception> readFailure_;
  bool closedCleanly_ = false;
  kj::Own<kj::PromiseFulfiller<void>> endedFulfiller_;
  kj::ForkedPromise<void> ended_ = nullptr;

  // Writing. `sending_` belongs to the write that runs, `pending_` is what comes next.
  Writing writing_ = Writing::nothing;
  bool hasEnded_ = false;
  std::vector<kj::byte> pending_, sending_;
  std::vector<Kept> kept_;
  kj::Maybe<kj::Exception> writeFailure_;
  kj::Vector<kj::Own<kj::PromiseFulfiller<void>>> waitForNothing_;
  kj::Promise<void> flushing_ = nullptr; ///< last: refers to all above
};

} // namespace roam::net
