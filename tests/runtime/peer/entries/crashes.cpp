// Ends or harms its process in the way that the captured byte says. Where it comes back, its result
// is that byte.
#include "entry-main.h"
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace {

[[gnu::noinline]] int recurse(volatile int* depth) {
  volatile char frame[1024];
  *depth = *depth + 1;
  frame[0] = static_cast<char>(*depth);
  return recurse(depth) + frame[0];
}

[[gnu::noinline]] void allocate() {
  rlimit limit{256 << 20, 256 << 20};
  setrlimit(RLIMIT_DATA, &limit);
  for (;;) {
    void* more = std::malloc(1 << 20);
    if (more == nullptr)
      std::abort();
    std::memset(more, 1, 1 << 20);
  }
}

[[gnu::noinline]] void damageHeap() {
  auto* volatile block = static_cast<std::size_t*>(std::malloc(24));
  block[-1] = 0x4141414141414141;
  std::free(block);
}

} // namespace

ENTRY() {
  volatile int zero = 0;
  switch (captures[0]) {
  case 'n':
    *reinterpret_cast<volatile int*>(8) = 1;
    break;
  case 'w':
    *reinterpret_cast<volatile int*>(0x123456789000) = 1;
    break;
  case 'z':
    zero = captures[0] / zero;
    break;
  case 'i':
    __builtin_trap();
  case 'o':
    zero = recurse(&zero);
    break;
  case 'a':
    std::abort();
  case 'e':
    std::exit(3);
  case '_':
    _exit(4);
  case 'm':
    allocate();
    break;
  case 'h':
    damageHeap();
    break;
  case 'c':
    for (int descriptor = 0; descriptor < 1024; ++descriptor)
      close(descriptor);
    break;
  case 'r': // and has others under the same numbers
    for (int descriptor = 0; descriptor < 1024; ++descriptor)
      close(descriptor);
    for (int i = 0; i < 64; ++i)
      (void)open("/dev/null", O_RDWR);
    break;
  case 'k':
    raise(SIGKILL);
    break;
  case 't':
    raise(SIGTERM);
    break;
  case 'f':
    if (fork() == 0)
      out->write("child", 5); // and comes back, as if it were the worker
    break;
  }
  out->write(captures, 1);
  return roam::Outcome::done;
}
