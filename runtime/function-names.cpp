// Asks the program's own list first, then the dynamic linker, then the symbol table of the file.
#include "runtime/function-names.h"
#include "jit/slice/demangle.h"
#include "roam/call.h"
#include "roam/error.h"
#include "runtime/process-symbols.h"
#include <algorithm>
#include <fmt/format.h>

namespace roam {
namespace {

std::string spelling(const std::type_info& type) {
  constexpr std::string_view before = "typeinfo for ";
  std::string text = demangled(std::string("_ZTI") + type.name());
  return text.starts_with(before) ? text.substr(before.size()) : type.name();
}

} // namespace

extern "C" __attribute__((visibility("default"))) const void* roamTarget(unsigned) noexcept {
  return nullptr; // a program has no list of its own
}

void detail::refuseHeld(const std::type_info& holder, const std::type_info& type) {
  throw Refused(fmt::format(
      "the closure captured a {} with a {} behind it. The file that sends the closure does not "
      "know that type, or it cannot travel (it holds a pointer, a reference or a lock, for "
      "example). Make it in the file that sends the closure, or capture it with its own type, and "
      "the compiler will say what is wrong",
      spelling(holder), spelling(type)));
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
