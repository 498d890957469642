// From the address of a function to the name that its code is known by.
#pragma once
#include "jit/slice/manifest.h"
#include <span>
#include <string>

namespace roam {

/// The name of a function whose address is taken where pointers of its type are sent, else of one
/// that other files or libraries may call: mangled, as in the records of functions. Throws Refused
/// if the address is that of no such function, and says what to do.
std::string nameOfFunction(const void* address, std::span<const NamedAddress> named);

} // namespace roam
