// A thread_local with a destructor, which counts where it was told to.
#include <atomic>

extern "C" int entry(std::atomic<int>* destroyed) asm("roam.root");

namespace {
struct Counter {
  ~Counter() {
    if (destroyed)
      ++*destroyed;
  }
  std::atomic<int>* destroyed = nullptr;
  int calls = 0;
};
} // namespace

int entry(std::atomic<int>* destroyed) {
  thread_local Counter counter;
  counter.destroyed = destroyed;
  return ++counter.calls;
}
