// Bytes that grow: the Output an origin encodes captures and arguments into.
#pragma once
#include "roam/entry.h"
#include <new>
#include <string_view>

namespace roam {

/// An Output that owns its memory. For one thread at a time; throws std::bad_alloc when there is no
/// more.
class Buffer : public Output {
 public:
  Buffer() { grow = &enlarge; }
  Buffer(Buffer&& from) noexcept : Output(from) { from.forget(); }
  Buffer& operator=(Buffer from) noexcept { // without an instance of std::swap
    Output mine = *this;
    static_cast<Output&>(*this) = from;
    static_cast<Output&>(from) = mine;
    return *this;
  }
  ~Buffer() { __builtin_free(data); }

  /// Valid until the next write.
  std::string_view view() const { return {data, size}; }
  /// Empty again; the memory is kept for the next use.
  void clear() { size = 0; }

 private:
  void forget() {
    data = nullptr;
    size = capacity = 0;
  }
  static void enlarge(Output* out, std::size_t more) {
    std::size_t wanted = out->size + more; // at least doubled, so that n writes cost O(n)
    if (wanted < 2 * out->capacity)
      wanted = 2 * out->capacity;
    void* moved = wanted < more ? nullptr : __builtin_realloc(out->data, wanted);
    if (moved == nullptr)
      throw std::bad_alloc();
    out->data = static_cast<char*>(moved);
    out->capacity = wanted;
  }
};

} // namespace roam
