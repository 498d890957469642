// A shared library in a folder where only the test program looks.
#include "tests/e2e/across/elsewhere.h"

extern "C" __attribute__((visibility("default"))) int onlyAtTheOrigin(int x) {
  return x - 1;
}
