// Names in a running cluster: binding them, calling them, and peers that come late.
#pragma once

namespace roam::bench {

/// `push`: from compiled code that a program holds to the first call of it by its name, on two
/// peers; `push-compile`: the same, and a peer compiles it.
void benchPush();
void benchPushCompile();
/// `live-call`: a call by name over a call of the same closure.
void benchLiveCall();
/// `late-joiner`: from the start of a peer that joins a cluster of 200 names to its first task.
void benchLateJoiner();
/// `update-errors`, `update-mixed`: four clients call two names that are bound anew each 100 ms.
void benchUpdate();

} // namespace roam::bench
