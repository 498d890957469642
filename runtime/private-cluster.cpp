// Starting and ending the peers of a private cluster, and finding the program that they are.
#include "runtime/private-cluster.h"
#include "net/child-start.h"
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
#include <poll.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
extern "C" { // glibc 2.36 forgot to say so
#include <sys/pidfd.h>
}

namespace roam {
namespace {

/// The descriptor that is a peer's lifeline, in the peer.
constexpr int lifelineInPeer = 3;

struct Pipe {
  kj::AutoCloseFd read, write;
};

Error cannot(const std::string& what) {
  return Error(fmt::format("cannot {} for the private cluster: {}", what, strerror(errno)));
}

/// Both ends above the descriptors that a peer is given, also in a program that closed its standard
/// input.
Pipe makePipe() {
  int low[2];
  if (pipe2(low, O_CLOEXEC) != 0)
    throw cannot("make a pipe");
  kj::AutoCloseFd ends[2] = {kj::AutoCloseFd(low[0]), kj::AutoCloseFd(low[1])};
  for (auto& end : ends) {
    int raised = fcntl(end, F_DUPFD_CLOEXEC, lifelineInPeer + 1);
    if (raised < 0)
      throw cannot("make a pipe");
    end = kj::AutoCloseFd(raised);
  }
  return {kj::mv(ends[0]), kj::mv(ends[1])};
}

std::string makePrivateDirectory() {
  std::string path = (std::filesystem::temp_directory_path() / "roam-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) // mode 0700
    throw Error(fmt::format("cannot make a directory for the private cluster's sockets, {}: {}",
                            path, strerror(errno)));
  return path;
}

using Clock = std::chrono::steady_clock;

/// False if nothing can be read by then.
bool awaitReadable(int descriptor, Clock::time_point deadline) {
  for (;;) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd poll{descriptor, POLLIN, 0};
    int ready = ::poll(&poll, 1, int(std::max<std::int64_t>(0, left.count())));
    if (ready >= 0 || errno != EINTR)
      return ready > 0;
  }
}

} // namespace

PrivateCluster::Options PrivateCluster::forThisMachine(const std::string& command) {
  unsigned processors = std::max(1u, std::thread::hardware_concurrency());
  unsigned peers = std::min(processors, 8u);
  return {findRoamCommand(command), peers, (processors + peers - 1) / peers};
}

PrivateCluster::PrivateCluster(const Options& options)
    : owner_(getpid()), directory_(makePrivateDirectory()) {
  try {
    Pipe lifeline = makePipe();
    lifeline_ = kj::mv(lifeline.write);
    std::vector<kj::AutoCloseFd> outputs;
    for (unsigned i = 0; i < options.peers; ++i) {
      Pipe output = makePipe();
      startPeer(options, i, output.write, lifeline.read);
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
  if (getpid() == owner_) // after a fork they are the parent's
    endPeers();
}

void PrivateCluster::startPeer(const Options& options, unsigned index, int output, int lifeline) {
  std::vector<std::string> words = {options.command,
                                    "peer",
                                    "--no-configuration",
                                    "--listen",
                                    fmt::format("unix:{}/peer-{}", directory_, index),
                                    "--workers",
                                    std::to_string(options.workers),
                                    "--lifeline",
                                    std::to_string(lifelineInPeer)};
  if (geteuid() == 0) // what runs there is this program's own code
    words.push_back("--allow-root");
  if (index > 0) // they are members of one cluster, which the first keeps the store of
    words.insert(words.end(), {"--join", fmt::format("unix:{}/peer-0", directory_)});

  net::ChildStart child;
  child.giveNoInput();
  child.give(output, STDOUT_FILENO);
  child.give(lifeline, lifelineInPeer);
  child.giveNoneFrom(lifelineInPeer + 1);
  child.leadGroup(); // Ctrl-C in the terminal ends this program, which ends the peers in order
  child.resetSignals();

  PeerProcess peer;
  int error = child.start(options.command, std::move(words), peer.id);
  if (error != 0)
    throw Error(fmt::format("cannot start a peer of the private cluster with {}: {}",
                            options.command, strerror(error)));
  peer.watch = kj::AutoCloseFd(pidfd_open(peer.id, 0));
  processes_.push_back(kj::mv(peer));
}

void PrivateCluster::awaitListening(int output, const Options& options) {
  constexpr std::string_view announcement = "listening on ";
  auto deadline = Clock::now() + std::chrono::nanoseconds(limits::workerStart / kj::NANOSECONDS);
  std::string text;
  while (text.find('\n') == std::string::npos) {
    bool ready = awaitReadable(output, deadline);
    char buffer[512];
    ssize_t size = ready ? read(output, buffer, sizeof buffer) : 0;
    if (size <= 0)
      throw Error(fmt::format(
          "a peer of the private cluster did not start to listen: `{} peer` {}; "
          "what it wrote is on this program's standard error",
          options.command,
          ready ? std::string("ended")
                : fmt::format("gave no sign within {} s", limits::workerStart / kj::SECONDS)));
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
  lifeline_ = nullptr; // which each of them sees, whatever became of signals
  for (auto& peer : processes_)
    awaitEnd(peer);
  processes_.clear();
  std::error_code ignored; // a directory left in /tmp is no reason to fail
  std::filesystem::remove_all(directory_, ignored);
}

/// Waits for a peer that was told to end; one that does not within the limit is killed. Through its
/// pidfd: the program may have waited for all its children, and the number may be another process
/// by now.
void PrivateCluster::awaitEnd(PeerProcess& peer) {
  if (peer.watch.get() < 0)
    return; // there was no descriptor for it; the lifeline ends it
  auto deadline = Clock::now() + std::chrono::nanoseconds(limits::peerEnd / kj::NANOSECONDS);
  if (!awaitReadable(peer.watch, deadline))
    (void)pidfd_send_signal(peer.watch, SIGKILL, nullptr, 0);
  siginfo_t end;
  while (waitid(P_PIDFD, unsigned(peer.watch.get()), &end, WEXITED) != 0 && errno == EINTR)
    ;
}

std::string findRoamCommand(const std::string& chosen) {
  std::vector<std::filesystem::path> places;
  if (!chosen.empty())
    places = {chosen};
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
  throw ConfigurationError(
      "cannot start a private cluster: the program `roam` is in none of these "
      "places; install Roam, or set ROAM_COMMAND (or command in roam.toml) to it:" +
      looked);
}

} // namespace roam
