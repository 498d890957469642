// LLVM's errors become exceptions here.
#include "jit/llvm-error.h"
#include "jit/bad-slice.h"
#include <stdexcept>

namespace roam::jit {

void throwBadSlice(llvm::Error error, const std::string& what) {
  throw BadSlice(what + ": " + llvm::toString(std::move(error)));
}

void throwIf(llvm::Error error, const char* what) {
  if (error)
    throw std::runtime_error(std::string(what) + ": " + llvm::toString(std::move(error)));
}

} // namespace roam::jit
