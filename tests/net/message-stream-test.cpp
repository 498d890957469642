// Framing over streams that chop, fail and end in the middle.
#include "net/message-stream.h"
#include "tests/net/peers.h"
#include "tests/support/memory-network.h"
#include <capnp/any.h>
#include <capnp/message.h>
#include <random>
#include <thread>

using namespace roam;
using namespace roam::test;

namespace {

constexpr kj::StringPtr somewhere = "127.0.0.1:1"_kj;

capnp::ReaderOptions options(std::uint64_t words = 64 << 20) {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = words;
  return options;
}

std::shared_ptr<net::MessageMemory> memory() {
  return std::make_shared<net::MessageMemory>();
}

/// Two ends of one connection.
struct Ends {
  explicit Ends(MemoryNetwork& network, kj::WaitScope& loop) {
    auto at = network.parseAddress(somewhere).wait(loop);
    auto receiver = at->listen();
    auto connecting = at->connect();
    there = receiver->accept().wait(loop);
    here = connecting.wait(loop);
  }
  kj::Own<kj::AsyncIoStream> here, there;
};

/// Counts the writes that reach the stream.
class CountingStream final : public kj::AsyncIoStream {
 public:
  explicit CountingStream(kj::Own<kj::AsyncIoStream> inner) : inner_(kj::mv(inner)) {}
  kj::Promise<size_t> tryRead(void* buffer, size_t least, size_t most) override {
    ++reads;
    return inner_->tryRead(buffer, least, most);
  }
  kj::Promise<void> write(const void* buffer, size_t size) override {
    ++writes;
    return inner_->write(buffer, size);
  }
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override {
    ++writes;
    return inner_->write(pieces);
  }
  kj::Promise<void> whenWriteDisconnected() override { return inner_->whenWriteDisconnected(); }
  void shutdownWrite() override { inner_->shutdownWrite(); }
  void abortRead() override { inner_->abortRead(); }
  unsigned reads = 0, writes = 0;

 private:
  kj::Own<kj::AsyncIoStream> inner_;
};

/// A message of random content in segments of random sizes, about `bytes` long.
kj::Own<capnp::MallocMessageBuilder> randomMessage(std::size_t bytes, std::mt19937& random) {
  auto message = kj::heap<capnp::MallocMessageBuilder>(
      std::uniform_int_distribution<unsigned>(1, 4096)(random),
      capnp::AllocationStrategy::FIXED_SIZE);
  auto list = message->initRoot<capnp::AnyPointer>().initAs<capnp::List<capnp::Data>>(8);
  for (auto i : kj::indices(list))
    for (auto& byte : list.init(i, bytes / 8 + i))
      byte = kj::byte(random());
  return message;
}

bool equal(capnp::MessageReader& got, capnp::MessageBuilder& sent) {
  auto a = got.getRoot<capnp::List<capnp::Data>>();
  auto b = sent.getRoot<capnp::List<capnp::Data>>().asReader();
  if (a.size() != b.size())
    return false;
  for (auto i : kj::indices(a))
    if (a[i] != b[i])
      return false;
  return true;
}

kj::Exception readFailure(kj::ArrayPtr<const kj::byte> bytes, bool close = false,
                          std::uint64_t limitWords = 1 << 20) {
  kj::EventLoop eventLoop;
  kj::WaitScope loop(eventLoop);
  MemoryNetwork network;
  Ends ends(network, loop);
  net::MessageStream stream(kj::mv(ends.here), memory());
  auto reading = stream.tryReadMessage(options(limitWords));
  auto writing = ends.there->write(bytes.begin(), bytes.size());
  writing.poll(loop);
  if (close)
    ends.there = nullptr;
  auto failure = failureOf(kj::mv(reading), loop);
  EXPECT_TRUE(stream.ended().poll(loop));
  EXPECT_EQ(KJ_ASSERT_NONNULL(stream.whyEnded()).getDescription(), failure.getDescription());
  return failure;
}

template <typename... Numbers>
std::vector<std::uint32_t> words(Numbers... numbers) {
  return {std::uint32_t(numbers)...};
}

kj::ArrayPtr<const kj::byte> bytesOf(const std::vector<std::uint32_t>& numbers) {
  return {reinterpret_cast<const kj::byte*>(numbers.data()), numbers.size() * sizeof numbers[0]};
}

} // namespace

class MessageStream : public ::testing::Test {
 protected:
  ~MessageStream() noexcept override = default;

  kj::EventLoop eventLoop;
  kj::WaitScope loop{eventLoop};
};

TEST_F(MessageStream, CarriesMessagesOfEverySizeOverStreamsThatChop) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    MemoryNetwork network(seed);
    Ends ends(network, loop);
    net::MessageStream from(kj::mv(ends.here), memory()), to(kj::mv(ends.there), memory());
    for (int round = 0; round < 20; ++round) {
      std::vector<kj::Own<capnp::MallocMessageBuilder>> sent;
      kj::Promise<void> writing = kj::READY_NOW;
      for (int i = 0; i < 10; ++i) {
        std::size_t size = std::size_t(1) << std::uniform_int_distribution<int>(0, 19)(random);
        sent.push_back(randomMessage(size, random));
        writing =
            writing
                .then([&from, message = sent.back().get()] { return from.writeMessage(*message); })
                .eagerlyEvaluate(nullptr);
      }
      for (auto& message : sent) {
        auto got = KJ_ASSERT_NONNULL(to.tryReadMessage(options()).wait(loop));
        ASSERT_TRUE(equal(*got, *message));
      }
      writing.wait(loop);
    }
  }
}

TEST_F(MessageStream, MessagesOfOneTurnLeaveInOneWriteAndArriveInOneRead) {
  MemoryNetwork network;
  Ends ends(network, loop);
  auto here = kj::heap<CountingStream>(kj::mv(ends.here));
  auto there = kj::heap<CountingStream>(kj::mv(ends.there));
  auto &out = *here, &in = *there;
  net::MessageStream from(kj::mv(here), memory()), to(kj::mv(there), memory());
  std::mt19937 random(1);
  auto message = randomMessage(100, random);
  for (int i = 0; i < 50; ++i)
    from.writeMessage(*message).wait(loop);
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(equal(*KJ_ASSERT_NONNULL(to.tryReadMessage(options()).wait(loop)), *message));
  EXPECT_EQ(out.writes, 1u);
  EXPECT_EQ(in.reads, 1u);
}

TEST_F(MessageStream, WhatIsScheduledGoesOutInFrontOfALargeMessage) {
  MemoryNetwork network;
  Ends ends(network, loop);
  auto here = kj::heap<CountingStream>(kj::mv(ends.here));
  auto& out = *here;
  net::MessageStream from(kj::mv(here), memory()), to(kj::mv(ends.there), memory());
  std::mt19937 random(1);
  auto small = randomMessage(100, random), large = randomMessage(1 << 20, random);
  auto first = from.writeMessage(*small);
  auto second = from.writeMessage(*large);
  ASSERT_TRUE(equal(*KJ_ASSERT_NONNULL(to.tryReadMessage(options()).wait(loop)), *small));
  ASSERT_TRUE(equal(*KJ_ASSERT_NONNULL(to.tryReadMessage(options()).wait(loop)), *large));
  second.wait(loop);
  EXPECT_EQ(out.writes, 1u);
}

TEST_F(MessageStream, MemoryOfALargeMessageMayBeKeptAndOfASmallOneNot) {
  MemoryNetwork network;
  Ends ends(network, loop);
  net::MessageStream from(kj::mv(ends.here), memory());
  auto to = kj::heap<net::MessageStream>(kj::mv(ends.there), memory());
  std::mt19937 random(1);
  auto small = randomMessage(100, random), large = randomMessage(1 << 20, random);
  from.writeMessage(*small).wait(loop);
  auto writing = from.writeMessage(*large);
  auto gotSmall = KJ_ASSERT_NONNULL(to->tryReadMessage(options()).wait(loop));
  auto gotLarge = KJ_ASSERT_NONNULL(to->tryReadMessage(options()).wait(loop));
  EXPECT_EQ(to->ownerOf(gotSmall->getRoot<capnp::List<capnp::Data>>()[0]), nullptr);
  kj::ArrayPtr<const kj::byte> bytes = gotLarge->getRoot<capnp::List<capnp::Data>>()[7];
  auto owner = to->ownerOf(bytes);
  ASSERT_NE(owner, nullptr);
  to = nullptr;
  gotLarge = nullptr;
  EXPECT_EQ(bytes, large->getRoot<capnp::List<capnp::Data>>().asReader()[7]);
}

TEST_F(MessageStream, BytesThatAreReferencedAreSentExactlyAndThenReleased) {
  for (std::size_t size : {65536u, 65537u, 65543u, (5u << 20) + 1}) {
    MemoryNetwork network;
    Ends ends(network, loop);
    net::MessageStream from(kj::mv(ends.here), memory()), to(kj::mv(ends.there), memory());
    // Exactly `size` bytes of memory: the sanitizer sees a read beyond them.
    auto bytes = std::make_shared<kj::Array<const kj::byte>>(
        kj::heapArray<const kj::byte>(std::vector<kj::byte>(size, 0xab).data(), size));
    ASSERT_TRUE(net::MessageStream::worthReferencing(*bytes));
    std::weak_ptr<const void> held = bytes;
    capnp::MallocMessageBuilder message;
    message.getRoot<capnp::AnyPointer>().adopt(
        message.getOrphanage().referenceExternalData(*bytes));
    from.keepUntilWritten(*bytes, bytes);
    bytes = nullptr;
    ASSERT_FALSE(held.expired());
    auto writing = from.writeMessage(message);
    auto got = KJ_ASSERT_NONNULL(to.tryReadMessage(options()).wait(loop));
    auto received = got->getRoot<capnp::Data>();
    ASSERT_EQ(received.size(), size);
    for (kj::byte byte : received)
      ASSERT_EQ(byte, 0xab);
    for (auto* after = received.end(); after != received.begin() + (size + 7) / 8 * 8; ++after)
      EXPECT_EQ(*after, 0) << "padding";
    writing.wait(loop);
    EXPECT_TRUE(held.expired());
  }
}

TEST_F(MessageStream, AStreamMayGoAwayInTheMiddleOfAnything) {
  for (int step = 0; step < 4; ++step) {
    MemoryNetwork network;
    Ends ends(network, loop);
    auto from = kj::heap<net::MessageStream>(kj::mv(ends.here), memory());
    std::mt19937 random(1);
    auto small = randomMessage(100, random), large = randomMessage(1 << 20, random);
    auto first = from->writeMessage(*small);
    auto second = from->writeMessage(*large);
    auto reading = from->tryReadMessage(options());
    auto ended = from->ended();
    char some[100];
    if (step > 0)
      ends.there->read(some, step).wait(loop);
    if (step == 3)
      from->abort(
          kj::Exception(kj::Exception::Type::DISCONNECTED, __FILE__, __LINE__, kj::str("enough")));
    second = nullptr;
    reading = nullptr;
    from = nullptr;
    ended.wait(loop);
  }
}

TEST_F(MessageStream, AbortFailsWhatWaitsWithTheReason) {
  MemoryNetwork network;
  Ends ends(network, loop);
  net::MessageStream stream(kj::mv(ends.here), memory());
  auto reading = stream.tryReadMessage(options());
  stream.abort(
      kj::Exception(kj::Exception::Type::DISCONNECTED, __FILE__, __LINE__, kj::str("enough")));
  EXPECT_EQ(failureOf(kj::mv(reading), loop).getDescription(), "enough"_kj);
  capnp::MallocMessageBuilder message;
  EXPECT_EQ(failureOf(stream.writeMessage(message), loop).getDescription(), "enough"_kj);
  EXPECT_EQ(failureOf(stream.tryReadMessage(options()), loop).getDescription(), "enough"_kj);
}

TEST_F(MessageStream, TheEndOfTheStreamIsNoMessage) {
  MemoryNetwork network;
  Ends ends(network, loop);
  net::MessageStream stream(kj::mv(ends.here), memory());
  ends.there = nullptr;
  EXPECT_TRUE(stream.tryReadMessage(options()).wait(loop) == nullptr);
  EXPECT_TRUE(stream.ended().poll(loop));
}

TEST(MessageStreamGarbage, EndsTheStreamInWords) {
  EXPECT_TRUE(contains(readFailure(bytesOf(words(0xffffffff, 0))).getDescription(),
                       "claims 4294967296 segments"));
  EXPECT_TRUE(
      contains(readFailure(bytesOf(words(512, 0))).getDescription(), "claims 513 segments"));
  EXPECT_TRUE(contains(readFailure(bytesOf(words(0, 0xffffffff))).getDescription(),
                       "a message of 34359738360 bytes arrived; the limit is 8388608 bytes"));
  EXPECT_TRUE(contains(readFailure(bytesOf(words(1, 0xfffff, 2, 0))).getDescription(),
                       "a message of 8388616 bytes"));
  EXPECT_TRUE(
      contains(readFailure(bytesOf(std::string("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")))
                   .getDescription(),
               "no message of Roam's protocol"));
}

TEST(MessageStreamGarbage, AMessageThatIsCutShortIsALostConnection) {
  for (auto& begun :
       {words(0), words(0, 4), words(0, 4, 1, 2, 3), words(2, 1, 1), words(0, 100000, 1)}) {
    auto failure = readFailure(bytesOf(begun), true);
    EXPECT_EQ(failure.getType(), kj::Exception::Type::DISCONNECTED);
    EXPECT_TRUE(contains(failure.getDescription(), "ended inside a message"));
  }
}

TEST(MessageMemory, IsUsedAgainByMessagesOfLikeSizeAndKeptWithinItsLimit) {
  auto memory = std::make_shared<net::MessageMemory>();
  auto first = memory->take(100000);
  auto* at = first->begin();
  EXPECT_GE(first->size(), 100000u);
  EXPECT_NE(memory->take(100000)->begin(), at) << "the first is in use";
  first = nullptr;
  EXPECT_EQ(memory->take(100001)->begin(), at);
  EXPECT_NE(memory->take(1000)->size(), memory->take(100000)->size())
      << "a small message leaves a large block alone";
  auto thread = std::thread([block = memory->take(100000)]() mutable { block = nullptr; });
  thread.join();
  for (int i = 0; i < 10; ++i)
    memory->take(limits::messageMemory / 8 / 2);
  std::vector<net::MessageMemory::Block> many;
  for (int i = 0; i < 10; ++i)
    many.push_back(memory->take(limits::messageMemory / 8 / 4));
  many.clear();
  EXPECT_LE(memory->unusedBytes(), limits::messageMemory);
  EXPECT_GT(memory->unusedBytes(), limits::messageMemory / 4);
  auto last = memory->take(10);
  memory = nullptr;
  last = nullptr;
}
