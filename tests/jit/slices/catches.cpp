// Catches by type what a function of the host throws; what it does not know passes through.
#include "fault.h"

extern "C" int entry(void (*call)(), int* cleanups) asm("roam.root");

int entry(void (*call)(), int* cleanups) {
  struct Cleanup {
    int* count;
    ~Cleanup() { ++*count; }
  } cleanup{cleanups};
  try {
    call();
  } catch (const Fault& fault) {
    return fault.code;
  } catch (const std::logic_error& error) {
    return dynamic_cast<const std::out_of_range*>(&error) ? 1 : 2;
  }
  return 0;
}
