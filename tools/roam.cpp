// The `roam` command: runs peers, shows what they do, and looks into programs.
#include "tools/commands.h"
#include <algorithm>
#include <cstdio>
#include <exception>
#include <kj/exception.h>
#include <stdexcept>

namespace roam::tools {
namespace {

constexpr const char* description = "Roam runs the lambdas of C++ programs on other machines.\n"
                                    "Start peers with `roam peer`, give their addresses to "
                                    "programs in ROAM_JOIN, watch them with `roam status`.";

constexpr const char* footer =
    "Exit codes: 0 done; 1 failed, with the reason on standard error; 2 wrong command line; 3 no "
    "peer answered.\n"
    "Where peers are found is said by --join, ROAM_JOIN or roam.toml: `roam config` prints what is "
    "in "
    "force.";

int run(int argc, char** argv) {
  CLI::App app(description, "roam");
  app.footer(footer);
  app.require_subcommand(1);
  Command chosen;
  addPeerCommand(app, chosen);
  addConfigCommand(app, chosen);
  addStatusCommand(app, chosen);
  addDrainCommand(app, chosen);
  addInspectCommand(app, chosen);
  addShowCommand(app, chosen);
  addBundleCommand(app, chosen);
  addEvalCommand(app, chosen);
  addReplayCommand(app, chosen);
  addPushCommand(app, chosen);
  addRunCommand(app, chosen);
  addNamesCommands(app, chosen);
  addVersionCommand(app, chosen);
  auto named = [&](const CLI::App* command) { return command->check_name(argv[1]); };
  auto commands = app.get_subcommands({});
  if (argc > 1 && argv[1][0] != '-' && std::none_of(commands.begin(), commands.end(), named)) {
    std::fprintf(stderr, "roam: there is no command '%s'; `roam --help` lists them\n", argv[1]);
    return exitUsage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? exitDone : exitUsage;
  }
  int code = chosen();
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
    throw std::runtime_error("what should be printed could not be written to standard output");
  return code;
}

} // namespace
} // namespace roam::tools

int main(int argc, char** argv) {
  try {
    return roam::tools::run(argc, argv);
  } catch (const kj::Exception& error) {
    std::fprintf(stderr, "roam: %s\n", error.getDescription().cStr());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "roam: %s\n", error.what());
  }
  return roam::tools::exitFailed;
}
