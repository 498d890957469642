// Calls of linked code against calls of compiled code.
#pragma once

namespace roam::bench {

/// Prints `linked`.
void benchLinked();

} // namespace roam::bench
