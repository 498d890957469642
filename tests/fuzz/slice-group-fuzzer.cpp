// Slice groups: refused, or read; what was read is written in one form and read again.
#include "jit/slice/slice-group.h"
#include <cstdint>
#include <stdexcept>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using roam::SliceGroup;
  try {
    std::string once = SliceGroup::read({reinterpret_cast<const char*>(bytes), size}).write();
    if (SliceGroup::read(once).write() != once)
      __builtin_trap();
  } catch (const std::runtime_error&) { // refused, in words
  }
  return 0;
}
