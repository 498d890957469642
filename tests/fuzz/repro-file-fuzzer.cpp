// Repro files: refused, or read; what was read is written as the same bytes. The hash is set right,
// so that mutations come further than to it.
#include "runtime/peer/repro-file.h"
#include <cstdint>
#include <stdexcept>

using roam::Digest;
using roam::peer::ReproFile;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(bytes), size);
  constexpr std::size_t magic = 8, hashed = magic + Digest::size;
  if (size > hashed) {
    const Digest hash = Digest::of(std::string_view(text).substr(hashed));
    text.replace(magic, Digest::size, reinterpret_cast<const char*>(hash.bytes().data()),
                 Digest::size);
  }
  try {
    if (ReproFile::read(text).write() != text)
      __builtin_trap();
  } catch (const std::runtime_error&) { // refused, in words
  }
  return 0;
}
