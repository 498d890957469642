// Symbols that every peer defines for slices itself, because they exist once a program or only in
// static libraries: an origin needs no code and no library for them.
#pragma once
#include "jit/slice/peer-local-name.h"
#include <algorithm>
#include <string_view>

namespace roam {

/// Gives the address of the i-th target of a slice group (slice-group.h), null beyond the last:
/// `extern "C" const void* roamTarget(unsigned)`.
inline constexpr std::string_view targetSymbol = "roamTarget";

/// Says whether the call that runs is unwanted (roam/cancelled.h). The program that holds the
/// session exports it.
inline constexpr std::string_view cancelledSymbol = "roamCancelled";

/// True if slices may leave `name` undefined whatever libraries a peer has.
constexpr bool everyPeerDefines(std::string_view name) {
  constexpr std::string_view names[] = {
      "__dso_handle",         "__cxa_atexit", "__cxa_thread_atexit", "__cxa_thread_atexit_impl",
      "__emutls_get_address", "atexit",       targetSymbol,          cancelledSymbol};
  return name.starts_with(peerLocalPrefix) || std::ranges::find(names, name) != std::end(names);
}

/// The start of the names under which compiled code with emulated thread-local storage asks for
/// the variable that follows.
inline constexpr std::string_view emulatedPrefix = "__emutls_v.";

} // namespace roam
