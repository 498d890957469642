// Runs a shell command, as a person would, and keeps what it wrote.
#pragma once
#include <string>

namespace roam::test {

struct CommandResult {
  int status = 0;     ///< exit code, or 128 + signal
  std::string output; ///< standard output and standard error, in the order they were written
};

/// Returns when the command has ended. Throws if there is no shell to run it.
CommandResult run(const std::string& command);

} // namespace roam::test
