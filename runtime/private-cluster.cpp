#include "runtime/private-cluster.h"
#include "net/limits.h"
#include "roam/error.h"
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <kj/debug.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

extern char** environ;

namespace roam {
namespace {

struct Pipe {
  kj::AutoCloseFd read, write;
};

Pipe makePipe() {
  int fds[2];
  KJ_SYSCALL(pipe2(fds, O_CLOEXEC));
  return {kj::AutoCloseFd(fds[0]), kj::AutoCloseFd(fds[1])};
}

std::string makePrivateDirectory() {
  std::string path = (std::filesystem::temp_directory_path() / "roam-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) // mode 0700
    throw Error(fmt::format("cannot make a directory for the private cluster's sockets, {}: {}",
                            path, strerror(errno)));
  return path;
}

/// Waits for a peer that was asked to end; one that does not within the limit is killed.
void awaitEnd(pid_t process) {
  kj::AutoCloseFd watched(int(syscall(SYS_pidfd_open, process, 0)));
  pollfd poll{watched, POLLIN, 0};
  if (::poll(&poll, 1, int(limits::peerEnd / kj::MILLISECONDS)) <= 0)
    kill(process, SIGKILL);
  int status;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
}

} // namespace

PrivateCluster::Options PrivateCluster::forThisMachine() {
  unsigned processors = std::max(1u, std::thread::hardware_concurrency());
  unsigned peers = std::min(processors, 8u);
  return {findRoamCommand(), peers, (processors + peers - 1) / peers};
}

PrivateCluster::PrivateCluster(const Options& options) : directory_(makePrivateDirectory()) {
  Pipe lifeline = makePipe();
  lifeline_ = kj::mv(lifeline.write);
  try {
    std::vector<kj::AutoCloseFd> outputs;
    for (unsigned i = 0; i < options.peers; ++i) {
      Pipe output = makePipe();
      processes_.push_back(startPeer(options, i, output.write, lifeline.read));
      outputs.push_back(kj::mv(output.read));
    }
    for (auto& output : outputs)
      awaitListening(output, options);
  } catch (...) {
    endPeers();
    throw;
  }
}

PrivateCluster::~PrivateCluster() {
  endPeers();
}

pid_t PrivateCluster::startPeer(const Options& options, unsigned index, int output,
                                int lifeline) const {
  std::vector<std::string> words = {
      options.command, "peer",
      "--listen",      fmt::format("unix:{}/peer-{}", directory_, index),
      "--workers",     std::to_string(options.workers),
      "--lifeline",    "3"};
  std::vector<char*> arguments;
  for (auto& word : words)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  KJ_DEFER(posix_spawn_file_actions_destroy(&actions));
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, lifeline, 3);
  // A group of its own: Ctrl-C in the terminal ends this program, which ends the peers in order.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  KJ_DEFER(posix_spawnattr_destroy(&attributes));
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);

  pid_t process;
  int error = posix_spawn(&process, options.command.c_str(), &actions, &attributes,
                          arguments.data(), environ);
  if (error != 0)
    throw Error(fmt::format("cannot start a peer of the private cluster with {}: {}",
                            options.command, strerror(error)));
  return process;
}

void PrivateCluster::awaitListening(int output, const Options& options) {
  using Clock = std::chrono::steady_clock;
  constexpr std::string_view announcement = "listening on ";
  auto deadline = Clock::now() + std::chrono::nanoseconds(limits::workerStart / kj::NANOSECONDS);
  std::string text;
  while (text.find('\n') == std::string::npos) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd poll{output, POLLIN, 0};
    int ready = ::poll(&poll, 1, int(std::max<std::int64_t>(0, left.count())));
    if (ready < 0 && errno == EINTR)
      continue;
    char buffer[512];
    ssize_t size = ready > 0 ? read(output, buffer, sizeof buffer) : 0;
    if (size <= 0)
      throw Error(
          fmt::format("a peer of the private cluster did not start to listen: `{} peer` {}; "
                      "what it wrote is on this program's standard error",
                      options.command, ready > 0 ? "ended" : "gave no sign within 30 s"));
    text.append(buffer, std::size_t(size));
  }
  auto line = text.substr(0, text.find('\n'));
  auto at = line.find(announcement);
  if (at == std::string::npos)
    throw Error(fmt::format("`{} peer` answered \"{}\" where its address was expected; is it the "
                            "same version of Roam as this program?",
                            options.command, line));
  addresses_.push_back(line.substr(at + announcement.size()));
}

void PrivateCluster::endPeers() {
  lifeline_ = nullptr;
  for (pid_t process : processes_)
    kill(process, SIGTERM);
  for (pid_t process : processes_)
    awaitEnd(process);
  processes_.clear();
  std::error_code ignored; // a directory left in /tmp is no reason to fail
  std::filesystem::remove_all(directory_, ignored);
}

std::string findRoamCommand() {
  std::vector<std::filesystem::path> places;
  if (const char* command = getenv("ROAM_COMMAND"))
    places = {command};
  else {
    Dl_info library;
    if (dladdr(reinterpret_cast<const void*>(&findRoamCommand), &library) && library.dli_fname) {
      auto folder = std::filesystem::absolute(library.dli_fname).parent_path();
      places = {folder / "../bin/roam", folder / "../../bin/roam"};
    }
    std::string path = getenv("PATH") ? getenv("PATH") : "";
    for (std::size_t from = 0; from <= path.size();) {
      auto to = std::min(path.find(':', from), path.size());
      if (to > from)
        places.push_back(std::filesystem::path(path.substr(from, to - from)) / "roam");
      from = to + 1;
    }
  }
  std::string looked;
  for (auto& place : places) {
    if (access(place.c_str(), X_OK) == 0)
      return std::filesystem::weakly_canonical(place).string();
    looked += "\n  " + place.lexically_normal().string();
  }
  throw ConfigurationError("cannot start a private cluster: the program `roam` is in none of these "
                           "places; install Roam, or set ROAM_COMMAND to it:" +
                           looked);
}

} // namespace roam
