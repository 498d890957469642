// A queue and its thread.
#include "runtime/peer/object-writer.h"

namespace roam::peer {

ObjectWriter::~ObjectWriter() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void ObjectWriter::add(kj::ArrayPtr<const kj::byte> object) {
  auto bytes = reinterpret_cast<const std::byte*>(object.begin());
  {
    std::lock_guard lock(mutex_);
    if (queuedBytes_ > 0 && queuedBytes_ + object.size() > limit_)
      return;
    queuedBytes_ += object.size();
    queue_.emplace_back(bytes, bytes + object.size());
  }
  changed_.notify_one();
}

void ObjectWriter::write() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || !queue_.empty(); });
    if (queue_.empty())
      return;
    std::vector<std::byte> object = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    (void)disk_.keep(object); // it remembers what to complain of
    lock.lock();
    queuedBytes_ -= object.size();
  }
}

} // namespace roam::peer
