// Compiled objects: refused, or read; what was read is written as it was. The hash would refuse
// nearly all, so every input is read a second time with the hash it should have.
#include "jit/slice/compiled-object.h"
#include <algorithm>
#include <stdexcept>

namespace {

void readAndWrite(std::span<const std::byte> bytes) {
  using roam::CompiledObject;
  try {
    CompiledObject object = CompiledObject::read(bytes);
    std::vector<std::byte> written = object.write();
    CompiledObject again = CompiledObject::read(written);
    if (again.slice != object.slice || again.target != object.target ||
        written.size() != bytes.size())
      __builtin_trap();
  } catch (const std::runtime_error&) { // refused, in words
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::vector<std::byte> object(size);
  std::copy_n(reinterpret_cast<const std::byte*>(bytes), size, object.begin());
  readAndWrite(object);
  if (size >= 40) {
    roam::Digest hash = roam::Digest::of(std::span<const std::byte>(object).subspan(40));
    std::ranges::copy(hash.bytes(), object.begin() + 8);
    readAndWrite(object);
  }
  return 0;
}
