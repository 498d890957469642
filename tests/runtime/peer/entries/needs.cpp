// Needs a function that no machine has.
#include "entry-main.h"

extern "C" int roamTestsHaveNoSuchFunction();

ENTRY() {
  int value = roamTestsHaveNoSuchFunction();
  out->write(&value, sizeof value);
  return roam::Outcome::done;
}
