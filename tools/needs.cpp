// Needs are followed as when a closure is sent: functions of other files have needs of their own.
#include "tools/needs.h"
#include "jit/slice/peer-symbols.h"
#include <cstring>
#include <deque>
#include <elf.h>
#include <fcntl.h>
#include <fstream>
#include <kj/io.h>
#include <span>
#include <spawn.h>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

namespace roam::tools {
namespace {

#if defined(__aarch64__)
constexpr const char* loader = "/lib/ld-linux-aarch64.so.1";
#else
constexpr const char* loader = "/lib64/ld-linux-x86-64.so.2";
#endif

struct Library {
  std::string name, path;
};

/// What `loader --list` prints; nothing of what is no program.
std::string listed(const std::string& path) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return {};
  kj::AutoCloseFd from(ends[0]), to(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to.get(), STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::string whole = path.find('/') == std::string::npos ? "./" + path : path;
  std::string words[] = {loader, "--list", whole};
  char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  pid_t process;
  int failure = posix_spawn(&process, loader, &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  to = nullptr;
  if (failure != 0)
    return {};
  std::string text;
  char buffer[4096];
  for (ssize_t got; (got = read(from.get(), buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(got));
  int status;
  waitpid(process, &status, 0);
  return text;
}

/// From lines like "libz.so.1 => /lib/x86_64-linux-gnu/libz.so.1 (0x00007f...)".
std::vector<Library> librariesOf(const std::string& path) {
  std::vector<Library> libraries;
  std::istringstream lines(listed(path));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name, arrow, file;
    if (words >> name >> arrow >> file && arrow == "=>" && file.starts_with('/'))
      libraries.push_back({name, file});
  }
  return libraries;
}

template <class T>
std::span<const T> tableAt(const std::string& file, std::uint64_t offset, std::uint64_t count) {
  if (offset > file.size() || count > (file.size() - offset) / sizeof(T) || offset % alignof(T))
    return {};
  return {reinterpret_cast<const T*>(file.data() + offset), static_cast<std::size_t>(count)};
}

/// Calls `defined` with each name that the shared library defines.
template <class Function>
void forEachSymbol(const std::string& path, Function&& defined) {
  std::ifstream stream(path, std::ios::binary);
  std::string file{std::istreambuf_iterator<char>(stream), {}};
  auto header = tableAt<Elf64_Ehdr>(file, 0, 1);
  if (header.empty() || std::memcmp(header[0].e_ident, ELFMAG, SELFMAG) != 0)
    return;
  auto sections = tableAt<Elf64_Shdr>(file, header[0].e_shoff, header[0].e_shnum);
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_type != SHT_DYNSYM || section.sh_link >= sections.size())
      continue;
    const Elf64_Shdr& names = sections[section.sh_link];
    auto text = tableAt<char>(file, names.sh_offset, names.sh_size);
    if (text.empty() || text.back() != '\0')
      continue;
    for (const Elf64_Sym& symbol :
         tableAt<Elf64_Sym>(file, section.sh_offset, section.sh_size / sizeof(Elf64_Sym)))
      if (symbol.st_shndx != SHN_UNDEF && symbol.st_name < text.size())
        defined(text.data() + symbol.st_name);
  }
}

} // namespace

ProgramSymbols::ProgramSymbols(const std::string& path, std::string_view file)
    : defined_(readDefinedFunctions(file)) {
  for (ManifestEntry& function : readFunctions(file)) {
    std::string symbol = function.description.symbol;
    functions_.emplace(std::move(symbol), std::move(function));
  }
  for (const Library& library : librariesOf(path))
    forEachSymbol(library.path,
                  [&](const char* symbol) { libraries_.emplace(symbol, library.name); });
}

FoundNeeds ProgramSymbols::find(const ManifestEntry& entry) const {
  FoundNeeds found;
  std::set<std::string> asked(entry.needs.begin(), entry.needs.end());
  std::deque<std::string> open(entry.needs.begin(), entry.needs.end());
  for (; !open.empty(); open.pop_front()) {
    const std::string& symbol = open.front();
    if (auto function = functions_.find(symbol); function != functions_.end()) {
      const std::string& refusal = function->second.description.refusal;
      if (!refusal.empty()) {
        found.refused[symbol] = refusal;
        continue;
      }
      ++found.functions;
      found.bytes += function->second.slice.size();
      for (const std::string& further : function->second.needs)
        if (asked.insert(further).second)
          open.push_back(further);
    } else if (auto library = libraries_.find(symbol); library != libraries_.end()) {
      found.libraries.insert(library->second); // also where the program has its own, like malloc
    } else if (defined_.contains(symbol)) {
      found.refused[symbol] = "no code in this file; it was compiled without Roam's plugin";
    } else if (!libraries_.empty() && !everyPeerDefines(symbol)) {
      found.refused[symbol] = "neither in this file nor in a shared library that it needs";
    }
  }
  return found;
}

} // namespace roam::tools
