// Gives as many bytes as each argument, a uint64, says: all of the value of its lowest byte.
#include "entry-main.h"

ENTRY() {
  for (std::uint64_t i = 0; i < count; ++i) {
    out->element = i;
    auto size = read<std::uint64_t>(arguments + 8 * i);
    std::memset(out->room(size), static_cast<int>(size & 0xff), size);
  }
  return roam::Outcome::done;
}
