// Throws a type of the standard library, a type of the program, or neither.
#include "fault.h"
#include <string>

extern "C" int entry(int how) asm("roam.root");

int entry(int how) {
  if (how == 1)
    throw std::out_of_range("no element " + std::to_string(how));
  if (how == 2)
    throw Fault(42);
  return how;
}
