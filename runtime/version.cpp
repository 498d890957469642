// Roam's version, as the library a program runs with states it.
#include "roam/cluster.h"

namespace roam {

const char* version() {
  return ROAM_VERSION;
}

} // namespace roam
