// Digest to symbol and back.
#include "jit/symbol-name.h"

namespace roam::jit {

static constexpr std::string_view prefix = "roam.";

std::string symbolName(const Digest& entry) {
  return std::string(prefix) + entry.toString();
}

std::optional<Digest> entryOf(std::string_view name) {
  if (!name.starts_with(prefix))
    return std::nullopt;
  return Digest::parse(name.substr(prefix.size()));
}

} // namespace roam::jit
