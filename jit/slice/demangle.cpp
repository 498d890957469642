// Demangling, by the C++ runtime.
#include "jit/slice/demangle.h"
#include <cstdlib>
#include <cxxabi.h>
#include <memory>

namespace roam {

std::string demangled(const std::string& symbol) {
  struct Free {
    void operator()(char* text) const { std::free(text); }
  };
  int status;
  std::unique_ptr<char, Free> name(abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status));
  return name && symbol.starts_with("_Z") ? name.get() : symbol;
}

} // namespace roam
