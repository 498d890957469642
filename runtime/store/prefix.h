// The keys that begin with some bytes, as a range.
#pragma once
#include <optional>
#include <string>

namespace roam::store {

/// The first key that comes after all that begin with `prefix`; nothing if none does.
inline std::optional<std::string> endOf(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff)
    prefix.pop_back();
  if (prefix.empty())
    return std::nullopt;
  prefix.back() = char(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

} // namespace roam::store
