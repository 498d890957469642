// Of the process, since the function that shipped code calls takes no argument, and may be called
// on threads that the code has made.
#include "runtime/peer/cancelled.h"
#include "roam/cancelled.h"

namespace {

std::atomic<const std::atomic<std::uint32_t>*> answer = nullptr;

} // namespace

void roam::peer::answerCancelledFrom(const std::atomic<std::uint32_t>& unwanted) {
  answer.store(&unwanted, std::memory_order_release);
}

bool roamCancelled() noexcept {
  const std::atomic<std::uint32_t>* unwanted = answer.load(std::memory_order_acquire);
  return unwanted != nullptr && unwanted->load(std::memory_order_relaxed) != 0;
}
