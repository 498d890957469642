// Texts of the configuration become numbers.
#include "tools/worker-settings.h"
#include "roam/error.h"
#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdint>
#include <fmt/format.h>
#include <limits>
#include <unistd.h>

namespace roam::tools {
namespace {

[[noreturn]] void refuse(const Configuration& configuration, const char* name, const char* wanted) {
  throw ConfigurationError(fmt::format("{}: '{}' is no {} for the setting {}",
                                       configuration[name].source, configuration.text(name), wanted,
                                       name));
}

/// Nothing if nobody chose.
bool read(const Configuration& configuration, const char* name, const char* wanted,
          std::uint64_t most, std::uint64_t& number) {
  if (configuration[name].source == "default")
    return false;
  std::string text = configuration.text(name);
  try {
    if (std::string_view(wanted) == "size" && !CLI::AsSizeValue(false)(text).empty())
      refuse(configuration, name, wanted);
  } catch (const CLI::Error&) { // of a unit that it does not know
    refuse(configuration, name, wanted);
  }
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > most)
    refuse(configuration, name, wanted);
  return true;
}

bool read(const Configuration& configuration, const char* name, std::uint32_t& number) {
  std::uint64_t wide = 0;
  if (!read(configuration, name, "whole number", std::numeric_limits<std::int32_t>::max(), wide))
    return false;
  number = static_cast<std::uint32_t>(wide);
  return true;
}

} // namespace

void takeWorkerSettings(const Configuration& configuration, peer::PeerOptions& options) {
  if (geteuid() == 0 && !configuration.choice("allow-root"))
    throw ConfigurationError(
        "a peer runs code of others as its own user, and this one is root: start "
        "it as a user that owns nothing, or say --allow-root");
  peer::Allowance& allowance = options.workerAllowance;
  read(configuration, "worker-memory", "size", std::numeric_limits<std::int64_t>::max(),
       allowance.memory);
  read(configuration, "worker-cpu-time", options.workerCpuSeconds);
  read(configuration, "worker-files", allowance.files);
  read(configuration, "worker-processes", allowance.processes);
  if (configuration.choice("sandbox"))
    allowance.sandbox =
        configuration.choice("namespaces") ? peer::Sandbox::full : peer::Sandbox::filter;
}

} // namespace roam::tools
