// The other file of the library.
#include "tests/runtime/peer/linked/library.h"
#include <stdexcept>

namespace roam::peer::testing {

const int bulk = 40;

int price(int pieces) {
  return pieces > 100 ? throw std::out_of_range("too many pieces") : pieces * 7;
}

int fee(int pieces) {
  return price(pieces) + 1;
}

int counted() {
  static int calls = 0;
  return ++calls;
}

} // namespace roam::peer::testing
