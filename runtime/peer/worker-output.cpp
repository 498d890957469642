// Reading pipes that are edge-triggered: each time to the end, but with a turn for others between.
#include "runtime/peer/worker-output.h"
#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace roam::peer {
namespace {

/// Of one pipe before others have their turn; and of what is left of a request, which is more only
/// if a thread of the shipped code prints without end.
constexpr unsigned readsAtATime = 16;

} // namespace

WorkerOutput::WorkerOutput(kj::UnixEventPort& port, Tell tell) : tell_(std::move(tell)) {
  for (unsigned i = 0; i < streams_.size(); ++i) {
    Stream& stream = streams_[i];
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
      throw std::system_error(errno, std::generic_category(),
                              "can't make a pipe for what a worker process prints");
    stream.channel = i / 2;
    stream.isError = i % 2 != 0;
    stream.read = kj::AutoCloseFd(ends[0]);
    stream.write = kj::AutoCloseFd(ends[1]);
    fcntl(stream.read, F_SETFL, O_NONBLOCK); // ours only: the other end is a description of its own
    stream.observer = kj::heap<kj::UnixEventPort::FdObserver>(
        port, stream.read.get(), kj::UnixEventPort::FdObserver::OBSERVE_READ);
    // Later: nothing is told before the constructor is through.
    stream.listening =
        kj::evalLater([this, &stream] { return listen(stream); }).eagerlyEvaluate(nullptr);
  }
}

std::array<int, 2 * WorkerOutput::channels> WorkerOutput::writers() const {
  std::array<int, 2 * channels> all;
  for (unsigned i = 0; i < all.size(); ++i)
    all[i] = streams_[i].write.get();
  return all;
}

void WorkerOutput::closeWriters() {
  for (Stream& stream : streams_)
    stream.write = nullptr;
}

/// True if there may be more.
bool WorkerOutput::readSome(Stream& stream) {
  char buffer[16384];
  for (unsigned i = 0; i < readsAtATime; ++i) {
    ssize_t size = read(stream.read, buffer, sizeof buffer);
    if (size < 0 && errno == EINTR)
      continue;
    if (size <= 0)
      return false; // nothing now, or no more ever
    stream.lines.add({buffer, static_cast<std::size_t>(size)},
                     [&](std::string_view line) { tell_(stream.channel, line, stream.isError); });
    if (static_cast<std::size_t>(size) < sizeof buffer)
      return false; // what comes later is another edge
  }
  return true;
}

kj::Promise<void> WorkerOutput::listen(Stream& stream) {
  if (readSome(stream))
    return kj::evalLast([this, &stream] { return listen(stream); });
  return stream.observer->whenBecomesReadable().then([this, &stream] { return listen(stream); });
}

void WorkerOutput::finish(unsigned channel) {
  for (Stream& stream : streams_)
    if (stream.channel == channel) {
      readSome(stream);
      stream.lines.end([&](std::string_view line) { tell_(stream.channel, line, stream.isError); });
    }
}

} // namespace roam::peer
