// The subcommands of `roam`. Each adds itself to the command line and returns what to run if it was
// chosen.
#pragma once
#include <CLI/CLI.hpp>
#include <functional>

namespace roam::tools {

/// How the program ends. Stated by `roam --help`.
enum ExitCode : int {
  exitDone = 0,
  exitFailed = 1,      ///< what was asked for could not be done; the reason is on standard error
  exitUsage = 2,       ///< the command line is wrong
  exitUnreachable = 3, ///< no peer answered
};

using Command = std::function<int()>;

void addPeerCommand(CLI::App& app, Command& chosen);
void addConfigCommand(CLI::App& app, Command& chosen);
void addStatusCommand(CLI::App& app, Command& chosen);
void addDrainCommand(CLI::App& app, Command& chosen);
void addInspectCommand(CLI::App& app, Command& chosen);
void addShowCommand(CLI::App& app, Command& chosen);
void addBundleCommand(CLI::App& app, Command& chosen);
void addEvalCommand(CLI::App& app, Command& chosen);
void addReplayCommand(CLI::App& app, Command& chosen);
void addPushCommand(CLI::App& app, Command& chosen);
void addRunCommand(CLI::App& app, Command& chosen);
void addNamesCommands(CLI::App& app, Command& chosen);
void addVersionCommand(CLI::App& app, Command& chosen);

} // namespace roam::tools
