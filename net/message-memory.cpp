// A short list of blocks, and shared pointers that bring them back to it.
#include "net/message-memory.h"
#include "net/limits.h"
#include <algorithm>

namespace roam::net {

/// What runs when the last owner of a block lets go.
struct MessageMemory::Return {
  std::weak_ptr<MessageMemory> memory;

  void operator()(kj::Array<capnp::word>* block) const {
    std::unique_ptr<kj::Array<capnp::word>> owned(block);
    if (auto to = memory.lock())
      to->giveBack(kj::mv(*owned));
  }
};

MessageMemory::Block MessageMemory::take(std::size_t words) {
  kj::Array<capnp::word> block;
  {
    std::lock_guard lock(mutex_);
    // The smallest that is large enough, of equals the last used; unless most of it would lie idle.
    auto best = unused_.end();
    for (auto one = unused_.begin(); one != unused_.end(); ++one)
      if (one->size() >= words && (best == unused_.end() || one->size() <= best->size()))
        best = one;
    if (best != unused_.end() && best->size() / 4 <= words) {
      block = kj::mv(*best);
      unused_.erase(best);
      unusedWords_ -= block.size();
    }
  }
  if (block == nullptr)
    block = kj::heapArray<capnp::word>(words +
                                       words / 8); // so that the next, a little larger, fits too
  return {new kj::Array<capnp::word>(kj::mv(block)), Return{weak_from_this()}};
}

void MessageMemory::giveBack(kj::Array<capnp::word> block) {
  constexpr std::size_t limitInWords = limits::messageMemory / sizeof(capnp::word);
  if (block.size() > limitInWords)
    return;
  std::lock_guard lock(mutex_);
  unusedWords_ += block.size();
  unused_.push_back(kj::mv(block));
  while (unusedWords_ > limitInWords) {
    unusedWords_ -= unused_.front().size();
    unused_.erase(unused_.begin());
  }
}

std::size_t MessageMemory::unusedBytes() const {
  std::lock_guard lock(mutex_);
  return unusedWords_ * sizeof(capnp::word);
}

} // namespace roam::net
