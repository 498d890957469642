// An exception type that the tests and their slices have in common, as programs do with their
// headers.
#pragma once
#include <stdexcept>

struct Fault : std::runtime_error {
  explicit Fault(int code) : std::runtime_error("fault"), code(code) {}
  int code;
};
