// Reads and writes the files of the object cache.
#include "jit/object-cache.h"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace roam::jit {
namespace {

struct Header {
  char magic[8];
  std::uint64_t size;
  std::uint8_t digest[Digest::size];
};
static_assert(sizeof(Header) == 48);

constexpr char magic[] = "RoamObj1";

std::string lastError() {
  return std::strerror(errno);
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0)
      ::close(fd_);
  }
  bool good() const { return fd_ >= 0; }
  operator int() const { return fd_; }

 private:
  int fd_;
};

/// All of `bytes`, or false with errno set.
bool writeAll(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return false;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

/// The whole file, or nothing with errno set.
std::optional<std::vector<std::byte>> readAll(const char* path) {
  Descriptor fd(::open(path, O_RDONLY | O_CLOEXEC));
  struct stat status;
  if (!fd.good() || ::fstat(fd, &status) != 0)
    return std::nullopt;
  std::vector<std::byte> bytes(static_cast<std::size_t>(status.st_size));
  for (std::size_t at = 0; at < bytes.size();) {
    ssize_t count = ::read(fd, bytes.data() + at, bytes.size() - at);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return std::nullopt;
    if (count == 0)
      bytes.resize(at); // somebody made it shorter; its digest will tell
    at += static_cast<std::size_t>(count);
  }
  return bytes;
}

/// Whether a file holds what its header says; if so, the header is taken off.
bool unwrap(std::vector<std::byte>& file) {
  Header header;
  if (file.size() < sizeof header)
    return false;
  std::memcpy(&header, file.data(), sizeof header);
  auto object = std::span<const std::byte>(file).subspan(sizeof header);
  if (std::memcmp(header.magic, magic, sizeof header.magic) != 0 || header.size != object.size() ||
      Digest::of(object) != Digest::fromBytes(std::as_bytes(std::span(header.digest))))
    return false;
  file.erase(file.begin(), file.begin() + sizeof header);
  return true;
}

} // namespace

ObjectCache::ObjectCache(std::filesystem::path directory) : directory_(std::move(directory)) {
  std::error_code error;
  std::filesystem::create_directories(directory_, error);
  if (error)
    failedToWrite(directory_, error.message());
}

std::optional<std::vector<std::byte>> ObjectCache::find(const Digest& slice,
                                                        std::string_view target) {
  std::filesystem::path path = fileOf(slice, target);
  auto file = readAll(path.c_str());
  if (!file) {
    if (errno != ENOENT && errno != ENOTDIR)
      complain("can't read the compiled object " + path.string() + ": " + lastError());
    return std::nullopt;
  }
  if (unwrap(*file))
    return file;
  complain("the compiled object " + path.string() +
           " is damaged; it is removed and compiled again");
  ::unlink(path.c_str());
  return std::nullopt;
}

bool ObjectCache::keep(const Digest& slice, std::string_view target,
                       std::span<const std::byte> object) {
  Header header;
  std::memcpy(header.magic, magic, sizeof header.magic);
  header.size = object.size();
  std::memcpy(header.digest, Digest::of(object).bytes().data(), sizeof header.digest);

  std::filesystem::path path = fileOf(slice, target);
  std::string unfinished =
      path.string() + ".new-" + std::to_string(::getpid()) + "-" + std::to_string(written_++);
  {
    Descriptor fd(::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!fd.good() || !writeAll(fd, std::as_bytes(std::span(&header, 1))) ||
        !writeAll(fd, object)) {
      failedToWrite(path, lastError());
      ::unlink(unfinished.c_str());
      return false;
    }
  }
  if (::rename(unfinished.c_str(), path.c_str()) != 0) {
    failedToWrite(path, lastError());
    ::unlink(unfinished.c_str());
    return false;
  }
  std::lock_guard lock(mutex_);
  writeFailed_ = false;
  return true;
}

std::optional<std::string> ObjectCache::complaint() {
  std::lock_guard lock(mutex_);
  if (complaints_.empty())
    return std::nullopt;
  return std::exchange(complaints_, {});
}

std::filesystem::path ObjectCache::fileOf(const Digest& slice, std::string_view target) const {
  return directory_ / (slice.toString() + "-" + std::string(target) + ".o");
}

void ObjectCache::complain(std::string text) {
  constexpr std::size_t most = 4096; // nobody may be asking
  std::lock_guard lock(mutex_);
  if (complaints_.size() < most)
    complaints_ += (complaints_.empty() ? "" : "\n") + text;
}

void ObjectCache::failedToWrite(const std::filesystem::path& file, const std::string& why) {
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(writeFailed_, true))
      return;
  }
  complain("can't keep compiled objects, so every restart compiles again: " + file.string() + ": " +
           why);
}

} // namespace roam::jit
