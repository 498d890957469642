// The child maps the same descriptor once more over the old place, as a private copy.
#include "runtime/peer/fork-guard.h"
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

namespace roam::peer {
namespace {

/// What the handler, which is given nothing, needs to know. Of the process, as the handler is.
struct Guarded {
  const WorkerMemory* memory = nullptr;
  bool isChild = false;
};
Guarded guarded;

void inChild() {
  guarded.isChild = true;
  const WorkerMemory& memory = *guarded.memory;
  void* place = &memory.control();
  if (mmap(place, layout::total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE,
           memory.descriptor(), 0) != place)
    _exit(1); // the code has closed the descriptor
}

} // namespace

ForkGuard::ForkGuard(const WorkerMemory& memory) {
  guarded.memory = &memory;
  pthread_atfork(nullptr, nullptr, inChild);
}

bool ForkGuard::isChild() {
  return guarded.isChild;
}

} // namespace roam::peer
