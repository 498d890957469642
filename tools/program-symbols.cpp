// Reads what the loader and the dynamic symbol tables of libraries say. Libraries count in the
// order in which a process loads them, as in runtime/process-symbols.
#include "tools/program-symbols.h"
#include "tools/child-program.h"
#include "tools/files.h"
#include <cstring>
#include <elf.h>
#include <filesystem>
#include <span>
#include <sstream>
#include <vector>

namespace roam::tools {
namespace {

#if defined(__aarch64__)
constexpr const char* loader = "/lib/ld-linux-aarch64.so.1";
#else
constexpr const char* loader = "/lib64/ld-linux-x86-64.so.2";
#endif

/// What `loader --list` prints; nothing of what is no program.
std::string listed(const std::string& path) {
  constexpr int mostSeconds = 30;
  std::string whole = path.find('/') == std::string::npos ? "./" + path : path;
  return runChild({loader, "--list", whole}, "", mostSeconds).output;
}

/// The paths in lines like "libz.so.1 => /lib/x86_64-linux-gnu/libz.so.1 (0x00007f...)", or
/// "/lib64/ld-linux-x86-64.so.2 (0x00007f...)".
std::vector<std::string> librariesOf(const std::string& path) {
  std::vector<std::string> libraries;
  std::istringstream lines(listed(path));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    for (std::string word; words >> word;)
      if (word.starts_with('/')) {
        libraries.push_back(word);
        break;
      }
  }
  return libraries;
}

template <class T>
std::span<const T> tableAt(std::string_view file, std::uint64_t offset, std::uint64_t count) {
  if (offset > file.size() || count > (file.size() - offset) / sizeof(T) || offset % alignof(T))
    return {};
  return {reinterpret_cast<const T*>(file.data() + offset), static_cast<std::size_t>(count)};
}

/// What the section headers of an ELF file lead to.
class DynamicTables {
 public:
  explicit DynamicTables(std::string_view file) : file_(file) {
    auto header = tableAt<Elf64_Ehdr>(file, 0, 1);
    if (header.empty() || std::memcmp(header[0].e_ident, ELFMAG, SELFMAG) != 0)
      return;
    sections_ = tableAt<Elf64_Shdr>(file, header[0].e_shoff, header[0].e_shnum);
    for (auto& segment : tableAt<Elf64_Phdr>(file, header[0].e_phoff, header[0].e_phnum))
      isProgram_ = isProgram_ || segment.p_type == PT_INTERP;
    isLibrary_ = header[0].e_type == ET_DYN && !isProgram_;
  }

  /// True for what programs load, and don't start.
  bool isLibrary() const { return isLibrary_; }

  /// Empty if it has none.
  std::string soname() const {
    std::string found;
    forEach<Elf64_Dyn>(SHT_DYNAMIC, [&](const Elf64_Dyn& item, std::span<const char> names) {
      if (item.d_tag == DT_SONAME && item.d_un.d_val < names.size())
        found = names.data() + item.d_un.d_val;
    });
    return found;
  }

  /// Calls `defined` with each name that it defines for others.
  template <class Function>
  void forEachSymbol(Function&& defined) const {
    forEach<Elf64_Sym>(SHT_DYNSYM, [&](const Elf64_Sym& symbol, std::span<const char> names) {
      if (symbol.st_shndx != SHN_UNDEF && symbol.st_name < names.size())
        defined(names.data() + symbol.st_name);
    });
  }

 private:
  /// Calls visit(item, names) for the tables of one type of section; the names end with a NUL.
  template <class T, class Visit>
  void forEach(unsigned type, Visit&& visit) const {
    for (const Elf64_Shdr& section : sections_) {
      if (section.sh_type != type || section.sh_link >= sections_.size())
        continue;
      const Elf64_Shdr& names = sections_[section.sh_link];
      auto text = tableAt<char>(file_, names.sh_offset, names.sh_size);
      if (text.empty() || text.back() != '\0')
        continue;
      for (const T& item : tableAt<T>(file_, section.sh_offset, section.sh_size / sizeof(T)))
        visit(item, text);
    }
  }

  std::string_view file_;
  std::span<const Elf64_Shdr> sections_;
  bool isProgram_ = false, isLibrary_ = false;
};

} // namespace

ProgramSymbols::ProgramSymbols(const std::string& path, std::string_view file) {
  addFunctions(file);
  if (DynamicTables(file).isLibrary())
    addLibrary(path, file);
  for (const std::string& library : librariesOf(path))
    addLibrary(library, readFile(library));
}

ProgramSymbols::ProgramSymbols(std::span<const std::string> objects) {
  for (const std::string& object : objects)
    addFunctions(object);
  for (const std::string& library : librariesOf(std::filesystem::read_symlink("/proc/self/exe")))
    if (isBaseLibrary(library.substr(library.rfind('/') + 1)))
      addLibrary(library, readFile(library));
}

void ProgramSymbols::addFunctions(std::string_view file) {
  defined_.merge(readDefinedFunctions(file));
  for (ManifestEntry& function : readFunctions(file)) {
    std::string symbol = function.description.symbol;
    functions_.emplace(std::move(symbol), std::move(function));
  }
}

/// A base library counts before all others, else the first.
void ProgramSymbols::addLibrary(const std::string& path, std::string_view file) {
  DynamicTables tables(file);
  std::string soname = tables.soname();
  if (soname.empty())
    soname = path.substr(path.rfind('/') + 1);
  DefiningLibrary library{soname, isBaseLibrary(soname)};
  tables.forEachSymbol([&](const char* symbol) {
    auto [known, isNew] = libraries_.try_emplace(symbol, library);
    if (!isNew && library.isBase && !known->second.isBase)
      known->second = library;
  });
}

std::optional<ManifestEntry> ProgramSymbols::function(const std::string& symbol) const {
  auto found = functions_.find(symbol);
  return found == functions_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<DefiningLibrary> ProgramSymbols::library(const std::string& symbol) const {
  auto found = libraries_.find(symbol);
  return found == libraries_.end() ? std::nullopt : std::optional(found->second);
}

} // namespace roam::tools
