// What every process that a supervisor starts does first.
#pragma once
#include "runtime/peer/worker-memory.h"
#include <functional>
#include <span>

namespace roam::peer {

/// The body of main of `program`, with the arguments MEMORY TELL LIFELINE: descriptors it inherited
/// (runtime/peer/worker-process.cpp), of which it keeps no others. It ends when the lifeline does:
/// whoever holds the other end is gone. `serve` gets the memory and the eventfd, and returns only
/// by an exception, whose text the supervisor reads. Further descriptors that it inherits follow
/// those three; `more` gets their numbers before `serve` is called. Returns the exit code.
int serveSupervisor(int argc, char** argv, const char* program,
                    const std::function<void(const WorkerMemory&, int)>& serve,
                    std::span<int> more = {});

} // namespace roam::peer
