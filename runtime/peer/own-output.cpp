// The thread outlives its owner if it is stuck in a write; then the process is about to end.
#include "runtime/peer/own-output.h"
#include "net/limits.h"
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <utility>

namespace roam::peer {

struct OwnOutput::Shared {
  int descriptors[2]; ///< output, errors

  std::mutex mutex;
  std::condition_variable changed;
  struct Line {
    std::string text;
    bool isError;
  };
  std::deque<Line> waiting; // guarded by mutex, as are:
  std::size_t bytes = 0;
  std::uint64_t dropped = 0;
  bool ends = false, ended = false;

  void tellDropped() {
    std::string line = "roam peer: " + std::to_string(std::exchange(dropped, 0)) +
                       " lines were printed faster than they were read, and are lost\n";
    bytes += line.size();
    waiting.push_back({std::move(line), true});
  }
};

namespace {

/// Gives up if that can't be written at all: there is no place left to say so.
void writeAll(int descriptor, std::string_view text) {
  while (!text.empty()) {
    ssize_t size = write(descriptor, text.data(), text.size());
    if (size < 0 && errno == EINTR)
      continue;
    if (size <= 0)
      return;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
}

} // namespace

OwnOutput::OwnOutput(int output, int errors) : shared_(std::make_shared<Shared>()) {
  shared_->descriptors[0] = output;
  shared_->descriptors[1] = errors;
}

void OwnOutput::begin() {
  if (begun_)
    return;
  begun_ = true;
  // It must not be the one that the kernel picks for a signal of the process.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([shared = shared_] { write(shared); }).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

OwnOutput::~OwnOutput() noexcept(false) {
  begin(); // what a peer that could not start has heard is told, too
  std::unique_lock lock(shared_->mutex);
  shared_->ends = true;
  shared_->changed.notify_all();
  shared_->changed.wait_for(lock, std::chrono::nanoseconds(limits::farewell / kj::NANOSECONDS),
                            [&] { return shared_->ended; });
}

void OwnOutput::line(kj::StringPtr text, bool isError) {
  std::lock_guard lock(shared_->mutex);
  if (shared_->bytes + text.size() > limits::outputWaiting) {
    ++shared_->dropped;
    return;
  }
  shared_->bytes += text.size() + 1;
  std::string whole(text.begin(), text.size());
  shared_->waiting.push_back({std::move(whole) + '\n', isError});
  shared_->changed.notify_all();
}

void OwnOutput::write(std::shared_ptr<Shared> shared) {
  std::unique_lock lock(shared->mutex);
  while (true) {
    shared->changed.wait(lock, [&] { return shared->ends || !shared->waiting.empty(); });
    if (shared->waiting.empty())
      break;
    Shared::Line line = std::move(shared->waiting.front());
    shared->waiting.pop_front();
    shared->bytes -= line.text.size();
    if (shared->waiting.empty() && shared->dropped > 0)
      shared->tellDropped();
    lock.unlock();
    writeAll(shared->descriptors[line.isError], line.text);
    lock.lock();
  }
  shared->ended = true;
  shared->changed.notify_all();
}

} // namespace roam::peer
