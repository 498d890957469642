// Descriptors, lifeline, and the words of a failed start.
#include "runtime/peer/served-process.h"
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace roam::peer {
namespace {

constexpr int badUse = 2;

/// The number, or -1.
int descriptorOf(std::string_view text) {
  int value = -1;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : -1;
}

/// Closes what the supervisor may have inherited itself from whoever started it.
void closeAllBut(std::vector<int> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned from = 3;
  for (int descriptor : kept) {
    if (from < static_cast<unsigned>(descriptor))
      close_range(from, descriptor - 1, 0);
    from = descriptor + 1;
  }
  close_range(from, ~0u, 0);
}

/// Nothing is ever sent: the read returns when the supervisor is gone, whatever the shipped code is
/// doing then. What that has started goes, too.
[[noreturn]] void endWith(int lifeline) {
  char byte;
  while (read(lifeline, &byte, 1) < 0 && errno == EINTR)
    ;
  if (getpgrp() == getpid())
    kill(0, SIGKILL);
  _exit(0);
}

/// Of the files, and of Roam's own, since the closures of some programs need libroam.
std::vector<std::string> foldersOf(std::span<char*> files) {
  std::error_code error;
  auto own = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  std::vector<std::string> folders = {own, own.parent_path() / "lib",
                                      own.parent_path().parent_path() / "lib"};
  for (const char* file : files)
    folders.push_back(std::filesystem::absolute(file, error).parent_path());
  return folders;
}

/// Returns only if the process can't start; the supervisor reads why.
int serveIn(const WorkerMemory& shared, int supervisor, int lifeline,
            const std::vector<std::string>& folders,
            const std::function<void(const WorkerMemory&, int)>& serve) {
  try {
    confine(shared.control().allowance, folders);
    std::thread(endWith, lifeline).detach(); // one that has threads enters no namespace
    serve(shared, supervisor);
  } catch (const std::exception& error) {
    Control& control = shared.control();
    std::snprintf(control.word, sizeof control.word, "%s", error.what());
    control.phase.store(WorkerPhase::failed);
    (void)tell(supervisor);
  }
  _exit(1);
}

} // namespace

int serveSupervisor(int argc, char** argv, const char* program,
                    const std::function<void(const WorkerMemory&, int)>& serve,
                    std::span<int> more) {
  std::vector<int> inherited;
  for (int i = 1; i < argc && inherited.size() < 3 + more.size(); ++i)
    inherited.push_back(descriptorOf(argv[i]));
  if (inherited.size() < 3 + more.size() || *std::ranges::min_element(inherited) < 3) {
    std::fprintf(stderr, "%s is started by `roam peer`, not by hand.\n", program);
    return badUse;
  }
  closeAllBut(inherited);
  const int memory = inherited[0], supervisor = inherited[1], lifeline = inherited[2];
  std::copy(inherited.begin() + 3, inherited.end(), more.begin());
  std::signal(SIGINT, SIG_IGN); // of a terminal: the supervisor decides
  try {
    WorkerMemory shared = WorkerMemory::attach(memory);
    std::span libraries(argv + 1 + inherited.size(), argv + argc);
    return serveIn(shared, supervisor, lifeline, foldersOf(libraries), serve);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", program, error.what());
    _exit(1);
  }
}

} // namespace roam::peer
