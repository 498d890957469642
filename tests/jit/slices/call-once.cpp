// std::call_once: inline code of libstdc++ that reaches thread_local variables of its shared
// library.
#include <mutex>

extern "C" int entry() asm("roam.root");

int entry() {
  static std::once_flag once;
  static int calls = 0;
  std::call_once(once, [] { ++calls; });
  return calls;
}
