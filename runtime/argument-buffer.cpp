// Growing within the limit for a chunk, over blocks that are used again.
#include "runtime/argument-buffer.h"
#include "net/limits.h"
#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace roam {

ArgumentBuffer::ArgumentBuffer(net::MessageMemory& memory, std::size_t expected) : memory_(memory) {
  out_.owner = this;
  out_.grow = &grow;
  resize(std::max<std::size_t>(expected, 64));
}

void ArgumentBuffer::grow(Output* out, std::size_t more) {
  if (out->size > limits::chunkBytes || more > limits::chunkBytes - out->size)
    throw ArgumentsTooLarge(fmt::format("its encoded arguments exceed {} MiB, the limit for one "
                                        "chunk",
                                        limits::chunkBytes >> 20));
  std::size_t doubled = std::min(2 * out->capacity, limits::chunkBytes);
  static_cast<Growing*>(out)->owner->resize(std::max(out->size + more, doubled));
}

void ArgumentBuffer::resize(std::size_t capacity) {
  auto larger = memory_.take(capacity / sizeof(capnp::word) + 1);
  auto bytes = larger->asBytes();
  if (out_.size > 0)
    memcpy(bytes.begin(), out_.data, out_.size);
  out_.data = reinterpret_cast<char*>(bytes.begin());
  out_.capacity = std::min(bytes.size(), limits::chunkBytes); // blocks come larger than asked
  block_ = std::move(larger);
}

} // namespace roam
