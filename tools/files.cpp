// Reads and writes files.
#include "tools/files.h"
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <kj/io.h>
#include <sstream>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>

namespace roam::tools {
namespace {

/// Removed with the object, unless it got its name.
class UnfinishedFile {
 public:
  explicit UnfinishedFile(const std::string& path)
      : path_(path), unfinished_(path + ".new-XXXXXX"),
        fd_(mkostemp(unfinished_.data(), O_CLOEXEC)) {
    if (fd_ == nullptr)
      fail();
  }
  ~UnfinishedFile() {
    if (!unfinished_.empty())
      unlink(unfinished_.c_str());
  }

  void write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      ssize_t count = ::write(fd_, bytes.data(), bytes.size());
      if (count < 0 && errno != EINTR)
        fail();
      bytes = bytes.subspan(static_cast<std::size_t>(count < 0 ? 0 : count));
    }
  }

  void finish() {
    mode_t mask = umask(0);
    umask(mask);
    if (fchmod(fd_, 0666 & ~mask) != 0 || fsync(fd_) != 0 ||
        rename(unfinished_.c_str(), path_.c_str()) != 0)
      fail();
    unfinished_.clear();
  }

 private:
  [[noreturn]] void fail() const {
    throw std::runtime_error(fmt::format("cannot write {}: {}", path_, std::strerror(errno)));
  }

  std::string path_, unfinished_;
  kj::AutoCloseFd fd_;
};

/// A rename would put a file where a device or a folder was.
void expectFileOrNothing(const std::string& path) {
  struct stat status;
  if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
    throw std::runtime_error(fmt::format("cannot write {}: it is there, and not a file", path));
}

/// So that the new name is on the disk, too.
void syncFolderOf(const std::string& path) {
  std::string folder = path.substr(0, path.rfind('/') + 1);
  kj::AutoCloseFd fd(open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd == nullptr || fsync(fd) != 0)
    throw std::runtime_error(fmt::format("{} is written, but its folder cannot be synced: {}", path,
                                         std::strerror(errno)));
}

} // namespace

std::string readFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  if (!file)
    throw std::runtime_error(fmt::format("cannot read {}", path));
  return bytes.str();
}

void writeFile(const std::string& path, std::span<const std::byte> bytes) {
  expectFileOrNothing(path);
  UnfinishedFile file(path);
  file.write(bytes);
  file.finish();
  syncFolderOf(path);
}

} // namespace roam::tools
