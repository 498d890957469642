// Its input and output are files in memory, so that nobody has to read while somebody writes.
#include "tools/child-program.h"
#include "net/child-start.h"
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fmt/format.h>
#include <kj/io.h>
#include <optional>
#include <poll.h>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace roam::tools {
namespace {

/// A file without a name.
class MemoryFile {
 public:
  MemoryFile() : fd_(memfd_create("roam", MFD_CLOEXEC)) {
    if (fd_ == nullptr)
      throw std::runtime_error(fmt::format("no file in memory: {}", std::strerror(errno)));
  }

  int descriptor() const { return fd_.get(); }

  void write(std::string_view bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
      ssize_t count = pwrite(fd_, bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
      if (count < 0 && errno != EINTR)
        throw std::runtime_error(fmt::format("no memory for a file: {}", std::strerror(errno)));
      at += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    }
  }

  std::string read() const {
    std::string bytes(static_cast<std::size_t>(lseek(fd_.get(), 0, SEEK_END)), '\0');
    for (std::size_t at = 0; at < bytes.size();) {
      ssize_t count =
          pread(fd_.get(), bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
      if (count <= 0)
        throw std::runtime_error(fmt::format("a file in memory ended: {}", std::strerror(errno)));
      at += static_cast<std::size_t>(count);
    }
    return bytes;
  }

 private:
  kj::AutoCloseFd fd_;
};

pid_t start(const std::vector<std::string>& words, const MemoryFile (&files)[3]) {
  net::ChildStart child;
  for (int i = 0; i < 3; ++i) // standard input, output, errors
    child.give(files[i].descriptor(), i);
  pid_t process;
  int failure = child.start(words[0], words, process);
  if (failure != 0)
    throw std::runtime_error(fmt::format("cannot start {}: {}", words[0], std::strerror(failure)));
  return process;
}

/// Its wait status; nothing if it had to be killed.
std::optional<int> endOf(pid_t process, int seconds) {
  // Not pidfd_open: its header of Debian 12 is not for C++.
  kj::AutoCloseFd fd(static_cast<int>(syscall(SYS_pidfd_open, process, 0)));
  pollfd ending{fd.get(), POLLIN, 0};
  bool ended = fd != nullptr && poll(&ending, 1, seconds * 1000) == 1;
  if (!ended)
    kill(process, SIGKILL);
  int status = 0;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR)
    ;
  return ended ? std::optional(status) : std::nullopt;
}

} // namespace

ChildResult runChild(std::vector<std::string> words, std::string_view input, int seconds) {
  MemoryFile files[3];
  files[0].write(input);
  std::optional<int> status = endOf(start(words, files), seconds);
  if (!status)
    throw std::runtime_error(fmt::format("{} took more than {} s", words[0], seconds));
  return {WIFSIGNALED(*status) ? 128 + WTERMSIG(*status) : WEXITSTATUS(*status), files[1].read(),
          files[2].read()};
}

} // namespace roam::tools
