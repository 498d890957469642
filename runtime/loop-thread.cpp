// The loop thread: what wakes it, what it runs, how it begins and ends.
#include "runtime/loop-thread.h"
#include "roam/error.h"
#include <csignal>
#include <cstring>
#include <fmt/format.h>
#include <future>
#include <kj/async-unix.h>
#include <kj/debug.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace roam {
namespace {

/// KJ ignores SIGPIPE in the whole process when it sets up a loop. A program whose output is closed
/// should still end by it; the loop thread blocks all signals, so it does not need that.
class SigpipeKept {
 public:
  SigpipeKept() { sigaction(SIGPIPE, nullptr, &before_); }
  ~SigpipeKept() { sigaction(SIGPIPE, &before_, nullptr); }
  KJ_DISALLOW_COPY(SigpipeKept);

 private:
  struct sigaction before_;
};

kj::AsyncIoContext setUp() {
  SigpipeKept kept;
  return kj::setupAsyncIo();
}

/// What kept the loop from beginning, as users of the library are told.
std::exception_ptr forCaller(std::exception_ptr error) {
  try {
    std::rethrow_exception(error);
  } catch (const kj::Exception& exception) {
    return std::make_exception_ptr(Error(
        fmt::format("cannot start Roam's loop thread: {}", exception.getDescription().cStr())));
  } catch (...) {
    return error;
  }
}

void blockAllSignals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

} // namespace

LoopThread::LoopThread(std::function<void(kj::AsyncIoContext&)> begin, std::function<void()> end)
    : wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (wake_.get() < 0)
    throw Error(fmt::format("cannot start Roam's loop thread: eventfd: {}", strerror(errno)));
  std::promise<void> started;
  auto result = started.get_future();
  thread_ = std::thread([this, begin = std::move(begin), end = std::move(end), &started] {
    loop(begin, end, [&started](std::exception_ptr error) {
      error ? started.set_exception(error) : started.set_value();
    });
  });
  try {
    result.get();
  } catch (...) {
    thread_.join();
    throw;
  }
}

LoopThread::~LoopThread() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  eventfd_write(wake_, 1);
  thread_.join();
}

void LoopThread::loop(const std::function<void(kj::AsyncIoContext&)>& begin,
                      const std::function<void()>& end,
                      std::function<void(std::exception_ptr)> started) {
  blockAllSignals(); // they belong to the program's own threads
  pthread_setname_np(pthread_self(), "roam-loop");
  bool runs = false;
  try {
    auto io = setUp();
    kj::UnixEventPort::FdObserver observer(io.unixEventPort, wake_,
                                           kj::UnixEventPort::FdObserver::OBSERVE_READ);
    begin(io);
    runs = true;
    started(nullptr);
    serve(observer).wait(io.waitScope);
    end();
  } catch (...) {
    if (runs)
      throw; // the loop itself broke: nothing that waits for it could ever go on
    started(forCaller(std::current_exception()));
  }
}

kj::Promise<void> LoopThread::serve(kj::UnixEventPort::FdObserver& observer) {
  runPosted();
  {
    std::lock_guard lock(mutex_);
    if (stopping_ && posted_.empty())
      return kj::READY_NOW;
  }
  return observer.whenBecomesReadable().then([this, &observer] { return serve(observer); });
}

void LoopThread::runPosted() {
  std::vector<std::function<void()>> work;
  {
    std::lock_guard lock(mutex_);
    work.swap(posted_);
  }
  for (auto& each : work)
    KJ_IF_MAYBE (exception, kj::runCatchingExceptions([&] { each(); }))
      KJ_LOG(ERROR, "posted work must not throw", *exception);
}

void LoopThread::post(std::function<void()> work) {
  bool first;
  {
    std::lock_guard lock(mutex_);
    first = posted_.empty();
    posted_.push_back(std::move(work));
  }
  if (first)
    eventfd_write(wake_, 1);
}

} // namespace roam
