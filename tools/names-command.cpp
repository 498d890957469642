// `roam names`, `roam history`, `roam rollback`: what names are bound to, and were.
#include "tools/cluster-peers.h"
#include "tools/cluster-session.h"
#include "tools/commands.h"
#include <algorithm>
#include <ctime>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <memory>
#include <optional>

namespace roam::tools {
namespace {

struct Arguments {
  net::JoinOptions join;
  std::string name;
  std::optional<std::uint64_t> revision;
  bool plain = false;
};

std::string timeOf(const Binding& binding) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::localtime(std::time_t(binding.boundAt)));
}

std::string remarkOf(const Binding& binding) {
  return binding.copyOf == 0 ? "" : fmt::format("back to {}", binding.copyOf);
}

int listNames(const Arguments& arguments) {
  ClusterSession cluster(arguments.join, "roam names");
  std::vector<NamedBinding> all = cluster.wait(cluster.names().all());
  std::size_t width = 4;
  for (auto& [name, binding] : all)
    width = std::max(width, name.size());
  if (!arguments.plain)
    fmt::print("{:<{}} {:>8} {:<16} {:<19} {}\n", "NAME", width, "REVISION", "DIGEST", "BOUND",
               "SIGNATURE");
  for (auto& [name, binding] : all)
    if (arguments.plain)
      fmt::print("{}\t{}\t{}\t{}\t{}\t{}\n", name, binding.revision, binding.digest.toString(),
                 binding.boundAt, binding.boundBy, binding.signature);
    else
      fmt::print("{:<{}} {:>8} {:<16} {:<19} {}\n", name, width, binding.revision,
                 binding.digest.shortened(), timeOf(binding), binding.signature);
  return exitDone;
}

int listHistory(const Arguments& arguments) {
  ClusterSession cluster(arguments.join, "roam history");
  auto all = cluster.wait(cluster.names().history(arguments.name));
  if (!arguments.plain)
    fmt::print("{:>8} {:<16} {:<19} {:<24} {:<12} {}\n", "REVISION", "DIGEST", "BOUND", "BY", "",
               "SIGNATURE");
  for (const Binding& binding : all)
    if (arguments.plain)
      fmt::print("{}\t{}\t{}\t{}\t{}\t{}\n", binding.revision, binding.digest.toString(),
                 binding.boundAt, binding.boundBy, binding.copyOf, binding.signature);
    else
      fmt::print("{:>8} {:<16} {:<19} {:<24} {:<12} {}\n", binding.revision,
                 binding.digest.shortened(), timeOf(binding), binding.boundBy, remarkOf(binding),
                 binding.signature);
  return exitDone;
}

int rollBack(const Arguments& arguments) {
  ClusterSession cluster(arguments.join, "roam rollback");
  Binding binding =
      cluster.wait(cluster.names().rollBack(arguments.name, arguments.revision, cluster.name()));
  fmt::print("{} is bound as revision {} to what it was as revision {}: {}\n", arguments.name,
             binding.revision, binding.copyOf, binding.digest.shortened());
  return exitDone;
}

} // namespace

void addNamesCommands(CLI::App& app, Command& chosen) {
  auto arguments = std::make_shared<Arguments>();
  auto add = [&](const char* name, const char* what, int (*run)(const Arguments&)) {
    auto* command = app.add_subcommand(name, what);
    addJoinWords(*command, arguments->join);
    command->callback([&chosen, arguments, run] { chosen = [=] { return run(*arguments); }; });
    return command;
  };
  auto addPlain = [&](CLI::App* command) {
    command->add_flag("--plain", arguments->plain,
                      "For scripts: separated by tabs, without the heading, with whole digests, "
                      "times as seconds since 1970, and who bound it");
  };
  addPlain(add("names", "List the names of a cluster, and what they are bound to.", listNames));
  auto* history =
      add("history",
          "List what a name is bound to, and was before, the latest first. The last 16 revisions "
          "are kept.",
          listHistory);
  history->add_option("NAME", arguments->name)->required();
  addPlain(history);
  auto* rollback =
      add("rollback",
          "Bind a name again to what it was bound to before, as a new revision. What runs keeps "
          "the revision that it began with.",
          rollBack);
  rollback->add_option("NAME", arguments->name)->required();
  rollback->add_option("REVISION", arguments->revision,
                       "Which one of `roam history`; the one before the last if none is given");
}

} // namespace roam::tools
