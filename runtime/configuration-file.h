// Reading roam.toml.
#pragma once
#include <map>
#include <string>
#include <vector>

namespace roam {

/// A value of a setting, and where it was found.
struct ConfiguredValue {
  std::vector<std::string> words; ///< one, but for texts; of a choice "true" or "false"
  std::string source;             ///< for people: "flag --join", "ROAM_JOIN", "./roam.toml:3"
};

/// The settings in the file by name; none if there is no such file. Throws ConfigurationError, with
/// file and line, if it can't be read, is no TOML, or has what is no setting.
std::map<std::string, ConfiguredValue> readConfigurationFile(const std::string& path);

} // namespace roam
