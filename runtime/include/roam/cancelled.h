// Whether anybody still waits for the call that runs this code.
#pragma once
#include "roam/api.h"

/// Defined by the library for programs, and by peers for the code that they run.
extern "C" ROAM_API bool roamCancelled() noexcept;

namespace roam {

/// In shipped code: true once nobody waits for the results any more: the call was cancelled, its
/// deadline has passed, or the program that made it is gone. Code that runs for seconds asks this
/// now and then, and returns early; what it returns is read by nobody. Code that has not returned
/// after two seconds ends with its worker process, and with that go the peer-local variables if it
/// uses any. In a program itself, and in code that is linked into it: false. On any thread; costs
/// two loads.
inline bool cancelled() noexcept {
  return roamCancelled();
}

} // namespace roam
