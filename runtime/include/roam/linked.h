// The linked entries of a program: closures that are machine code of it already, compiled with
// roam_linked(TARGET).
//
// Not for programs. The borders are of the executable or shared library that this is compiled into,
// so the library can find what is linked there without any symbol that it exports.
#pragma once
#include "roam/call.h"

/// Set by the linker around these sections (jit/slice/manifest.h), in each executable and shared
/// library; null if it has none.
extern "C" __attribute__((weak, visibility("hidden"))) const char __start_roam_linked[];
extern "C" __attribute__((weak, visibility("hidden"))) const char __stop_roam_linked[];
extern "C" __attribute__((weak, visibility("hidden"))) const char __start_roam_registry[];
extern "C" __attribute__((weak, visibility("hidden"))) const char __stop_roam_registry[];

namespace roam::detail {

/// Bytes from the first to the second: linked code, entries, functions.
struct LinkedSections {
  const char *linked, *linkedEnd;
  const char *entries, *entriesEnd;
  const char *functions, *functionsEnd;
};

/// Of the executable or library that calls it: so each has its own.
__attribute__((visibility("hidden"))) inline LinkedSections linkedHere() {
  return {__start_roam_linked,  __stop_roam_linked,     __start_roam_registry,
          __stop_roam_registry, __start_roam_functions, __stop_roam_functions};
}

} // namespace roam::detail
