// `roam push` as a person waits for it.
#pragma once

namespace roam::bench {

/// Prints `push-command`: the whole command for a file with one function whose constant changed, on
/// two peers, with the precompiled header that an earlier push left; the median of some.
/// `push-command-first` is the first, which makes that header.
void benchPushCommand();

} // namespace roam::bench
