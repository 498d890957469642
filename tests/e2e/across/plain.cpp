// Compiled without Roam's plugin, and linked into the program.
#include "tests/e2e/across/elsewhere.h"

int roam::e2e::inPlainObject(int x) {
  return x + 7;
}
