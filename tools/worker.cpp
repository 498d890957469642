// roam-worker: the process that parses, compiles and runs shipped code. Started by a peer, never by
// hand.
//
//     roam-worker MEMORY TELL LIFELINE     inherited descriptors: see
//     runtime/peer/worker-process.cpp
//
// It owns no socket and no key. It ends when the lifeline does: whoever holds the other end is
// gone.
#include "runtime/peer/worker-loop.h"
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <malloc.h>
#include <thread>
#include <unistd.h>

namespace {

constexpr int badUse = 2;

/// The number, or -1.
int descriptorOf(std::string_view text) {
  int value = -1;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : -1;
}

/// Closes what the supervisor may have inherited itself from whoever started it.
void closeAllBut(std::array<int, 3> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned from = 3;
  for (int descriptor : kept) {
    if (from < static_cast<unsigned>(descriptor))
      close_range(from, descriptor - 1, 0);
    from = descriptor + 1;
  }
  close_range(from, ~0u, 0);
}

/// Shipped code makes and drops arguments and results of megabytes for every element. By default
/// the allocator gives such memory back at once, and every chunk pays for fresh pages: up to half
/// of the time of a data-heavy map.
void keepFreedMemory() {
  constexpr int kept = 64 << 20;
  mallopt(M_MMAP_THRESHOLD, kept);
  mallopt(M_TRIM_THRESHOLD, 2 * kept);
}

/// Nothing is ever sent: the read returns when the supervisor is gone, whatever the shipped code is
/// doing then.
[[noreturn]] void endWith(int lifeline) {
  char byte;
  while (read(lifeline, &byte, 1) < 0 && errno == EINTR)
    ;
  _exit(0);
}

/// Returns only if the worker can't start; the supervisor reads why.
int serve(const roam::peer::WorkerMemory& shared, int supervisor) {
  try {
    roam::peer::WorkerLoop(shared, supervisor).run();
  } catch (const std::exception& error) {
    roam::peer::Control& control = shared.control();
    std::snprintf(control.word, sizeof control.word, "%s", error.what());
    control.phase.store(roam::peer::WorkerPhase::failed);
    roam::peer::tell(supervisor);
  }
  _exit(1);
}

} // namespace

int main(int argc, char** argv) {
  int memory = argc == 4 ? descriptorOf(argv[1]) : -1;
  int supervisor = argc == 4 ? descriptorOf(argv[2]) : -1;
  int lifeline = argc == 4 ? descriptorOf(argv[3]) : -1;
  if (memory < 3 || supervisor < 3 || lifeline < 3) {
    std::fprintf(stderr, "roam-worker is started by `roam peer`, not by hand.\n");
    return badUse;
  }
  closeAllBut({memory, supervisor, lifeline});
  keepFreedMemory();
  std::signal(SIGINT, SIG_IGN); // of a terminal: the supervisor decides

  try {
    std::thread(endWith, lifeline).detach();
    roam::peer::WorkerMemory shared = roam::peer::WorkerMemory::attach(memory);
    return serve(shared, supervisor);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "roam-worker: %s\n", error.what());
    _exit(1);
  }
}
