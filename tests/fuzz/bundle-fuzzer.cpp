// Bundles: refused, or read; what was read is written in one form and read again. The digest of the
// table would refuse nearly all, so every input is read a second time with the one it should have.
#include "jit/slice/bundle-writer.h"
#include <algorithm>
#include <stdexcept>

namespace {

using Bytes = std::vector<std::byte>;

Bytes writtenAgain(const Bytes& bytes) {
  roam::BundleWriter writer;
  writer.add(roam::Bundle::read(bytes));
  return writer.write();
}

void readAndWrite(const Bytes& bytes) {
  try {
    Bytes once = writtenAgain(bytes);
    if (writtenAgain(once) != once)
      __builtin_trap();
  } catch (const std::runtime_error&) { // refused, in words
  }
}

/// Of the table as large as the header says.
void makeDigestRight(Bytes& bytes) {
  std::uint64_t size = 0;
  for (unsigned i = 0; i < 8; ++i)
    size |= std::to_integer<std::uint64_t>(bytes[8 + i]) << (8 * i);
  std::span<const std::byte> rest = std::span<const std::byte>(bytes).subspan(64);
  roam::Digest digest = roam::Digest::of(rest.first(std::min<std::size_t>(size, rest.size())));
  std::ranges::copy(digest.bytes(), bytes.begin() + 32);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  Bytes bytes(size);
  std::copy_n(reinterpret_cast<const std::byte*>(input), size, bytes.begin());
  readAndWrite(bytes);
  if (size >= 64) {
    makeDigestRight(bytes);
    readAndWrite(bytes);
  }
  return 0;
}
