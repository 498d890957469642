// Files are written under another name first, so that each is there whole or not at all.
#include "runtime/peer/repro-folder.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <kj/debug.h>
#include <stdexcept>
#include <unistd.h>
#include <utility>
#include <vector>

namespace roam::peer {
namespace {

constexpr const char* ending = ".repro";

[[noreturn]] void fail(const std::filesystem::path& path) {
  throw std::runtime_error(path.string() + " can't be written: " + std::strerror(errno));
}

void writeWhole(const std::filesystem::path& path, const std::string& bytes) {
  const std::filesystem::path other = path.string() + "." + std::to_string(getpid());
  int file = open(other.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0)
    fail(other);
  KJ_DEFER(close(file));
  KJ_ON_SCOPE_FAILURE((void)unlink(other.c_str()));
  for (std::size_t at = 0; at < bytes.size();) {
    ssize_t size = write(file, bytes.data() + at, bytes.size() - at);
    if (size < 0 && errno != EINTR)
      fail(other);
    at += size > 0 ? static_cast<std::size_t>(size) : 0;
  }
  if (rename(other.c_str(), path.c_str()) != 0)
    fail(path);
}

} // namespace

std::filesystem::path ReproFolder::keep(const ReproFile& file) {
  const std::size_t size = file.slice.size() + file.captures.size() + file.arguments.size();
  if (size > largestFile)
    throw std::runtime_error("it would have " + std::to_string(size) + " bytes; the limit is " +
                             std::to_string(largestFile));
  const bool isNew = std::filesystem::create_directories(path_);
  if (isNew)
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all);
  const std::string bytes = file.write();
  makeRoom(bytes.size());
  std::filesystem::path path = path_ / (file.entry.toString() + ending);
  writeWhole(path, bytes);
  return path;
}

/// Files that another process removes meanwhile have made room, too.
void ReproFolder::makeRoom(std::uint64_t forBytes) {
  struct Kept {
    std::filesystem::file_time_type written;
    std::filesystem::path path;
    std::uint64_t bytes;
  };
  std::vector<Kept> all;
  std::uint64_t bytes = forBytes;
  for (const auto& item : std::filesystem::directory_iterator(path_)) {
    std::error_code gone;
    if (!item.is_regular_file(gone) || item.path().extension() != ending)
      continue;
    Kept kept{item.last_write_time(gone), item.path(), item.file_size(gone)};
    if (gone)
      continue;
    bytes += kept.bytes;
    all.push_back(std::move(kept));
  }
  std::ranges::sort(all, {}, &Kept::written);
  std::size_t files = all.size() + 1;
  for (const Kept& oldest : all) {
    if (files <= mostFiles && bytes <= largestFolder)
      return;
    std::error_code gone;
    std::filesystem::remove(oldest.path, gone);
    --files;
    bytes -= oldest.bytes;
  }
}

} // namespace roam::peer
