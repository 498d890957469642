// A crash report as the supervisor reads it: copied, checked, in words.
#pragma once
#include "runtime/peer/crash-report.h"
#include <cstdint>
#include <kj/array.h>
#include <kj/common.h>
#include <kj/string.h>

namespace roam::peer {

struct CrashTold {
  kj::String why;              ///< "stack overflow", "it accessed address 0x8"; may be empty
  std::uint64_t element = 0;   ///< index in the whole job
  kj::Array<kj::String> stack; ///< a line a frame, the innermost first; without the entry itself
};

/// Null if the process left no report. It may have written anything there.
kj::Maybe<CrashTold> readReport(const CrashReport& report);

} // namespace roam::peer
