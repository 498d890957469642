// Digests with LLVM's copy of BLAKE3: a few self-contained C objects, so that the plugin and every
// peer hash alike.
#include "jit/slice/digest.h"
#include <algorithm>
#include <llvm-c/blake3.h>

namespace roam {
namespace {

/// The value of a hexadecimal digit, or -1.
int digitValue(char digit) {
  if (digit >= '0' && digit <= '9')
    return digit - '0';
  if (digit >= 'a' && digit <= 'f')
    return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F')
    return digit - 'A' + 10;
  return -1;
}

} // namespace

Digest Digest::of(std::span<const std::byte> bytes) {
  llvm_blake3_hasher hasher;
  llvm_blake3_hasher_init(&hasher);
  llvm_blake3_hasher_update(&hasher, bytes.data(), bytes.size());
  Digest digest;
  llvm_blake3_hasher_finalize(&hasher, digest.bytes_.data(), size);
  return digest;
}

std::optional<Digest> Digest::parse(std::string_view text) {
  if (text.size() != 2 * size)
    return std::nullopt;
  Digest digest;
  for (std::size_t i = 0; i < size; ++i) {
    int high = digitValue(text[2 * i]), low = digitValue(text[2 * i + 1]);
    if (high < 0 || low < 0)
      return std::nullopt;
    digest.bytes_[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return digest;
}

std::optional<Digest> Digest::fromBytes(std::span<const std::byte> bytes) {
  if (bytes.size() != size)
    return std::nullopt;
  Digest digest;
  std::transform(bytes.begin(), bytes.end(), digest.bytes_.begin(),
                 [](std::byte byte) { return std::to_integer<std::uint8_t>(byte); });
  return digest;
}

std::string Digest::toString() const {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * size);
  for (std::uint8_t byte : bytes_) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

} // namespace roam
