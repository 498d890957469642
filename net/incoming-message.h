// Messages as they are read: in the memory they arrived in, which others may go on to hold.
// Inside of net/message-stream.h.
#pragma once
#include "net/message-memory.h"
#include <capnp/message.h>
#include <cstdint>
#include <map>
#include <memory>

namespace roam::net {

/// Bytes of the table in front of a message: the number of segments less one, then the size of each
/// in words, 32 bits each, filled up to a word.
inline std::size_t tableBytes(std::size_t segments) {
  return (segments / 2 + 1) * sizeof(capnp::word);
}

/// Where the large messages lie whose readers live: start of memory to owner.
struct LargeMessages {
  struct Memory {
    std::size_t bytes;
    std::weak_ptr<const void> owner;
  };
  std::map<const kj::byte*, Memory> memory;
};

/// A message as it stood on the wire: table and segments one after the other in one piece of
/// memory.
class IncomingMessage final : public capnp::MessageReader {
 public:
  IncomingMessage(capnp::ReaderOptions options, kj::Array<capnp::word> message)
      : MessageReader(options), small_(kj::mv(message)), start_(small_.begin()) {}

  /// Notes the memory in `all` as long as this reader lives.
  IncomingMessage(capnp::ReaderOptions options, MessageMemory::Block message,
                  std::shared_ptr<LargeMessages> all)
      : MessageReader(options), large_(std::move(message)), all_(std::move(all)),
        start_(large_->begin()) {
    all_->memory[large_->asBytes().begin()] = {large_->asBytes().size(), large_};
  }

  ~IncomingMessage() noexcept(false) {
    if (large_ != nullptr)
      all_->memory.erase(large_->asBytes().begin());
  }

  kj::ArrayPtr<const capnp::word> getSegment(uint id) override {
    auto* table = reinterpret_cast<const std::uint32_t*>(start_);
    const std::uint32_t segments = table[0] + 1;
    if (id >= segments)
      return nullptr;
    std::size_t before = tableBytes(segments) / sizeof(capnp::word);
    for (uint i = 0; i < id; ++i)
      before += table[1 + i];
    return {start_ + before, table[1 + id]};
  }

 private:
  kj::Array<capnp::word> small_;
  MessageMemory::Block large_;
  std::shared_ptr<LargeMessages> all_;
  const capnp::word* start_;
};

} // namespace roam::net
