// The only file that includes toml++, which takes some seconds to compile.
#include "runtime/configuration-file.h"
#include "net/limits.h"
#include "roam/error.h"
#include "runtime/settings.h"
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <optional>
#include <sys/stat.h>
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 1
#include <toml++/toml.h>

namespace roam {
namespace {

[[noreturn]] void refuse(const std::string& place, const std::string& why) {
  throw ConfigurationError(place + ": " + why);
}

/// Nothing if there is no such file.
std::optional<std::string> textOf(const std::string& path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR)
      return std::nullopt;
    refuse(path, fmt::format("can't be read: {}", strerror(errno)));
  }
  if (!S_ISREG(status.st_mode))
    refuse(path, "is no file; the configuration is read from it: remove it, or write a file there");
  if (std::size_t(status.st_size) > limits::configurationBytes)
    refuse(path, fmt::format("has {} bytes; a configuration has at most {}", status.st_size,
                             limits::configurationBytes));
  std::ifstream file(path, std::ios::binary);
  if (!file)
    refuse(path, fmt::format("can't be read: {}", strerror(errno)));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::string allNames() {
  std::string names;
  for (const Setting& setting : settings())
    names += fmt::format("{}{}", names.empty() ? "" : ", ", setting.name);
  return names;
}

const char* exampleOf(const Setting& setting) {
  switch (setting.kind) {
  case Setting::Kind::text:
    return "a text in quotation marks";
  case Setting::Kind::texts:
    return "a text in quotation marks, or a list of them: [\"...\", \"...\"]";
  case Setting::Kind::choice:
    break;
  }
  return "true or false";
}

/// Nothing if the value is of another type than the setting.
std::optional<std::vector<std::string>> wordsOf(const Setting& setting, const toml::node& node) {
  if (setting.kind == Setting::Kind::choice)
    return node.is_boolean() ? std::optional<std::vector<std::string>>(
                                   {node.as_boolean()->get() ? "true" : "false"})
                             : std::nullopt;
  if (node.is_string())
    return std::vector<std::string>{node.as_string()->get()};
  if (setting.kind != Setting::Kind::texts || !node.is_array())
    return std::nullopt;
  std::vector<std::string> words;
  for (const toml::node& element : *node.as_array()) {
    if (!element.is_string())
      return std::nullopt;
    words.push_back(element.as_string()->get());
  }
  return words;
}

toml::table parse(const std::string& path, const std::string& text) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    refuse(fmt::format("{}:{}", path, error.source().begin.line),
           fmt::format("is no TOML: {}", error.description()));
  }
}

} // namespace

std::map<std::string, ConfiguredValue> readConfigurationFile(const std::string& path) {
  std::map<std::string, ConfiguredValue> values;
  auto text = textOf(path);
  if (!text)
    return values;
  for (auto&& [key, node] : parse(path, *text)) {
    std::string name(key.str()), place = fmt::format("{}:{}", path, key.source().begin.line);
    const Setting* setting = findSetting(name);
    if (setting == nullptr)
      refuse(place, fmt::format("there is no setting '{}'; there are: {}", name, allNames()));
    auto words = wordsOf(*setting, node);
    if (!words)
      refuse(place, fmt::format("{} must be {}", name, exampleOf(*setting)));
    values[name] = {std::move(*words), place};
  }
  return values;
}

} // namespace roam
