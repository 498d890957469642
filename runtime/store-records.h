// What lies in the store of a cluster, as values: the records of net/store.capnp.
#pragma once
#include "jit/slice/digest.h"
#include <cstdint>
#include <string>
#include <string_view>

namespace roam {

/// Where they lie: prefixes of keys.
namespace keys {
inline constexpr const char* names = "names/";
inline constexpr const char* history = "history/";
inline constexpr const char* code = "code/";
inline constexpr const char* members = "members/";
/// What follows the prefix in a key that begins with it: an address, or a name.
inline std::string after(std::string_view prefix, const std::string& key) {
  return key.substr(prefix.size());
}
} // namespace keys

/// `Binding` of net/store.capnp explains the fields.
struct Binding {
  std::uint64_t revision = 0;
  Digest digest;
  std::string signature;
  std::string captures;
  bool home = false;
  std::string description;
  std::string boundBy;
  std::int64_t boundAt = 0;
  std::uint64_t copyOf = 0;

  std::string write() const;
  /// Throws std::runtime_error if the bytes are none.
  static Binding read(std::string_view bytes);
};

struct NamedBinding {
  std::string name;
  Binding binding;
};

/// `Member` of net/store.capnp.
struct MemberRecord {
  std::string name;
  unsigned workers = 0;
  std::string target;
  bool leaving = false;
  std::int64_t started = 0;

  std::string write() const;
  /// Throws std::runtime_error if the bytes are none.
  static MemberRecord read(std::string_view bytes);
};

/// What code/DIGEST holds: how many bytes the code has.
std::string writeCodeSize(std::uint64_t bytes);
/// Throws std::runtime_error.
std::uint64_t readCodeSize(std::string_view record);

} // namespace roam
