// inotify. A symbolic link counts with the file it leads to.
#include "tools/file-watch.h"
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <stdexcept>
#include <sys/inotify.h>
#include <unistd.h>

namespace roam::tools {
namespace {

namespace fs = std::filesystem;

int newQueue() {
  int queue = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (queue < 0)
    throw std::runtime_error(fmt::format("files cannot be watched: {}", std::strerror(errno)));
  return queue;
}

} // namespace

FileWatch::FileWatch(kj::UnixEventPort& events, kj::Timer& timer)
    : queue_(newQueue()), observer_(events, queue_, kj::UnixEventPort::FdObserver::OBSERVE_READ),
      timer_(timer) {}

void FileWatch::watch(const std::vector<std::string>& files) {
  files_.clear();
  std::set<std::string> folders;
  for (const std::string& file : files) {
    std::error_code failure;
    fs::path named(file), folder = fs::canonical(named.parent_path(), failure);
    if (failure) // what is gone for now is found when the next push has read it
      continue;
    files_.insert(folder / named.filename());
    folders.insert(folder);
    if (fs::path target = fs::canonical(named, failure); !failure) {
      files_.insert(target);
      folders.insert(target.parent_path());
    }
  }
  for (const std::string& folder : folders) {
    if (!watched_.insert(folder).second)
      continue;
    int number = inotify_add_watch(queue_, folder.c_str(), IN_CLOSE_WRITE | IN_MOVED_TO);
    if (number < 0)
      fmt::print(stderr, "roam: {} cannot be watched: {}\n", folder, std::strerror(errno));
    else
      folders_[number] = folder;
  }
}

kj::Promise<void> FileWatch::saved() {
  readEvents();
  if (isSaved_)
    return settle();
  return observer_.whenBecomesReadable().then([this] { return saved(); });
}

kj::Promise<void> FileWatch::settle() {
  constexpr auto pause = 20 * kj::MILLISECONDS;
  return timer_.afterDelay(pause).then([this]() -> kj::Promise<void> {
    if (readEvents())
      return settle();
    isSaved_ = false;
    return kj::READY_NOW;
  });
}

/// True if there were any of our files.
bool FileWatch::readEvents() {
  alignas(inotify_event) char buffer[16 << 10];
  bool any = false;
  for (ssize_t size; (size = read(queue_, buffer, sizeof buffer)) > 0;)
    for (ssize_t at = 0; at < size;) {
      auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      at += static_cast<ssize_t>(sizeof *event + event->len);
      if ((event->mask & IN_Q_OVERFLOW) != 0)
        any = true;                               // who knows
      else if ((event->mask & IN_IGNORED) != 0) { // the folder is gone; another may come
        watched_.erase(folders_[event->wd]);
        folders_.erase(event->wd);
      } else if (event->len > 0)
        any = any || files_.contains(fs::path(folders_[event->wd]) / event->name);
    }
  isSaved_ = isSaved_ || any;
  return any;
}

} // namespace roam::tools
