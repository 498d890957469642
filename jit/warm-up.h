// A small slice to compile before the first true one, so that the first touches no page of LLVM for
// the first time.
#pragma once
#include <string>

namespace roam::jit {

/// Bitcode of a typical entry: checks, a loop over elements that can be vectorised, a call through
/// a pointer and one to a shared library, a landing pad.
std::string warmUpSlice();

} // namespace roam::jit
