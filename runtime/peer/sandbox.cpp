// A new root is built from a file system in memory, into which what may be read is bound, and takes
// the place of the old one.
#include "runtime/peer/sandbox.h"
#include "runtime/peer/system-call-filter.h"
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

namespace roam::peer {
namespace {

namespace fs = std::filesystem;

constexpr const char* newRoot = "/tmp"; // hidden by it; what is bound from there is opened before
constexpr unsigned nobody = 65534;

[[noreturn]] void refused(const std::string& what) {
  throw std::system_error(errno, std::generic_category(),
                          "the sandbox can't be entered: " + what +
                              " (--no-namespaces does without)");
}

void require(bool done, const std::string& what) {
  if (!done)
    refused(what);
}

void writeFile(const char* path, const std::string& text) {
  int file = open(path, O_WRONLY | O_CLOEXEC);
  bool written = file >= 0 && write(file, text.data(), text.size()) == ssize_t(text.size());
  int error = errno;
  close(file);
  errno = error;
  require(written, path);
}

void enterNamespaces() {
  const std::string user = std::to_string(geteuid()), group = std::to_string(getegid());
  require(unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) == 0,
          "this kernel gives no namespaces to users (unshare)");
  const std::string inside = std::to_string(nobody) + " ";
  writeFile("/proc/self/setgroups", "deny");
  writeFile("/proc/self/uid_map", inside + user + " 1");
  writeFile("/proc/self/gid_map", inside + group + " 1");
}

/// What the new root shows of the old one.
struct Shown {
  fs::path path;
  int descriptor = -1; ///< -1: a symbolic link
};

std::vector<Shown> openShown(const std::vector<std::string>& folders) {
  std::vector<fs::path> paths = {
      "/usr",        "/lib",         "/lib64",           "/bin",
      "/sbin",       "/dev/null",    "/dev/zero",        "/dev/full",
      "/dev/random", "/dev/urandom", "/etc/ld.so.cache", "/etc/localtime"};
  paths.insert(paths.end(), folders.begin(), folders.end());
  std::vector<Shown> shown;
  for (const fs::path& path : paths) {
    std::error_code error;
    if (fs::is_symlink(fs::symlink_status(path, error)) && path.parent_path() == "/") {
      shown.push_back({path});
      continue;
    }
    int descriptor = open(path.c_str(), O_PATH | O_CLOEXEC);
    if (descriptor >= 0) // what is not there is not shown
      shown.push_back({path, descriptor});
  }
  return shown;
}

void show(const Shown& shown) {
  fs::path target = newRoot + shown.path.string();
  fs::create_directories(target.parent_path());
  if (shown.descriptor < 0)
    return fs::create_symlink(fs::read_symlink(shown.path), target);
  struct stat state;
  require(fstat(shown.descriptor, &state) == 0, shown.path);
  if (S_ISDIR(state.st_mode))
    fs::create_directories(target);
  else
    close(open(target.c_str(), O_CREAT | O_CLOEXEC, 0600));
  std::string source = "/proc/self/fd/" + std::to_string(shown.descriptor);
  require(mount(source.c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0,
          "binding " + shown.path.string());
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID;
  require(syscall(SYS_mount_setattr, AT_FDCWD, target.c_str(), AT_RECURSIVE, &attributes,
                  sizeof attributes) == 0,
          "making " + shown.path.string() + " read-only");
  close(shown.descriptor);
}

void mountMemory(const std::string& at, const char* options) {
  require(mount("tmpfs", at.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options) == 0,
          "a file system in memory at " + at);
}

void changeRoot(const std::vector<std::string>& folders) {
  require(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "private mounts");
  std::vector<Shown> shown = openShown(folders);
  mountMemory(newRoot, "size=1m,mode=755");
  const std::string free = newRoot + std::string("/tmp");
  fs::create_directories(free);
  mountMemory(free, "size=64m,mode=1777");
  for (const Shown& each : shown) // perhaps below it
    show(each);
  require(chdir(newRoot) == 0 && syscall(SYS_pivot_root, ".", ".") == 0 &&
              umount2(".", MNT_DETACH) == 0 && chdir("/") == 0,
          "changing the root");
  require(mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV,
                nullptr) == 0,
          "making the root read-only");
}

void dropCapabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2]{};
  require(syscall(SYS_capset, &header, none) == 0, "dropping capabilities");
}

} // namespace

void enterSandbox(Sandbox sandbox, const std::vector<std::string>& folders) {
  if (sandbox == Sandbox::full) {
    enterNamespaces();
    try {
      changeRoot(folders);
    } catch (const fs::filesystem_error& error) {
      errno = error.code().value();
      refused(error.what());
    }
    dropCapabilities();
  }
  filterSystemCalls(sandbox);
}

} // namespace roam::peer
