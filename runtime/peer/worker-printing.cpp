// Switching costs two system calls, so it is done only when the supervisor asks for it.
#include "runtime/peer/worker-printing.h"
#include <cstdio>
#include <fcntl.h>
#include <iostream>
#include <unistd.h>

namespace roam::peer {

WorkerPrinting::WorkerPrinting(const Channels& channels) : channels_(channels) {
  for (int descriptor : channels_)
    fcntl(descriptor, F_SETFD, FD_CLOEXEC); // programs that shipped code starts need 1 and 2 only
}

void WorkerPrinting::open() {
  dup2(channels_[2 * current_], STDOUT_FILENO);
  dup2(channels_[2 * current_ + 1], STDERR_FILENO);
}

void WorkerPrinting::turnTo(unsigned channel) {
  channel %= channels_.size() / 2; // it comes from shared memory, which shipped code can reach
  if (channel == current_)
    return;
  current_ = channel;
  open();
}

void WorkerPrinting::flush() {
  std::cout.flush();
  std::clog.flush();
  if (std::fflush(stdout) == 0 && !std::ferror(stdout) && std::cout.good())
    return;
  // The shipped code has closed its standard output: what the next prints is not lost for that.
  open();
  std::clearerr(stdout);
  std::cout.clear();
}

} // namespace roam::peer
