// The other file of the library, which its closures call.
#include "tests/e2e/linked/closures.h"

namespace roam::e2e {

int feeFor(int pieces) {
  return pieces * 7 + 1;
}

} // namespace roam::e2e
