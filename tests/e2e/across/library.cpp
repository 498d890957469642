// A static library: the program pulls this object in only because a lambda calls the function.
#include "tests/e2e/across/elsewhere.h"

extern "C" long roam::e2e::inStaticLibrary(long x) {
  return x * x + 1;
}
