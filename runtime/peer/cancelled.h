// What `roam::cancelled()` reads in a worker process.
#pragma once
#include <atomic>
#include <cstdint>

namespace roam::peer {

/// Code that runs from now on is told that it is cancelled while `unwanted` is not 0. Valid until
/// the next call; any thread of the process may read it.
void answerCancelledFrom(const std::atomic<std::uint32_t>& unwanted);

} // namespace roam::peer
