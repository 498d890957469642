// Reads, writes and removes the files of the object cache.
#include "jit/object-cache.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace roam::jit {
namespace {

namespace fs = std::filesystem;

/// Between a file's name and what makes it unique until it is whole.
constexpr std::string_view unfinishedMark = ".o.new-";
constexpr std::time_t unfinishedSeconds = 3600; ///< then its writer is gone
constexpr const char* damagedFolder = "damaged";
constexpr std::size_t damagedFiles = 16; ///< kept for whoever looks for the reason
constexpr std::time_t useSeconds = 60;   ///< how exactly the last use is known

/// What a file takes on disk.
std::uint64_t onDisk(std::uint64_t size) {
  constexpr std::uint64_t block = 4096;
  return (size + block - 1) / block * block;
}

std::string lastError() {
  return std::strerror(errno);
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~Descriptor() { (void)close(); }
  bool good() const { return fd_ >= 0; }
  operator int() const { return fd_; }

  /// False with errno set where a file system tells only now that it had no room.
  bool close() { return fd_ < 0 || ::close(std::exchange(fd_, -1)) == 0; }

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

/// Notes that the file was used now. Where that is not allowed, others decide what is removed.
void noteUse(int fd, const struct stat& status) {
  if (::time(nullptr) - status.st_mtime >= useSeconds)
    (void)::futimens(fd, nullptr);
}

/// The whole file, or nothing with errno set. No bytes of what can't be an object: a file too large
/// for one, a pipe.
std::optional<std::vector<std::byte>> readAll(const char* path) {
  Descriptor fd(::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)); // a pipe would wait for a writer
  struct stat status;
  if (!fd.good() || ::fstat(fd, &status) != 0)
    return std::nullopt;
  auto size = static_cast<std::size_t>(status.st_size);
  std::vector<std::byte> bytes(S_ISREG(status.st_mode) && size <= ObjectCache::objectBytes ? size
                                                                                           : 0);
  for (std::size_t at = 0; at < bytes.size();) {
    ssize_t count = ::read(fd, bytes.data() + at, bytes.size() - at);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return std::nullopt;
    if (count == 0)
      bytes.resize(at); // somebody made it shorter; its hash will tell
    at += static_cast<std::size_t>(count);
  }
  noteUse(fd, status);
  return bytes;
}

/// A new file beside `path` under a name that nobody else has, whatever machine or container they
/// share the folder from; its name becomes `unfinished`. No good if there is none, with errno set.
Descriptor createBeside(const fs::path& path, std::string& unfinished) {
  for (bool folderMade = false;;) {
    std::uint64_t random;
    if (::getentropy(&random, sizeof random) != 0)
      return Descriptor(-1);
    unfinished = path.string() + ".new-" + std::to_string(random);
    int fd = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0 && errno == EEXIST)
      continue;
    if (fd < 0 && errno == ENOENT && !std::exchange(folderMade, true)) { // somebody removed it
      std::error_code ignored; // what is wrong with the folder, the next open says
      fs::create_directories(path.parent_path(), ignored);
      continue;
    }
    return Descriptor(fd);
  }
}

/// Writes a file that is whole as soon as it is there; false with errno set.
bool writeFile(const fs::path& path, std::span<const std::byte> bytes) {
  std::string unfinished;
  Descriptor fd = createBeside(path, unfinished);
  if (!fd.good())
    return false;
  if (writeAll(fd, bytes) && fd.close() && ::rename(unfinished.c_str(), path.c_str()) == 0)
    return true;
  int why = errno;
  ::unlink(unfinished.c_str());
  errno = why;
  return false;
}

std::string nameOf(const Digest& slice, const ObjectTarget& target) {
  return slice.toString() + "-" + target.key() + ".o";
}

/// 64 hexadecimal digits, a dash, 16 more, ".o".
bool isObjectName(std::string_view name) {
  return name.size() == 64 + 1 + 16 + 2 && name[64] == '-' && name.ends_with(".o") &&
         Digest::parse(name.substr(0, 64));
}

struct File {
  fs::path path;
  std::pair<std::time_t, long> used; ///< seconds and nanoseconds
  std::uint64_t bytes;               ///< as it takes on disk
};

/// Those of the folder that are still there when they are looked at.
std::vector<File> filesOf(const fs::path& folder) {
  std::vector<File> files;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    struct stat status;
    if (::lstat(at->path().c_str(), &status) != 0 || S_ISDIR(status.st_mode))
      continue;
    files.push_back({at->path(),
                     {status.st_mtim.tv_sec, status.st_mtim.tv_nsec},
                     onDisk(static_cast<std::uint64_t>(status.st_size))});
  }
  return files;
}

void removeFile(const fs::path& path) {
  std::error_code ignored; // another process may have been first
  fs::remove(path, ignored);
}

/// Those used longest ago come first.
void sortByUse(std::vector<File>& files) {
  std::ranges::sort(files, {}, &File::used);
}

} // namespace

ObjectCache::ObjectCache(fs::path folder, std::uint64_t limitInBytes)
    : folder_(std::move(folder)), limit_(limitInBytes), notSurveyed_(limitInBytes) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error)
    failedToWrite(folder_, error.message());
}

std::optional<std::vector<std::byte>> ObjectCache::find(const Digest& slice,
                                                        const ObjectTarget& target) {
  fs::path path = folder_ / nameOf(slice, target);
  auto file = readAll(path.c_str());
  if (!file) {
    if (errno != ENOENT && errno != ENOTDIR)
      complain("can't read the compiled object " + path.string() + ": " + lastError());
    return std::nullopt;
  }
  try {
    CompiledObject object = CompiledObject::read(*file);
    if (object.slice == slice && object.target == target)
      return file;
    setAside(path, object.slice == slice
                       ? "it is for another target: " + object.target.toText()
                       : "it was made from another slice: " + object.slice.toString());
  } catch (const std::runtime_error& error) {
    setAside(path, error.what());
  }
  return std::nullopt;
}

bool ObjectCache::keep(std::span<const std::byte> written) {
  fs::path path = folder_;
  try {
    CompiledObject object = CompiledObject::read(written);
    path /= nameOf(object.slice, object.target);
  } catch (const std::runtime_error& error) {
    return failedToWrite(path, error.what());
  }
  if (written.size() > std::min<std::uint64_t>(objectBytes, limit_))
    return failedToWrite(path, "it would be " + std::to_string(written.size()) + " bytes");
  if (!writeFile(path, written))
    return failedToWrite(path, lastError());
  count(written.size());
  return true;
}

std::optional<std::string> ObjectCache::complaint() {
  std::lock_guard lock(mutex_);
  if (complaints_.empty())
    return std::nullopt;
  return std::exchange(complaints_, {});
}

/// Moves a file to where it may be looked at, and forgets what lies there for longest.
void ObjectCache::setAside(const fs::path& file, const std::string& why) {
  fs::path aside = folder_ / damagedFolder;
  std::error_code error;
  fs::create_directories(aside, error);
  fs::rename(file, aside / file.filename(), error);
  std::string where = "it was moved to " + aside.string();
  if (error) {
    removeFile(file);
    where = "it was removed";
  }
  complain(file.string() + ": " + why + "; " + where + " and is made again");

  std::vector<File> files = filesOf(aside);
  sortByUse(files);
  for (std::size_t i = 0; i + damagedFiles < files.size(); ++i)
    removeFile(files[i].path);
}

/// Notes a file that was written, and goes through the folder when there are enough of them.
void ObjectCache::count(std::uint64_t bytesWritten) {
  {
    std::lock_guard lock(mutex_);
    writeFailed_ = false;
    notSurveyed_ += onDisk(bytesWritten);
    if (notSurveyed_ < limit_ / 16)
      return;
    notSurveyed_ = 0;
  }
  removeSurplus();
}

/// Removes objects above the limit, to seven eighths of it, and what dead writers left. Files that
/// are not the cache's stay.
void ObjectCache::removeSurplus() {
  std::vector<File> objects;
  std::uint64_t bytes = 0;
  for (File& file : filesOf(folder_)) {
    std::string name = file.path.filename().string();
    if (isObjectName(name)) {
      bytes += file.bytes;
      objects.push_back(std::move(file));
    } else if (name.find(unfinishedMark) != name.npos &&
               ::time(nullptr) - file.used.first > unfinishedSeconds) {
      removeFile(file.path);
    }
  }
  if (bytes <= limit_)
    return;
  sortByUse(objects);
  for (const File& file : objects) {
    if (bytes <= limit_ - limit_ / 8)
      return;
    removeFile(file.path);
    bytes -= file.bytes;
  }
}

void ObjectCache::complain(std::string text) {
  constexpr std::size_t most = 4096; // nobody may be asking
  std::lock_guard lock(mutex_);
  if (complaints_.size() < most)
    complaints_ += (complaints_.empty() ? "" : "\n") + text;
}

/// False, always.
bool ObjectCache::failedToWrite(const fs::path& file, const std::string& why) {
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(writeFailed_, true))
      return false;
  }
  complain("can't keep compiled objects, so every restart compiles again: " + file.string() + ": " +
           why);
  return false;
}

} // namespace roam::jit
