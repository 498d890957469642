// Limits are those of the kernel (setrlimit), so that nothing has to watch: what runs out is an
// error where it is asked for, as std::bad_alloc.
#include "runtime/peer/confinement.h"
#include "runtime/peer/sandbox.h"
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <string>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <system_error>
#include <unistd.h>

namespace roam::peer {
namespace {

void limit(__rlimit_resource which, rlim_t value, const char* what) {
  rlimit now{};
  if (getrlimit(which, &now) == 0)
    value = std::min(value, now.rlim_max);
  rlimit wanted{value, value};
  if (setrlimit(which, &wanted) != 0)
    throw std::system_error(errno, std::generic_category(), what);
}

/// If the kernel needs memory and has none: no privilege is needed to be picked first.
void goBeforeSupervisor() {
  int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0)
    return; // without /proc nobody is told apart
  (void)!write(file, "500", 3);
  close(file);
}

} // namespace

void confine(const Allowance& allowance, const std::vector<std::string>& folders) {
  const std::size_t own = memoryAllocated(getpid()); // a sandbox has no /proc
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    throw std::system_error(errno, std::generic_category(), "can't give up new privileges");
  // Not 0: that still starts a program that takes core dumps (core_pattern with a pipe).
  limit(RLIMIT_CORE, 1, "can't switch off core dumps");
  goBeforeSupervisor();
  if (allowance.sandbox != Sandbox::none)
    enterSandbox(allowance.sandbox, folders);
  // Besides the lifeline, which code may disturb. New credentials would have cleared it.
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  // Data, not addresses (RLIMIT_AS): the memory shared with the supervisor is large and mostly
  // untouched, and sanitizers reserve terabytes.
  if (allowance.memory != 0)
    limit(RLIMIT_DATA, own + allowance.memory, "can't limit its memory");
  if (allowance.files != 0)
    limit(RLIMIT_NOFILE, allowance.files, "can't limit its open files");
  if (allowance.processes != 0)
    limit(RLIMIT_NPROC, allowance.processes, "can't limit its processes");
}

std::size_t memoryAllocated(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/status");
  for (std::string word; file >> word;)
    if (std::size_t kilobytes = 0; word == "VmData:" && file >> kilobytes)
      return kilobytes << 10;
  return 0;
}

std::uint64_t halfOfMemory() {
  std::uint64_t bytes = std::uint64_t(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  if (std::uint64_t group = 0; std::ifstream("/sys/fs/cgroup/memory.max") >> group && group != 0)
    bytes = std::min(bytes, group);
  return bytes / 2;
}

} // namespace roam::peer
