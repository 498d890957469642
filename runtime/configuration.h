// What was configured: by flags, the environment, ./roam.toml or ~/.config/roam/roam.toml, in that
// order. The first that has a setting decides it alone.
#pragma once
#include "net/discovery.h"
#include "runtime/configuration-file.h"
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace roam {

/// By the names of settings (runtime/settings.h).
using ConfiguredValues = std::map<std::string, ConfiguredValue>;

/// Where a configuration is read from.
struct ConfigurationPlaces {
  ConfiguredValues flags;
  std::function<const char*(const char*)> environment; ///< null if a variable is not set
  std::vector<std::string> files;                      ///< the first counts most

  /// This process, with these flags.
  static ConfigurationPlaces ofThisProcess(ConfiguredValues flags);
};

class Configuration {
 public:
  /// Throws ConfigurationError, which names the place and says what to write, for what is wrong or
  /// contradicts something else.
  explicit Configuration(const ConfigurationPlaces& places);
  /// Of this process, with these flags.
  static Configuration ofThisProcess(ConfiguredValues flags = {});

  /// Of a setting; what is in force if nothing was chosen comes from "default".
  const ConfiguredValue& operator[](std::string_view name) const;
  /// Empty if nothing was chosen.
  const std::string& text(std::string_view name) const;
  const std::vector<std::string>& texts(std::string_view name) const;
  bool choice(std::string_view name) const;

  /// Of the settings join, cluster, register and multicast; empty what nobody chose.
  net::JoinOptions joinOptions() const;

 private:
  void check() const;
  std::map<std::string, ConfiguredValue, std::less<>> values_; ///< of all settings
};

} // namespace roam
