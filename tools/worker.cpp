// roam-worker: the process that links and runs shipped code. Started by a peer, never by hand.
//
//     roam-worker MEMORY TELL LIFELINE OUTPUT ERRORS OUTPUT ERRORS [LIBRARY...]
//
// The first are inherited descriptors: see runtime/peer/served-process.h and worker-output.h. The
// libraries hold linked entries.
//
// It owns no socket and no key, and has no compiler in it.
#include "runtime/peer/served-process.h"
#include "runtime/peer/worker-loop.h"
#include <algorithm>
#include <cstdio>
#include <iostream> // the streams of the process, which shipped code uses, are initialised by who includes it
#include <malloc.h>
#include <string>
#include <vector>

namespace {

/// Shipped code makes and drops arguments and results of megabytes for every element. By default
/// the allocator gives such memory back at once, and every chunk pays for fresh pages: up to half
/// of the time of a data-heavy map.
void keepFreedMemory() {
  constexpr int kept = 64 << 20;
  mallopt(M_MMAP_THRESHOLD, kept);
  mallopt(M_TRIM_THRESHOLD, 2 * kept);
}

} // namespace

#if __has_feature(address_sanitizer)
/// LLVM's allocators mark what they have not given out yet, where they are compiled with
/// AddressSanitizer: in its headers as we include them, but not in its archives, so half of the
/// marks would be missing.
extern "C" const char* __asan_default_options() {
  return "allow_user_poisoning=0";
}
#endif

int main(int argc, char** argv) {
  keepFreedMemory();
  setvbuf(stdout, nullptr, _IOLBF, 0); // what was printed before a crash is not lost
  constexpr int own = 8;               // words before the libraries
  std::vector<std::string> libraries(argv + std::min(argc, own), argv + argc);
  roam::peer::WorkerPrinting::Channels channels;
  return roam::peer::serveSupervisor(
      argc, argv, "roam-worker",
      [&](auto& memory, int supervisor) {
        roam::peer::WorkerLoop(memory, supervisor, channels, libraries).run();
      },
      channels);
}
