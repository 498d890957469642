// What a peer takes from its surroundings when nothing was chosen.
#include "runtime/peer/peer-options.h"
#include <cstdlib>
#include <dlfcn.h>
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

/// Where Roam's programs may be: beside this one; or, if this code is in a library, where that was
/// built or installed.
std::vector<std::filesystem::path> folders() {
  auto program = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  std::vector<std::filesystem::path> all{program, program.parent_path() / "libexec/roam"};
  Dl_info here;
  if (dladdr(reinterpret_cast<const void*>(&findWorker), &here) == 0 || here.dli_fname == nullptr)
    return all;
  auto library = std::filesystem::weakly_canonical(here.dli_fname).parent_path();
  if (library != program)
    for (const char* from : {"../bin", "../libexec/roam", "../../libexec/roam"})
      all.push_back((library / from).lexically_normal());
  return all;
}

std::string find(const std::string& name, const std::string& purpose) {
  std::string looked;
  for (const std::filesystem::path& folder : folders()) {
    if (access((folder / name).c_str(), X_OK) == 0)
      return folder / name;
    looked += (looked.empty() ? "neither at " : " nor at ") + (folder / name).string();
  }
  throw std::runtime_error(name + ", the program that " + purpose + ", is " + looked +
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
