// How commands say which cluster they mean: by flags, and by what is configured otherwise.
#pragma once
#include "runtime/configuration.h"
#include <CLI/CLI.hpp>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

namespace roam::tools {

/// Adds the flags of these settings. When the command line was read, calls `use` with what is in
/// force; ConfigurationError leaves CLI::App::parse then. With "--no-configuration", which is added
/// too if `mayIgnore`, only flags count.
void addSettings(CLI::App& command, std::initializer_list<const char*> names,
                 std::function<void(const Configuration&)> use, bool mayIgnore = false);

/// Adds --join, --cluster and --multicast; `join` is what is in force when the command line was
/// read, and must live as long as `command`.
void addJoinWords(CLI::App& command, net::JoinOptions& join);

/// What is found when every place was looked at once, each address once, those of a list in its
/// order. Trouble with a place is told on standard error.
std::vector<std::string> addressesOf(kj::AsyncIoContext& io, const net::JoinOptions& join);
/// The same on a loop of its own.
std::vector<std::string> addressesOf(const net::JoinOptions& join);

/// Log lines on standard error.
class LogOnErrors final : public net::Log {
 public:
  void line(kj::StringPtr text) override;
};

} // namespace roam::tools
