// Queues of events, one a watcher.
#include "runtime/peer-watchers.h"
#include "net/limits.h"
#include <chrono>

namespace roam {

void PeerWatchers::Queue::put(PeerEvent event) {
  std::lock_guard lock(mutex_);
  events_.push_back(std::move(event));
  if (events_.size() > limits::peerEvents)
    events_.pop_front();
  came_.notify_one();
}

std::optional<PeerEvent> PeerWatchers::Queue::take(double seconds) {
  std::unique_lock lock(mutex_);
  came_.wait_for(lock, std::chrono::duration<double>(seconds), [this] { return !events_.empty(); });
  if (events_.empty())
    return std::nullopt;
  PeerEvent event = std::move(events_.front());
  events_.pop_front();
  return event;
}

std::shared_ptr<PeerWatchers::Queue> PeerWatchers::watch() {
  std::lock_guard lock(mutex_);
  std::erase_if(watching_, [](auto& watcher) { return watcher.expired(); });
  auto queue = std::make_shared<Queue>();
  for (auto& [address, member] : there_)
    queue->put({PeerChange::joined, member, ""});
  watching_.push_back(queue);
  return queue;
}

void PeerWatchers::tell(PeerEvent event) {
  std::lock_guard lock(mutex_);
  if (event.change == PeerChange::joined)
    there_[event.peer.address] = event.peer;
  else
    there_.erase(event.peer.address);
  std::erase_if(watching_, [](auto& watcher) { return watcher.expired(); });
  for (auto& watcher : watching_)
    if (auto queue = watcher.lock())
      queue->put(event);
}

} // namespace roam
