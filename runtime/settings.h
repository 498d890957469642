// All settings there are, in one table: what `roam config` lists, roam.toml may have, and flags and
// environment variables are made of.
#pragma once
#include <span>
#include <string_view>

namespace roam {

struct Setting {
  enum class Kind {
    text,
    texts, ///< several, separated by `separator`; in roam.toml also a list of such texts
    choice ///< true or false; its flag says the other than `otherwise`
  };
  const char* name; ///< in roam.toml
  Kind kind;
  char separator;        ///< of texts
  const char* variable;  ///< of the environment
  const char* flag;      ///< of commands. Null: there is none
  const char* otherwise; ///< what is in force if nothing was chosen
  const char* meaning;
};

std::span<const Setting> settings();
/// Null if there is none of this name.
const Setting* findSetting(std::string_view name);

} // namespace roam
