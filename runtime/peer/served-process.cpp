// Descriptors, lifeline, and the words of a failed start.
#include "runtime/peer/served-process.h"
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <exception>
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
/// doing then.
[[noreturn]] void endWith(int lifeline) {
  char byte;
  while (read(lifeline, &byte, 1) < 0 && errno == EINTR)
    ;
  _exit(0);
}

/// Returns only if the process can't start; the supervisor reads why.
int serveIn(const WorkerMemory& shared, int supervisor,
            const std::function<void(const WorkerMemory&, int)>& serve) {
  try {
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
    std::thread(endWith, lifeline).detach();
    WorkerMemory shared = WorkerMemory::attach(memory);
    return serveIn(shared, supervisor, serve);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", program, error.what());
    _exit(1);
  }
}

} // namespace roam::peer
