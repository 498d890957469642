// Descriptions of entries: what can be read is written again in one form.
#include "jit/slice/manifest.h"
#include <stdexcept>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using roam::Description;
  try {
    std::string once = Description::parse({reinterpret_cast<const char*>(bytes), size}).toText();
    if (Description::parse(once).toText() != once)
      __builtin_trap();
  } catch (const std::runtime_error&) { // refused, in words
  }
  return 0;
}
