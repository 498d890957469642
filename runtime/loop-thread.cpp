#include "runtime/loop-thread.h"
#include <condition_variable>
#include <csignal>
#include <future>
#include <kj/async-unix.h>
#include <kj/debug.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace roam {

LoopThread::LoopThread(std::function<void(kj::AsyncIoContext&)> begin, std::function<void()> end) {
  int fd;
  KJ_SYSCALL(fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  wake_ = kj::AutoCloseFd(fd);
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
  // Signals belong to the program's own threads; a closed connection is an error here, not a
  // signal.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  pthread_setname_np(pthread_self(), "roam-loop");

  auto io = kj::setupAsyncIo();
  try {
    begin(io);
  } catch (...) {
    started(std::current_exception());
    return;
  }
  started(nullptr);
  kj::UnixEventPort::FdObserver observer(io.unixEventPort, wake_,
                                         kj::UnixEventPort::FdObserver::OBSERVE_READ);
  serve(observer).wait(io.waitScope);
  end();
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
    each();
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

void LoopThread::run(const std::function<void()>& work) {
  std::promise<void> done;
  auto result = done.get_future();
  post([&] {
    work();
    done.set_value();
  });
  result.get();
}

} // namespace roam
