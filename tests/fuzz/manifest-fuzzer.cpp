// ELF files with a manifest, damaged: refused or read, never believed.
#include "jit/slice/manifest.h"
#include <stdexcept>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::string_view file(reinterpret_cast<const char*>(bytes), size);
  try {
    for (const roam::ManifestEntry& entry : roam::readManifest(file))
      if (roam::Digest::of(entry.slice) != entry.digest)
        __builtin_trap();
  } catch (const std::runtime_error&) { // refused, in words
  }
  return 0;
}
