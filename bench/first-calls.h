// How long code takes that a peer has never seen, by where it comes from.
#pragma once

namespace roam::bench {

/// Each prints one figure of its name: "first-call-compile", ...
void benchFirstCallCompile();
void benchFirstCallCached();
void benchFirstCallPeer();
void benchFirstCallObject();

/// Prints "once": how often a cluster of 8 peers compiles 50 digests that all need at the same
/// time.
void benchOnce();

} // namespace roam::bench
