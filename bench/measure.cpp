#include "bench/measure.h"
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <unistd.h>

namespace roam::bench {
namespace {

struct ProcessTime {
  int parent = 0;
  double seconds = 0;
};

/// From /proc/PID/stat: the parent and the time of the process and of the children it has waited
/// for.
ProcessTime readProcess(const std::filesystem::path& folder) {
  std::ifstream file(folder / "stat");
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  ProcessTime process;
  auto end = text.rfind(')'); // the name before it may hold anything
  if (end == std::string::npos)
    return process;
  long long user, system, childrenUser, childrenSystem;
  if (std::sscanf(text.c_str() + end + 1,
                  " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld %lld %lld",
                  &process.parent, &user, &system, &childrenUser, &childrenSystem) == 5)
    process.seconds =
        double(user + system + childrenUser + childrenSystem) / double(sysconf(_SC_CLK_TCK));
  return process;
}

/// The process and all its living descendants, by their numbers.
std::map<int, ProcessTime> familyOf(int ancestor) {
  std::map<int, ProcessTime> all, family;
  for (auto& entry : std::filesystem::directory_iterator("/proc"))
    if (int id = std::atoi(entry.path().filename().c_str()); id > 0)
      all[id] = readProcess(entry.path());
  family[ancestor] = all[ancestor];
  for (bool grew = true; grew;) {
    grew = false;
    for (auto& [id, process] : all)
      if (family.count(process.parent) && family.emplace(id, process).second)
        grew = true;
  }
  return family;
}

} // namespace

double processorSeconds() {
  double seconds = 0;
  for (auto& [id, process] : familyOf(getpid()))
    seconds += process.seconds;
  return seconds;
}

std::uint64_t memoryOf(pid_t process) {
  std::uint64_t bytes = 0;
  for (auto& [id, member] : familyOf(process)) {
    std::ifstream file("/proc/" + std::to_string(id) + "/smaps_rollup");
    for (std::string line; std::getline(file, line);)
      if (unsigned long kilobytes; std::sscanf(line.c_str(), "Pss: %lu kB", &kilobytes) == 1)
        bytes += kilobytes * 1024;
  }
  return bytes;
}

void print(const std::string& name, double value, const char* unit) {
  std::printf("%s %.4g %s\n", name.c_str(), value, unit);
  std::fflush(stdout);
}

void require(bool right, const char* what) {
  if (right)
    return;
  std::fprintf(stderr, "wrong result: %s\n", what);
  std::exit(3);
}

} // namespace roam::bench
