// Flags of settings, and one round of discovery.
#include "tools/joining.h"
#include "runtime/settings.h"
#include <algorithm>
#include <fmt/format.h>
#include <memory>

namespace roam::tools {
namespace {

struct Given {
  ConfiguredValues flags;
  bool alone = false;
};

void addFlag(CLI::App& command, const Setting& setting, std::shared_ptr<Given> given) {
  std::string flag = setting.flag;
  auto take = [given, &setting](const std::vector<std::string>& words) {
    given->flags[setting.name] = {words, std::string("flag ") + setting.flag};
  };
  if (setting.kind == Setting::Kind::choice) {
    command.add_flag_callback(
        flag,
        [take, &setting] { take({setting.otherwise == std::string("true") ? "false" : "true"}); },
        setting.meaning);
    return;
  }
  auto* option = command.add_option_function<std::vector<std::string>>(flag, take, setting.meaning);
  option->allow_extra_args(false);
  if (setting.kind == Setting::Kind::text)
    option->expected(1);
}

ConfigurationPlaces placesOf(const Given& given) {
  if (given.alone)
    return {given.flags, [](const char*) { return nullptr; }, {}};
  return ConfigurationPlaces::ofThisProcess(given.flags);
}

} // namespace

void LogOnErrors::line(kj::StringPtr text) {
  fmt::print(stderr, "roam: {}\n", text.cStr());
}

void addSettings(CLI::App& command, std::initializer_list<const char*> names,
                 std::function<void(const Configuration&)> use, bool mayIgnore) {
  auto given = std::make_shared<Given>();
  for (const char* name : names)
    addFlag(command, *findSetting(name), given);
  if (mayIgnore)
    command.add_flag("--no-configuration", given->alone,
                     "Flags only: neither environment variables nor roam.toml are read");
  command.parse_complete_callback(
      [given, use = std::move(use)] { use(Configuration(placesOf(*given))); });
}

void addJoinWords(CLI::App& command, net::JoinOptions& join) {
  addSettings(command, {"join", "cluster", "multicast"},
              [&join](const Configuration& configuration) { join = configuration.joinOptions(); });
}

std::vector<std::string> addressesOf(kj::AsyncIoContext& io, const net::JoinOptions& join) {
  LogOnErrors log;
  std::vector<std::string> found;
  auto discovery = net::discover(io, log, join, [&](std::string address) {
    if (std::find(found.begin(), found.end(), address) == found.end())
      found.push_back(std::move(address));
  });
  discovery->firstRound().wait(io.waitScope);
  return found;
}

std::vector<std::string> addressesOf(const net::JoinOptions& join) {
  auto io = kj::setupAsyncIo();
  return addressesOf(io, join);
}

} // namespace roam::tools
