// x*x + n for each int64 x; n, an int64, is captured.
#include "entry-main.h"

ENTRY() {
  if (capturesSize != 8)
    return roam::Outcome::badCaptures;
  auto n = read<std::int64_t>(captures);
  for (std::uint64_t i = 0; i < count; ++i) {
    out->element = i;
    if (argumentsSize < 8 * (i + 1))
      return roam::Outcome::badArguments;
    auto x = read<std::int64_t>(arguments + 8 * i);
    std::int64_t y = x * x + n;
    out->write(&y, 8);
  }
  return argumentsSize == 8 * count ? roam::Outcome::done : roam::Outcome::badArguments;
}
