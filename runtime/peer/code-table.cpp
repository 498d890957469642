// Objects in memory and their limit, and the thread that writes them to disk.
#include "runtime/peer/code-table.h"
#include "net/limits.h"
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace roam::peer {

/// Writes objects to the disk cache, one after another, on its own thread.
class ObjectWriter {
 public:
  explicit ObjectWriter(jit::ObjectCache& disk) : disk_(disk), thread_([this] { write(); }) {}
  ~ObjectWriter() {
    {
      std::lock_guard lock(mutex_);
      ending_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

  void add(const Digest& digest, kj::StringPtr target, kj::ArrayPtr<const kj::byte> object) {
    auto bytes = reinterpret_cast<const std::byte*>(object.begin());
    {
      std::lock_guard lock(mutex_);
      if (queuedBytes_ + object.size() > limits::objectStoreBytes)
        return; // a disk that can't follow: the object stays in memory, and is compiled again after
                // a restart
      queuedBytes_ += object.size();
      queue_.push_back(
          {digest, target.cStr(), std::vector<std::byte>(bytes, bytes + object.size())});
    }
    changed_.notify_one();
  }

 private:
  struct Item {
    Digest digest;
    std::string target;
    std::vector<std::byte> object;
  };

  void write() {
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

  jit::ObjectCache& disk_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> queue_;
  std::size_t queuedBytes_ = 0;
  bool ending_ = false;
  std::thread thread_;
};

CodeTable::CodeTable(jit::ObjectCache* disk, std::size_t limitInBytes)
    : disk_(disk), limit_(limitInBytes) {
  if (disk != nullptr)
    writer_ = kj::heap<ObjectWriter>(*disk);
}

CodeTable::~CodeTable() noexcept(false) = default;

const Code& CodeTable::at(const Digest& digest) {
  return row(digest).code;
}

CodeTable::Row& CodeTable::row(const Digest& digest) {
  if (auto found = rows_.find(digest); found != rows_.end()) {
    uses_.splice(uses_.begin(), uses_, found->second.use);
    return found->second;
  }
  uses_.push_front(digest);
  Row& made = rows_[digest];
  made.use = uses_.begin();
  trim();
  return made;
}

bool CodeTable::readFromDisk(const Digest& digest, kj::StringPtr target) {
  Row& row = this->row(digest);
  if (disk_ == nullptr || row.lookedOnDisk || row.code.state != Code::State::unknown)
    return false;
  row.lookedOnDisk = true;
  std::optional<std::vector<std::byte>> object = disk_->find(digest, target.cStr());
  if (!object || object->size() > limits::objectBytes)
    return false;
  hold(row.code, kj::heapArray(reinterpret_cast<const kj::byte*>(object->data()), object->size()));
  return true;
}

void CodeTable::compiling(const Digest& digest) {
  row(digest).code.state = Code::State::compiling;
}

void CodeTable::compiled(const Digest& digest, kj::ArrayPtr<const kj::byte> object,
                         kj::StringPtr target) {
  Code& code = row(digest).code;
  if (code.state == Code::State::refused)
    return;
  hold(code, kj::heapArray(object));
  if (writer_.get() != nullptr)
    writer_->add(digest, target, object);
}

void CodeTable::refuse(const Digest& digest, kj::StringPtr why) {
  Code& code = row(digest).code;
  drop(code);
  code.state = Code::State::refused;
  code.refusal = kj::str(why);
}

void CodeTable::abandon(const Digest& digest) {
  Code& code = row(digest).code;
  if (code.state == Code::State::compiling)
    code.state = Code::State::unknown;
}

void CodeTable::forgetObject(const Digest& digest) {
  Row& row = this->row(digest);
  row.lookedOnDisk = true; // what is there is no better
  if (row.code.state == Code::State::object)
    drop(row.code);
}

std::optional<std::string> CodeTable::complaint() {
  return disk_ == nullptr ? std::nullopt : disk_->complaint();
}

void CodeTable::hold(Code& code, kj::Array<const kj::byte> object) {
  drop(code);
  bytes_ += object.size();
  code.object = kj::mv(object);
  code.state = Code::State::object;
  trim();
}

void CodeTable::drop(Code& code) {
  bytes_ -= code.object.size();
  code.object = nullptr;
  code.state = Code::State::unknown;
}

/// Drops what was used longest ago: objects above the limit of bytes, and whole rows above that of
/// rows.
void CodeTable::trim() {
  for (auto use = uses_.end(); bytes_ > limit_ && use != std::next(uses_.begin());) {
    Row& row = rows_.at(*--use);
    if (row.code.state == Code::State::object) {
      drop(row.code);
      row.lookedOnDisk = false; // it may be read again
    }
  }
  while (rows_.size() > limits::codesKnown &&
         rows_.at(uses_.back()).code.state != Code::State::compiling) {
    drop(rows_.at(uses_.back()).code);
    rows_.erase(uses_.back());
    uses_.pop_back();
  }
}

} // namespace roam::peer
