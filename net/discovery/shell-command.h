// A command of a shell, run to its end or to a limit.
#pragma once
#include <kj/async-io.h>
#include <kj/async-unix.h>
#include <string>

namespace roam::net {

/// What a command left behind.
struct CommandEnd {
  std::string output; ///< at most limits::commandOutputBytes
  std::string errors; ///< the beginning of what it wrote to its standard error
  /// Why its output may not be all, in words that follow "it": it did not end, failed, printed too
  /// much. Empty if it succeeded.
  std::string failure;
};

/// Runs it with /bin/sh -c in a process group of its own, with nothing on its standard input. The
/// whole group is killed when it takes longer than `time`, prints too much, or the
/// promise is dropped. Fails only if it can't be started. `io` must outlive the promise.
kj::Promise<CommandEnd> runCommand(kj::AsyncIoContext& io, std::string command, kj::Duration time);

} // namespace roam::net
