// One call between the loop, where its job runs, and the caller, who waits for results.
#include "runtime/running-call.h"
#include "net/limits.h"
#include "roam/error.h"
#include <chrono>
#include <cmath>
#include <fmt/format.h>
#include <kj/debug.h>

namespace roam {

bool LoopLink::post(std::function<void()> work) {
  if (!isHere())
    return false;
  std::lock_guard lock(mutex_);
  if (loop_ == nullptr)
    return false;
  loop_->post(std::move(work));
  return true;
}

bool LoopLink::run(const std::function<void()>& work) {
  if (isCurrent()) {
    work();
    return true;
  }
  std::mutex mutex;
  std::condition_variable ran;
  bool done = false;
  bool posted = post([&] {
    work();
    std::lock_guard lock(mutex);
    done = true;
    ran.notify_all();
  });
  if (!posted)
    return false;
  std::unique_lock lock(mutex);
  ran.wait(lock, [&] { return done; }); // the loop runs all that was posted before it ends
  return true;
}

bool LoopLink::isCurrent() {
  std::lock_guard lock(mutex_);
  return loop_ != nullptr && loop_->isCurrent();
}

void LoopLink::cut() {
  std::lock_guard lock(mutex_);
  loop_ = nullptr;
}

double boundedSeconds(Duration duration) {
  constexpr double century = 3.2e9; // beyond about three, nanoseconds overflow
  return std::isnan(duration.seconds) ? 0 : std::clamp(duration.seconds, 0.0, century);
}

namespace {

std::chrono::steady_clock::time_point deadlineAfter(Duration duration) {
  using Clock = std::chrono::steady_clock;
  std::chrono::duration<double> bounded(boundedSeconds(duration));
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(bounded);
}

} // namespace

void RunningCall::begin(Origin& origin, JobSpec spec) {
  {
    std::lock_guard lock(mutex_);
    if (finished_)
      return; // abandoned on the loop itself, before this turn came
  }
  job_ = origin.start(kj::mv(spec), *this);
}

void RunningCall::abandon(std::exception_ptr reason) {
  job_ = nullptr;
  std::lock_guard lock(mutex_);
  if (!finished_) {
    finished_ = true;
    error_ = reason;
    changed_.notify_all();
  }
}

void RunningCall::ranHere(kj::Array<const kj::byte> results) {
  std::lock_guard lock(mutex_);
  readyBytes_ = results.size();
  ready_.push_back({{0, 1}, kj::mv(results)});
  finished_ = true;
}

bool RunningCall::wantsMore() {
  std::lock_guard lock(mutex_);
  refused_ = refused_ || readyBytes_ > limits::readyBytes;
  return !refused_;
}

void RunningCall::completed(ElementRange range, kj::Array<const kj::byte> results, bool last) {
  {
    std::lock_guard lock(mutex_);
    readyBytes_ += results.size();
    ready_.push_back({range, kj::mv(results)});
  }
  if (!last) // the caller is woken once, by what follows
    changed_.notify_all();
}

void RunningCall::printed(const std::string& peer, kj::StringPtr line, bool isError) {
  {
    std::lock_guard lock(mutex_);
    if (finished_)
      return;
    if (printedBytes_ + line.size() > limits::outputWaiting) {
      ++linesLost_;
      return;
    }
    printedBytes_ += line.size() + 1;
    printed_.push_back({peer, {line.begin(), line.size()}, isError});
  }
  changed_.notify_all();
}

void RunningCall::finished(std::exception_ptr error) {
  // The job tells us from within itself, so it is dropped in a later turn of the loop. Until then
  // this object must live: once the caller knows, it may let go of it.
  kj::evalLater([self = shared_from_this()] {
    self->job_ = nullptr;
  }).detach([](kj::Exception&& exception) {
    KJ_LOG(ERROR, "while a call was dropped", exception);
  });
  {
    std::lock_guard lock(mutex_);
    finished_ = true;
    error_ = error;
  }
  changed_.notify_all();
}

/// Tells what was printed while it waits: a chunk's lines are here before its results are.
bool RunningCall::awaitSettled(std::unique_lock<std::mutex>& lock,
                               std::chrono::steady_clock::time_point deadline,
                               const OutputFunction* output) {
  while (true) {
    bool woken =
        changed_.wait_until(lock, deadline, [&] { return settled() || !printed_.empty(); });
    if (printed_.empty())
      return woken;
    auto lines = std::exchange(printed_, {});
    if (std::uint64_t lost = std::exchange(linesLost_, 0))
      lines.push_back({"",
                       fmt::format("{} lines were printed faster than they were read, and are "
                                   "lost",
                                   lost),
                       true});
    printedBytes_ = 0;
    lock.unlock(); // it may take its time, or throw
    if (output != nullptr)
      for (const Printed& line : lines)
        (*output)({line.peer, line.line, line.isError});
    lock.lock();
  }
}

bool RunningCall::next(detail::CompletedChunk& chunk, const OutputFunction* output) {
  chunk = detail::CompletedChunk();
  if (loop_->isCurrent())
    throw Error("a result was waited for on Roam's own loop thread (from a serialize function or a "
                "progress callback?), where it can never come");
  std::unique_lock lock(mutex_);
  awaitSettled(lock, deadlineAfter(Duration{1e9}), output); // the job's deadline bounds this
  if (finished_ && error_)
    std::rethrow_exception(error_);
  if (ready_.empty())
    return false;
  Ready ready = kj::mv(ready_.front());
  ready_.pop_front();
  readyBytes_ -= ready.results.size();
  bool resumes = refused_ && readyBytes_ <= limits::readyBytes / 2;
  if (resumes)
    refused_ = false;
  lock.unlock();
  if (resumes)
    resume();
  chunk.first = ready.range.first;
  chunk.count = ready.range.count;
  chunk.results = reinterpret_cast<const char*>(ready.results.begin());
  chunk.size = ready.results.size();
  chunk.owner = new kj::Array<const kj::byte>(kj::mv(ready.results));
  return true;
}

void RunningCall::resume() {
  loop_->post([self = shared_from_this()] {
    KJ_IF_MAYBE (job, self->job_)
      (*job)->resume();
  });
}

bool RunningCall::waitFor(Duration duration, const OutputFunction* output) {
  std::unique_lock lock(mutex_);
  return awaitSettled(lock, deadlineAfter(duration), output);
}

void RunningCall::release() {
  {
    std::lock_guard lock(mutex_);
    if (finished_)
      return; // the job encodes nothing any more
  }
  cancel();
}

void RunningCall::cancel() {
  loop_->run([this] {
    abandon(std::make_exception_ptr(Cancelled("the call was cancelled before it was complete")));
  });
}

namespace detail {

CompletedChunk::CompletedChunk(CompletedChunk&& other) noexcept {
  *this = std::move(other);
}
CompletedChunk& CompletedChunk::operator=(CompletedChunk&& other) noexcept {
  std::swap(first, other.first);
  std::swap(count, other.count);
  std::swap(results, other.results);
  std::swap(size, other.size);
  std::swap(owner, other.owner);
  return *this;
}
CompletedChunk::~CompletedChunk() {
  delete static_cast<kj::Array<const kj::byte>*>(owner);
}

Call& Call::operator=(Call&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}
Call::~Call() {
  if (state_ != nullptr) {
    state_->call->release();
    delete state_;
  }
}

bool Call::next(CompletedChunk& chunk) {
  if (state_ == nullptr)
    throw Error("this Future was moved from: ask the one it was moved to");
  return state_->call->next(chunk, state_->output);
}
bool Call::waitFor(Duration duration) {
  return state_->call->waitFor(duration, state_->output);
}
void Call::keep(OutputFunction output) {
  if (state_ == nullptr || !output)
    return;
  state_->kept = std::move(output);
  state_->output = &state_->kept;
}
void Call::cancel() {
  state_->call->cancel();
}

void throwNoResult() {
  throw Error("the result of this Future was taken already: get() gives it once");
}

void throwDamagedResults(std::uint64_t first) {
  throw Error(
      "the results from element " + std::to_string(first) +
      " on cannot be decoded: the peer encoded another type; was it built from other headers "
      "of Roam?");
}

} // namespace detail
} // namespace roam
