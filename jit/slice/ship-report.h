// What people are told about an entry: by `roam inspect`, and by the compiler where they ask for
// it.
#pragma once
#include "jit/slice/manifest.h"
#include <string>

namespace roam {

/// What travels when this entry is sent, one fact a line, each ended by a line end and indented by
/// two spaces:
///
///       call      (int) -> int
///       closure   4 bytes, 1 capture
///         +0    round : int (4 bytes)
///       code      2 functions, 41 instructions in 1480 bytes
///           28  the entry and what was inlined into it
///
/// `symbols`: also each symbol that a peer must provide.
std::string shipReport(const ManifestEntry& entry, bool symbols);

/// The first lines of it: call and closure.
std::string signatureReport(const Description& about);

} // namespace roam
