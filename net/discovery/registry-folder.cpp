// Reading a folder that anyone may write to, and writing one's own file there.
#include "net/discovery/registry-folder.h"
#include "net/limits.h"
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <optional>
#include <random>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

namespace roam::net {
namespace {

constexpr std::uint32_t changesWatched = IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM |
                                         IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

/// Nothing if it can't be read (errno says why) or is no plain file (ENOTSUP). At most one byte
/// more than a registry file may have.
std::optional<std::string> contentOf(const std::string& path) {
  // What is no file might never answer.
  kj::AutoCloseFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  struct stat status;
  if (file.get() < 0 || fstat(file, &status) != 0)
    return std::nullopt;
  if (!S_ISREG(status.st_mode)) {
    errno = ENOTSUP;
    return std::nullopt;
  }
  std::string text(limits::registryFileBytes + 1, 0);
  ssize_t size = read(file, text.data(), text.size());
  if (size < 0)
    return std::nullopt;
  text.resize(std::size_t(size));
  return text;
}

/// Whole or not at all. False with errno if it can't be written.
bool replace(const std::string& path, const std::string& temporary, const std::string& text) {
  {
    kj::AutoCloseFd file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (file.get() < 0)
      return false;
    if (write(file, text.data(), text.size()) == ssize_t(text.size()) &&
        rename(temporary.c_str(), path.c_str()) == 0)
      return true;
  }
  int error = errno;
  unlink(temporary.c_str());
  errno = error;
  return false;
}

std::string temporaryName() {
  std::random_device random;
  return ".new-" + std::to_string(random()) + "-" + std::to_string(random());
}

} // namespace

RegistryFolder::RegistryFolder(std::string path, std::string cluster, bool removes)
    : path_(std::move(path)), cluster_(std::move(cluster)), removes_(removes),
      changes_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {}

Look RegistryFolder::look() {
  Look look;
  if (changes_.get() >= 0) // another folder may be at this path now; the same one is watched once
    inotify_add_watch(changes_, path_.c_str(), changesWatched);
  writeOwn(look);
  readAll(look);
  return look;
}

void RegistryFolder::put(const std::string& address) {
  std::lock_guard lock(mutex_);
  own_[registryName(address)] = RegistryFile::ofThisProcess(cluster_).text();
}

void RegistryFolder::remove(const std::string& address) {
  std::lock_guard lock(mutex_); // look() must not write it again
  auto own = own_.find(registryName(address));
  if (own == own_.end())
    return;
  if (contentOf(pathOf(own->first)) == own->second)
    unlink(pathOf(own->first).c_str());
  own_.erase(own);
}

bool RegistryFolder::forgetChanges() {
  alignas(inotify_event) char events[4096];
  bool any = false;
  while (changes_.get() >= 0 && read(changes_, events, sizeof events) > 0)
    any = true;
  return any;
}

void RegistryFolder::writeOwn(Look& look) {
  std::lock_guard lock(mutex_);
  for (auto& [name, text] : own_)
    if (contentOf(pathOf(name)) != text && !replace(pathOf(name), pathOf(temporaryName()), text))
      look.failure = std::string("this peer's file can't be written: ") + strerror(errno) +
                     "; others don't find it here";
}

void RegistryFolder::readAll(Look& look) {
  DIR* folder = opendir(path_.c_str());
  if (folder == nullptr) {
    look.failure = std::string("the folder can't be read: ") + strerror(errno) +
                   "; peers are found here once it is there";
    return;
  }
  KJ_DEFER(closedir(folder));
  std::size_t files = 0;
  while (dirent* entry = readdir(folder)) {
    if (entry->d_name[0] == '.')
      continue;
    if (++files > 4 * limits::addressesFound) {
      look.failure = "there are too many files; this is no registry folder, or nobody cleans it up";
      return;
    }
    readOne(entry->d_name, look);
  }
}

void RegistryFolder::readOne(const std::string& name, Look& look) {
  auto address = addressOfName(name);
  if (!address) {
    look.rubbish.insert("the file " + name + " is ignored: its name is no address");
    return;
  }
  auto text = contentOf(pathOf(name));
  if (!text && errno == ENOENT)
    return; // gone meanwhile
  auto file = text ? RegistryFile::parse(*text) : std::nullopt;
  if (!file) {
    look.rubbish.insert("the file " + name + " is ignored: " +
                        (text               ? "a peer did not write it"
                         : errno == ENOTSUP ? "it is no plain file"
                                            : strerror(errno)));
    return;
  }
  if (file->cluster != cluster_)
    return;
  if (!file->isStale())
    look.addresses.emplace(*address, *text);
  else if (removes_)
    unlink(pathOf(name).c_str());
}

} // namespace roam::net
