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

constexpr std::size_t mostInFile = sizeof(Header) + ObjectCache::objectBytes;

/// The whole file, or nothing with errno set. No bytes of what can't be an object: a file too large
/// for one, a pipe.
std::optional<std::vector<std::byte>> readAll(const char* path) {
  Descriptor fd(::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)); // a pipe would wait for a writer
  struct stat status;
  if (!fd.good() || ::fstat(fd, &status) != 0)
    return std::nullopt;
  auto size = static_cast<std::size_t>(status.st_size);
  std::vector<std::byte> bytes(size <= mostInFile ? size : 0);
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

/// A new file beside `path` under a name that nobody else has, whatever machine or container they
/// share the directory from; its name is appended to `path`. No good if there is none, with errno
/// set.
Descriptor createBeside(std::string& path) {
  for (;;) {
    std::uint64_t random;
    if (::getentropy(&random, sizeof random) != 0)
      return Descriptor(-1);
    std::string unfinished = path + ".new-" + std::to_string(random);
    int fd = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0 && errno == EEXIST)
      continue;
    path = std::move(unfinished);
    return Descriptor(fd);
  }
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
  if (object.size() > objectBytes) {
    failedToWrite(path, "it would be " + std::to_string(object.size()) + " bytes");
    return false;
  }
  std::string unfinished = path.string();
  {
    Descriptor fd = createBeside(unfinished);
    if (!fd.good()) {
      failedToWrite(path, lastError());
      return false;
    }
    if (!writeAll(fd, std::as_bytes(std::span(&header, 1))) || !writeAll(fd, object)) {
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
