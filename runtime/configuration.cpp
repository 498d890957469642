// Which of several places decides a setting, and whether all of them together make sense.
#include "runtime/configuration.h"
#include "net/address.h"
#include "net/join-place.h"
#include "roam/error.h"
#include "runtime/settings.h"
#include <cstdlib>
#include <fmt/format.h>
#include <kj/exception.h>

namespace roam {
namespace {

constexpr std::string_view etcdMark = "etcd://";

[[noreturn]] void refuse(const ConfiguredValue& value, std::string_view why) {
  throw ConfigurationError(fmt::format("{}: {}", value.source, why));
}

/// What `use` says against the value is said of its source.
template <class Use>
void checkBy(const ConfiguredValue& value, Use use) {
  KJ_IF_MAYBE (failure, kj::runCatchingExceptions(use))
    refuse(value, net::wordsOf(*failure).cStr());
}

/// Without the empty ones.
std::vector<std::string> split(const std::string& list, char separator) {
  std::vector<std::string> words;
  for (std::size_t from = 0; from <= list.size();) {
    std::size_t to = std::min(list.find(separator, from), list.size());
    if (to > from)
      words.push_back(list.substr(from, to - from));
    from = to + 1;
  }
  return words;
}

std::vector<std::string> wordsOf(const Setting& setting, const std::string& text) {
  if (setting.kind != Setting::Kind::texts)
    return text.empty() ? std::vector<std::string>() : std::vector<std::string>{text};
  if (std::string_view(setting.name) == "join")
    return net::splitPlaces(text);
  return setting.separator == ',' ? net::splitAddresses(text) : split(text, setting.separator);
}

/// Each text of the value may be a list again, as in a flag that is repeated.
void split(const Setting& setting, ConfiguredValue& value) {
  std::vector<std::string> words;
  for (auto& word : value.words)
    for (auto& single : wordsOf(setting, word))
      words.push_back(single);
  value.words = std::move(words);
}

void checkChoice(ConfiguredValue& value) {
  if (value.words.empty())
    refuse(value, "says neither true nor false");
  std::string& word = value.words.front();
  if (word == "1" || word == "yes")
    word = "true";
  if (word == "0" || word == "no")
    word = "false";
  if (word != "true" && word != "false")
    refuse(value, fmt::format("'{}' is neither true nor false", net::oneLine(word)));
}

void checkStore(const ConfiguredValue& value) {
  const std::string& store = value.words.front();
  auto addresses =
      net::splitAddresses(std::string_view(store).substr(std::min(etcdMark.size(), store.size())));
  if (!store.starts_with(etcdMark) || addresses.empty())
    refuse(value, fmt::format("'{}' is no store: write etcd://HOST:PORT, or several of one etcd "
                              "cluster: etcd://HOST:PORT,HOST:PORT",
                              net::oneLine(store)));
  for (auto& address : addresses) {
    checkBy(value, [&] { net::loopbackAddress(address.c_str()); });
    if (address.starts_with("unix:"))
      refuse(value, fmt::format("'{}': etcd is reached by HOST:PORT", net::oneLine(store)));
  }
}

/// The words of a default.
ConfiguredValue otherwise(const Setting& setting) {
  ConfiguredValue value{{}, "default"};
  if (*setting.otherwise != 0)
    value.words.push_back(setting.otherwise);
  return value;
}

} // namespace

ConfigurationPlaces ConfigurationPlaces::ofThisProcess(ConfiguredValues flags) {
  ConfigurationPlaces places{
      std::move(flags), [](const char* name) { return getenv(name); }, {"./roam.toml"}};
  // A relative path is to be ignored: XDG base directory specification.
  if (const char* folder = getenv("XDG_CONFIG_HOME"); folder != nullptr && folder[0] == '/')
    places.files.push_back(std::string(folder) + "/roam/roam.toml");
  else if (const char* home = getenv("HOME"); home != nullptr && home[0] == '/')
    places.files.push_back(std::string(home) + "/.config/roam/roam.toml");
  return places;
}

Configuration::Configuration(const ConfigurationPlaces& places) {
  std::vector<ConfiguredValues> files;
  for (auto& path : places.files)
    files.push_back(readConfigurationFile(path));
  for (const Setting& setting : settings()) {
    ConfiguredValue& value = values_[setting.name] = otherwise(setting);
    for (auto file = files.rbegin(); file != files.rend(); ++file)
      if (auto found = file->find(setting.name); found != file->end())
        value = found->second;
    if (const char* text = places.environment(setting.variable); text != nullptr && *text != 0)
      value = {{text}, setting.variable};
    if (auto flag = places.flags.find(setting.name); flag != places.flags.end())
      value = flag->second;
    split(setting, value);
    if (setting.kind == Setting::Kind::choice)
      checkChoice(value);
  }
  check();
}

Configuration Configuration::ofThisProcess(ConfiguredValues flags) {
  return Configuration(ConfigurationPlaces::ofThisProcess(std::move(flags)));
}

void Configuration::check() const {
  net::JoinOptions options = joinOptions();
  checkBy((*this)["cluster"], [&] { net::clusterOf(options); });
  checkBy((*this)["multicast"], [&] { net::joinPlaces({.multicast = options.multicast}); });
  checkBy((*this)["join"], [&] { net::joinPlaces({.where = options.where}); });
  // Each is right for itself: so they contradict each other.
  ConfiguredValue both{{}, (*this)["join"].source + " and " + (*this)["multicast"].source};
  checkBy(both, [&] { net::joinPlaces(options); });
  for (auto& address : texts("require"))
    checkBy((*this)["require"], [&] { net::loopbackAddress(address.c_str()); });
  if (!texts("require").empty() && texts("join").empty())
    refuse((*this)["require"], "says whom to wait for, but nothing says where to look: set join");
  if (!text("store").empty())
    checkStore((*this)["store"]);
}

const ConfiguredValue& Configuration::operator[](std::string_view name) const {
  return values_.find(name)->second;
}

const std::string& Configuration::text(std::string_view name) const {
  static const std::string none;
  auto& words = texts(name);
  return words.empty() ? none : words.front();
}

const std::vector<std::string>& Configuration::texts(std::string_view name) const {
  return (*this)[name].words;
}

bool Configuration::choice(std::string_view name) const {
  return text(name) == "true";
}

net::JoinOptions Configuration::joinOptions() const {
  net::JoinOptions options;
  options.where = texts("join");
  if ((*this)["cluster"].source != "default")
    options.cluster = text("cluster");
  options.registers = choice("register");
  if ((*this)["multicast"].source != "default")
    options.multicast = text("multicast");
  return options;
}

} // namespace roam
