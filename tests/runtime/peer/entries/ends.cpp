// Ends its process in the way that the captured byte says.
#include "entry-main.h"
#include <cstdlib>

ENTRY() {
  switch (captures[0]) {
  case 'a':
    std::abort();
  case 'e':
    std::_Exit(3);
  case 'n':
    *reinterpret_cast<volatile int*>(8) = 1;
    break;
  }
  return roam::Outcome::done;
}
