#include "runtime/argument-buffer.h"
#include "net/limits.h"
#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace roam {

ArgumentBuffer::ArgumentBuffer(net::MessageMemory& memory, std::size_t expected) : memory_(memory) {
  out_.owner = this;
  out_.grow = &grow;
  resize(std::max<std::size_t>(expected, 64));
}

void ArgumentBuffer::grow(Output* out, std::size_t more) {
  if (more > limits::chunkBytes - out->size)
    throw std::length_error("the encoded arguments of one chunk exceed 256 MiB");
  static_cast<Growing*>(out)->owner->resize(std::max(out->size + more, 2 * out->capacity));
}

void ArgumentBuffer::resize(std::size_t capacity) {
  auto larger = memory_.take(capacity / sizeof(capnp::word) + 1);
  auto bytes = larger->asBytes();
  if (out_.size > 0)
    memcpy(bytes.begin(), out_.data, out_.size);
  out_.data = reinterpret_cast<char*>(bytes.begin());
  out_.capacity = bytes.size();
  block_ = std::move(larger);
}

} // namespace roam
