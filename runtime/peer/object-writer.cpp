// A queue and its thread.
#include "runtime/peer/object-writer.h"
#include "net/limits.h"

namespace roam::peer {

ObjectWriter::~ObjectWriter() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void ObjectWriter::add(const Digest& digest, std::string target,
                       kj::ArrayPtr<const kj::byte> object) {
  auto bytes = reinterpret_cast<const std::byte*>(object.begin());
  {
    std::lock_guard lock(mutex_);
    if (queuedBytes_ + object.size() > limits::objectStoreBytes)
      return;
    queuedBytes_ += object.size();
    queue_.push_back(
        {digest, std::move(target), std::vector<std::byte>(bytes, bytes + object.size())});
  }
  changed_.notify_one();
}

void ObjectWriter::write() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || !queue_.empty(); });
    if (queue_.empty())
      return;
    Item item = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    (void)disk_.keep(item.digest, item.target, item.object); // it remembers what to complain of
    lock.lock();
    queuedBytes_ -= item.object.size();
  }
}

} // namespace roam::peer
