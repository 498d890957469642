// Digest to symbol and back.
#include "jit/symbol-name.h"

namespace roam::jit {

static constexpr std::string_view prefix = "roam.";
static constexpr std::string_view statePrefix = "roam.state.";

std::string symbolName(const Digest& entry) {
  return std::string(prefix) + entry.toString();
}

std::optional<Digest> entryOf(std::string_view name) {
  if (!name.starts_with(prefix))
    return std::nullopt;
  return Digest::parse(name.substr(prefix.size()));
}

std::string stateName(unsigned number) {
  return std::string(statePrefix) + std::to_string(number);
}

std::string keptName(unsigned number) {
  return std::string(statePrefix) + "kept." + std::to_string(number);
}

bool isState(std::string_view name) {
  constexpr std::string_view threadLocal = "__emutls_v.";
  if (name.starts_with(threadLocal))
    name.remove_prefix(threadLocal.size());
  return name.starts_with(statePrefix);
}

} // namespace roam::jit
