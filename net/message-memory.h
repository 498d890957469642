// Memory for large messages, used again: fresh pages cost more than copying into warm ones.
#pragma once
#include <capnp/common.h>
#include <kj/array.h>
#include <memory>
#include <mutex>
#include <vector>

namespace roam::net {

/// Without it, every message of a megabyte costs 256 page faults when the allocator gives free
/// memory back, as glibc's does: up to three times the time of the transfer. Keeps at most
/// `limits::messageMemory` bytes that nobody uses.
class MessageMemory : public std::enable_shared_from_this<MessageMemory> {
 public:
  /// At least as many words as asked for, with anything in them.
  using Block = std::shared_ptr<kj::Array<capnp::word>>;

  /// The block may be dropped on any thread, also after this object is gone.
  Block take(std::size_t words);
  std::size_t unusedBytes() const;

 private:
  struct Return;

  void giveBack(kj::Array<capnp::word> block);

  mutable std::mutex mutex_;
  std::vector<kj::Array<capnp::word>> unused_; ///< oldest first
  std::size_t unusedWords_ = 0;
};

} // namespace roam::net
