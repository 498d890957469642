// Writing and reading a peer's file, and looking whether its process still runs.
#include "net/discovery/registry-file.h"
#include "net/limits.h"
#include <charconv>
#include <csignal>
#include <ctime>
#include <fstream>
#include <iterator>
#include <sstream>
#include <unistd.h>

namespace roam::net {
namespace {

constexpr std::string_view hex = "0123456789ABCDEF";

/// "" if there is no such file.
std::string firstLine(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string thisMachine() {
  char space[64] = {};
  if (readlink("/proc/self/ns/pid", space, sizeof space - 1) < 0)
    return "";
  return firstLine("/proc/sys/kernel/random/boot_id") + " " + space;
}

/// Field 22 of /proc/PID/stat; 0 if there is no such process.
unsigned long long ticksOf(pid_t process) {
  std::string line = firstLine(("/proc/" + std::to_string(process) + "/stat").c_str());
  auto name = line.rfind(") "); // the name before it may have blanks and brackets
  if (name == std::string::npos)
    return 0;
  std::istringstream fields(line.substr(name + 2));
  std::string field;
  for (int i = 3; i <= 22; ++i) // the first two were the number and the name
    fields >> field;
  return std::strtoull(field.c_str(), nullptr, 10);
}

std::string now() {
  std::time_t seconds = std::time(nullptr);
  std::tm parts = {};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string hostName() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "";
}

/// "%2F" for a slash. Bytes that stand for themselves in every shell and file system are left.
bool isPlain(char c, bool first) {
  constexpr std::string_view signs = ":_-[]";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         signs.find(c) != std::string_view::npos || (c == '.' && !first);
}

} // namespace

RegistryFile RegistryFile::ofThisProcess(std::string cluster) {
  pid_t process = getpid();
  return {hostName(), now(), std::move(cluster), thisMachine(), process, ticksOf(process)};
}

std::string RegistryFile::text() const {
  std::ostringstream out;
  out << "host " << host << "\nstarted " << started << "\ncluster " << cluster << "\nmachine "
      << machine << "\nprocess " << process << " " << ticks << "\n";
  return out.str();
}

std::optional<RegistryFile> RegistryFile::parse(std::string_view text) {
  if (text.size() > limits::registryFileBytes || text.find('\0') != std::string_view::npos)
    return std::nullopt;
  RegistryFile file;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key;
    words >> key >> std::ws;
    if (key == "process")
      words >> file.process >> file.ticks;
    else if (key == "host")
      std::getline(words, file.host);
    else if (key == "started")
      std::getline(words, file.started);
    else if (key == "cluster")
      std::getline(words, file.cluster);
    else if (key == "machine")
      std::getline(words, file.machine);
  }
  if (file.host.empty() || file.started.empty() || file.cluster.empty())
    return std::nullopt;
  return file;
}

bool RegistryFile::isStale() const {
  if (process <= 0 || machine.empty() || machine != thisMachine())
    return false;
  unsigned long long runs = ticksOf(process);
  if (runs == 0)
    return kill(process, 0) != 0 && errno == ESRCH; // not just hidden from us
  return runs != ticks;
}

std::string registryName(std::string_view address) {
  std::string name;
  for (char c : address) {
    if (isPlain(c, name.empty()))
      name += c;
    else
      name += {'%', hex[static_cast<unsigned char>(c) >> 4], hex[c & 15]};
  }
  return name;
}

std::optional<std::string> addressOfName(std::string_view name) {
  std::string address;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] != '%') {
      address += name[i];
      continue;
    }
    auto high = i + 2 < name.size() ? hex.find(name[i + 1]) : std::string_view::npos;
    auto low = i + 2 < name.size() ? hex.find(name[i + 2]) : std::string_view::npos;
    if (high == std::string_view::npos || low == std::string_view::npos)
      return std::nullopt;
    address += char(high << 4 | low);
    i += 2;
  }
  if (registryName(address) != name) // of two names for one address, one is wrong
    return std::nullopt;
  return address;
}

} // namespace roam::net
