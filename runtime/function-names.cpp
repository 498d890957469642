// Asks the program's own list first, then the dynamic linker, then the symbol table of the file.
#include "runtime/function-names.h"
#include "roam/error.h"
#include "runtime/process-symbols.h"
#include <algorithm>
#include <fmt/format.h>

namespace roam {

extern "C" __attribute__((visibility("default"))) const void* roamTarget(unsigned) noexcept {
  return nullptr; // a program has no list of its own
}

std::string nameOfFunction(const void* address, std::span<const NamedAddress> named) {
  auto known = std::ranges::find(named, address, &NamedAddress::address);
  if (known != named.end())
    return known->name;
  if (auto name = symbolAt(address))
    return *name;
  throw Refused(fmt::format(
      "the closure captured a function pointer to {}, which is not the address of a function that "
      "other files may call. Take the address of the function, with &, in the file that sends the "
      "closure; or capture a lambda that calls it",
      address));
}

} // namespace roam
