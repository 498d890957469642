// The one border between LLVM's errors and C++ exceptions: nothing else in Roam turns one into the
// other.
#pragma once
#include <llvm/Support/Error.h>
#include <string>

namespace roam::jit {

/// Throws BadSlice with `what` and the text of `error`, which must be one.
[[noreturn]] void throwBadSlice(llvm::Error error, const std::string& what);

/// Throws std::runtime_error with `what` and the text of `error` if it is one: for what is not a
/// slice's fault.
void throwIf(llvm::Error error, const char* what);

template <class T>
T valueOrThrow(llvm::Expected<T> expected, const char* what) {
  throwIf(expected.takeError(), what);
  return std::move(*expected);
}

} // namespace roam::jit
