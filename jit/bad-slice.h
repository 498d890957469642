// The one thing that can be wrong with code, for those who compile it and those who link it.
#pragma once
#include <stdexcept>

namespace roam::jit {

/// A slice or object that can't become code here: damaged bytes, no entry, an undefined symbol, an
/// initialiser of its variables that threw. The message says which.
class BadSlice : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

} // namespace roam::jit
