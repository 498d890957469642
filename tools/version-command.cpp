// `roam version`: what this build is, and which code it can exchange.
#include "jit/slice/platform.h"
#include "tools/commands.h"
#include <fmt/format.h>

namespace roam::tools {

void addVersionCommand(CLI::App& app, Command& chosen) {
  auto* command = app.add_subcommand(
      "version", "Print Roam's version and the platform whose code it runs. Peers and programs "
                 "work together if their platforms are equal.");
  command->callback([&chosen] {
    chosen = [] {
      fmt::print("roam {}\nplatform {}\n", ROAM_VERSION, Platform::here().toString());
      return exitDone;
    };
  });
}

} // namespace roam::tools
