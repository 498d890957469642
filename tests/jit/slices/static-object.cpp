// A function-local static with a destructor, which counts where it was told to.
extern "C" int entry(int* destroyed) asm("roam.root");

namespace {
struct Counter {
  explicit Counter(int* destroyed) : destroyed(destroyed) {}
  ~Counter() { ++*destroyed; }
  int* destroyed;
  int calls = 0;
};
} // namespace

int entry(int* destroyed) {
  static Counter counter(destroyed);
  return ++counter.calls;
}
