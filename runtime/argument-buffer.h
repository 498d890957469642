// The bytes of one chunk's arguments while they are encoded and sent.
#pragma once
#include "net/message-memory.h"
#include "roam/entry.h"
#include <stdexcept>

namespace roam {

/// The arguments of one chunk don't fit into one: the range must be split.
struct ArgumentsTooLarge : std::length_error {
  using std::length_error::length_error;
};

/// An Output over memory that is used again: fresh pages would cost more than encoding into them.
/// Grows by doubling, up to the limit for a chunk, and throws ArgumentsTooLarge beyond. Kept by
/// whoever sends the bytes.
class ArgumentBuffer {
 public:
  /// `expected` bytes are likely to come.
  ArgumentBuffer(net::MessageMemory& memory, std::size_t expected);
  ArgumentBuffer(const ArgumentBuffer&) = delete;

  Output& out() { return out_; }
  kj::ArrayPtr<const kj::byte> bytes() const {
    return {reinterpret_cast<const kj::byte*>(out_.data), out_.size};
  }

 private:
  struct Growing : Output {
    ArgumentBuffer* owner = nullptr;
  };
  static void grow(Output* out, std::size_t more);
  void resize(std::size_t capacity);

  net::MessageMemory& memory_;
  net::MessageMemory::Block block_;
  Growing out_;
};

} // namespace roam
