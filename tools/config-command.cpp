// `roam config`: which settings are in force, and where they come from.
#include "runtime/settings.h"
#include "tools/commands.h"
#include "tools/joining.h"
#include <algorithm>
#include <fmt/format.h>
#include <memory>

namespace roam::tools {
namespace {

std::string valueOf(const ConfiguredValue& value) {
  std::string text;
  for (auto& word : value.words)
    text += (text.empty() ? "" : ", ") + net::oneLine(word);
  return text;
}

void printTable(const Configuration& configuration) {
  std::size_t values = 5, sources = 4;
  for (const Setting& setting : settings()) {
    values = std::max(values, valueOf(configuration[setting.name]).size());
    sources = std::max(sources, configuration[setting.name].source.size());
  }
  fmt::print("{:<16} {:<{}}  {:<{}}  {}\n", "SETTING", "VALUE", values, "FROM", sources, "MEANING");
  for (const Setting& setting : settings()) {
    auto& value = configuration[setting.name];
    fmt::print("{:<16} {:<{}}  {:<{}}  {} ({})\n", setting.name, valueOf(value), values,
               value.source, sources, setting.meaning, setting.variable);
  }
}

void printPlain(const Configuration& configuration) {
  for (const Setting& setting : settings()) {
    auto& value = configuration[setting.name];
    fmt::print("{}\t{}\t{}\n", setting.name, valueOf(value), value.source);
  }
}

} // namespace

void addConfigCommand(CLI::App& app, Command& chosen) {
  auto* command = app.add_subcommand(
      "config", "Print every setting, its value, and where that comes from: a flag, an environment "
                "variable, ./roam.toml, ~/.config/roam/roam.toml; the first of these that has it "
                "decides. The flags here are those of other commands.");
  auto configuration = std::make_shared<std::unique_ptr<Configuration>>();
  addSettings(*command, {"join", "cluster", "require", "register", "multicast", "store", "state"},
              [configuration](const Configuration& read) {
                *configuration = std::make_unique<Configuration>(read);
              });
  auto plain = std::make_shared<bool>(false);
  command->add_flag("--plain", *plain,
                    "For scripts: setting, value and place separated by tabs, without the heading");
  command->callback([&chosen, configuration, plain] {
    chosen = [configuration, plain] {
      (*plain ? printPlain : printTable)(**configuration);
      return exitDone;
    };
  });
}

} // namespace roam::tools
