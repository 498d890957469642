// How soon new code runs: heavy closures on a warm peer, and any closure on a peer that has just
// been started.
#pragma once

namespace roam::bench {

/// The word-count closure, compiled by the peer.
void benchFirstCallHeavy();
/// A closure that uses std::regex: compiled by the peer, and from its disk.
void benchFirstCallRegex();
/// A peer process from its start to its first result: with a bundle, and where LLVM must load.
void benchJoin();

} // namespace roam::bench
