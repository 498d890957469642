// Counts its calls in a variable that goes when the code is unloaded.
#include "entry-main.h"

ENTRY() {
  static std::int64_t calls = 0;
  ++calls;
  out->write(&calls, 8);
  return roam::Outcome::done;
}
