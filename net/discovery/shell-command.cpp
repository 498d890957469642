// Starting, reading and killing a command.
//
// Its end is told by a descriptor for its process, not by SIGCHLD: signals and child processes of a
// program that joins a cluster are that program's.
#include "net/discovery/shell-command.h"
#include "net/child-start.h"
#include "net/coroutine.h"
#include "net/limits.h"
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <kj/debug.h>
#include <kj/io.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace roam::net {
namespace {

constexpr std::size_t errorsKept = 1024;

struct Pipe {
  kj::AutoCloseFd read, write;
  Pipe() {
    int ends[2];
    KJ_SYSCALL(pipe2(ends, O_CLOEXEC));
    read = kj::AutoCloseFd(ends[0]);
    write = kj::AutoCloseFd(ends[1]);
  }
};

/// The child gets default signals, all of them open, and no descriptors but these.
pid_t spawnShell(const std::string& command, int output, int errors) {
  ChildStart child;
  child.giveNoInput();
  child.give(output, STDOUT_FILENO);
  child.give(errors, STDERR_FILENO);
  child.giveNoneFrom(STDERR_FILENO + 1);
  child.leadGroup();
  child.resetSignals();
  pid_t process = 0;
  int error = child.start("/bin/sh", {"sh", "-c", command}, process);
  if (error != 0)
    KJ_FAIL_SYSCALL("starting /bin/sh", error);
  return process;
}

/// The shell and what it started. Killed with the object.
class ShellGroup {
 public:
  ShellGroup(kj::UnixEventPort& events, const std::string& command, int output, int errors)
      : process_(spawnShell(command, output, errors)),
        ended_(int(syscall(SYS_pidfd_open, process_, 0))) {
    if (ended_.get() < 0) {
      int error = errno;
      endNow();
      KJ_FAIL_SYSCALL("pidfd_open", error);
    }
    observer_ = kj::heap<kj::UnixEventPort::FdObserver>(
        events, ended_, kj::UnixEventPort::FdObserver::OBSERVE_READ);
    end_ = observer_->whenBecomesReadable(); // from now on: it may end at any time
  }
  ~ShellGroup() noexcept(false) {
    if (!waited_)
      endNow();
  }
  KJ_DISALLOW_COPY(ShellGroup);

  /// Resolves to its wait status once the shell has ended; what it started may still run and is
  /// killed then. To be called once.
  kj::Promise<int> end() {
    return end_.then([this] {
      kill(-process_, SIGKILL); // before the number is free
      int status = 0;
      waited_ = true;
      if (waitpid(process_, &status, 0) < 0)
        status = 0; // the program ignores its children, and the system keeps no status for it
      return status;
    });
  }

 private:
  void endNow() {
    kill(-process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }

  pid_t process_;
  kj::AutoCloseFd ended_;
  kj::Own<kj::UnixEventPort::FdObserver> observer_;
  kj::Promise<void> end_ = nullptr;
  bool waited_ = false;
};

/// Reads to the end and keeps the first `most` bytes; resolves early if there are more and `stops`.
kj::Promise<void> read(kj::AsyncInputStream& from, std::string& into, std::size_t most,
                       bool stops) {
  auto buffer = kj::heapArray<char>(4096);
  while (std::size_t size = co_await from.tryRead(buffer.begin(), 1, buffer.size())) {
    into.append(buffer.begin(), std::min(size, most + 1 - into.size()));
    if (stops && into.size() > most)
      co_return;
  }
}

std::string failureOf(int status) {
  if (WIFSIGNALED(status))
    return std::string("was ended by a signal: ") + strsignal(WTERMSIG(status));
  if (WEXITSTATUS(status) != 0)
    return "ended with exit code " + std::to_string(WEXITSTATUS(status));
  return "";
}

/// `ended` is written as it becomes known, so that what there is counts when the time is over.
kj::Promise<void> readToItsEnd(kj::AsyncIoContext& io, ShellGroup& group, kj::AsyncInputStream& out,
                               kj::AsyncInputStream& err, CommandEnd& ended) {
  auto errors = read(err, ended.errors, errorsKept, false).eagerlyEvaluate(nullptr);
  co_await read(out, ended.output, limits::commandOutputBytes, true);
  if (ended.output.size() > limits::commandOutputBytes) {
    ended.output.resize(limits::commandOutputBytes);
    ended.failure = "prints more than " + std::to_string(limits::commandOutputBytes) +
                    " bytes, which is no list of addresses; it was killed";
    co_return;
  }
  ended.failure = failureOf(co_await group.end());
  co_await kj::mv(errors).exclusiveJoin(io.provider->getTimer().afterDelay(limits::commandErrors));
}

} // namespace

kj::Promise<CommandEnd> runCommand(kj::AsyncIoContext& io, std::string command, kj::Duration time) {
  constexpr auto flags =
      kj::LowLevelAsyncIoProvider::TAKE_OWNERSHIP | kj::LowLevelAsyncIoProvider::ALREADY_CLOEXEC;
  Pipe output, errors;
  ShellGroup group(io.unixEventPort, command, output.write, errors.write);
  output.write = nullptr;
  errors.write = nullptr;
  auto out = io.lowLevelProvider->wrapInputFd(output.read.release(), flags);
  auto err = io.lowLevelProvider->wrapInputFd(errors.read.release(), flags);
  CommandEnd ended;
  auto late = io.provider->getTimer().afterDelay(time).then([&ended, time] {
    ended.failure = kj::str("has not ended after ", time, " and was killed").cStr();
  });
  co_await readToItsEnd(io, group, *out, *err, ended).exclusiveJoin(kj::mv(late));
  co_return ended;
}

} // namespace roam::net
