// Memory of a peer that meets ever new code.
#pragma once

namespace roam::bench {

/// Prints `unload`: memory of the peer after 100,000 closures over that after 1,000.
void benchUnload();

} // namespace roam::bench
