// roam.init registers a destructor, then throws, until the environment says no.
#include <cstdlib>
#include <stdexcept>
extern "C" int entry() asm("roam.root");
extern "C" void init() asm("roam.init");

namespace {
int value = 0;
struct Guard {
  ~Guard() { unsetenv("ROAM_TEST_HALF_BUILT"); }
};
} // namespace

void init() {
  static Guard guard;
  if (getenv("ROAM_TEST_HALF_BUILT") != nullptr)
    throw std::out_of_range("no such table");
  value = 7;
}

int entry() {
  return value;
}
