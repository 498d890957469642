// What a peer takes from its surroundings when nothing was chosen.
#include "runtime/peer/peer-options.h"
#include <cstdlib>
#include <filesystem>
#include <sched.h>
#include <stdexcept>
#include <unistd.h>

namespace roam::peer {

namespace {

/// An empty variable counts as unset, and a relative one is to be ignored: XDG base directory
/// specification.
std::string folderOfUser(const char* variable, const std::string& inHome, const std::string& ours) {
  if (const char* folder = std::getenv(variable); folder != nullptr && folder[0] == '/')
    return folder + ours;
  if (const char* home = std::getenv("HOME"); home != nullptr && home[0] == '/')
    return home + inHome + ours;
  return "";
}

} // namespace

std::string defaultCacheDirectory() {
  return folderOfUser("XDG_CACHE_HOME", "/.cache", "/roam/objects");
}

std::string defaultStateDirectory() {
  return folderOfUser("XDG_STATE_HOME", "/.local/state", "/roam");
}

unsigned defaultWorkers() {
  cpu_set_t cores;
  return sched_getaffinity(0, sizeof cores, &cores) == 0 ? static_cast<unsigned>(CPU_COUNT(&cores))
                                                         : 1;
}

namespace {

std::string find(const std::string& name, const std::string& purpose) {
  std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe");
  std::filesystem::path beside = program.parent_path() / name;
  std::filesystem::path installed = program.parent_path().parent_path() / "libexec/roam" / name;
  for (const std::filesystem::path& path : {beside, installed})
    if (access(path.c_str(), X_OK) == 0)
      return path;
  throw std::runtime_error(name + ", the program that " + purpose + ", is neither at " +
                           beside.string() + " nor at " + installed.string() +
                           ": is Roam installed completely?");
}

} // namespace

std::string findWorker() {
  return find("roam-worker", "runs shipped code");
}

std::string findCompiler() {
  return find("roam-compiler", "compiles shipped code");
}

std::string findClang() {
  return find("roam-clang", "compiles source files");
}

} // namespace roam::peer
