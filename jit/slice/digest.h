// A digest: the 32-byte BLAKE3-256 value that names a slice by its bytes.
#pragma once
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace roam {

/// Names a slice: equal digests mean equal bytes on every machine. A value; free of threads and of
/// ownership.
class Digest {
 public:
  static constexpr std::size_t size = 32;

  /// All zero; names nothing.
  Digest() = default;
  explicit Digest(const std::array<std::uint8_t, size>& bytes) : bytes_(bytes) {}

  /// The BLAKE3-256 value of `bytes`: about 1 ns a byte. The one place where Roam hashes code.
  static Digest of(std::span<const std::byte> bytes);
  static Digest of(std::string_view bytes) { return of(std::as_bytes(std::span(bytes))); }

  /// 64 hexadecimal digits, either case; nothing if `text` is anything else.
  static std::optional<Digest> parse(std::string_view text);
  /// Exactly 32 raw bytes, as they stand in a message or a manifest; nothing for any other length.
  static std::optional<Digest> fromBytes(std::span<const std::byte> bytes);

  /// 64 lower-case hexadecimal digits.
  std::string toString() const;
  /// The first 12 digits, for people.
  std::string shortened() const { return toString().substr(0, 12); }

  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(bytes_)); }

  auto operator<=>(const Digest&) const = default;

 private:
  std::array<std::uint8_t, size> bytes_{};
};

} // namespace roam

/// The digest is already uniform: its first bytes are the hash.
template <>
struct std::hash<roam::Digest> {
  std::size_t operator()(const roam::Digest& digest) const noexcept {
    std::size_t value;
    __builtin_memcpy(&value, digest.bytes().data(), sizeof value);
    return value;
  }
};
