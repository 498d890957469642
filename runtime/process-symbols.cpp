// Dynamic symbol tables are searched where the loader put them, by their GNU hash table, instead of
// through dlsym: it would find what the executable has copied, and call the resolvers of ifuncs.
// https://sourceware.org/gnu-gabi/program-loading-and-dynamic-linking.txt
#include "runtime/process-symbols.h"
#include <algorithm>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <fstream>
#include <link.h>
#include <string_view>
#include <utility>
#include <vector>

namespace roam {
namespace {

constexpr std::string_view baseLibraries[] = {"libc.so.6",
                                              "libm.so.6",
                                              "libstdc++.so.6",
                                              "libgcc_s.so.1",
                                              "libpthread.so.0",
                                              "libdl.so.2",
                                              "librt.so.1",
                                              "libresolv.so.2",
                                              "ld-linux-x86-64.so.2",
                                              "libutil.so.1",
                                              "ld-linux-aarch64.so.1"};

/// What the dynamic section of a loaded object says.
struct DynamicSection {
  const ElfW(Sym) * symbols = nullptr;
  const char* strings = nullptr;
  const std::uint32_t* hash = nullptr;
  std::size_t soname = 0;

  explicit DynamicSection(const dl_phdr_info& object) {
    for (int i = 0; i < object.dlpi_phnum; ++i)
      if (object.dlpi_phdr[i].p_type == PT_DYNAMIC)
        read(reinterpret_cast<const ElfW(Dyn)*>(object.dlpi_addr + object.dlpi_phdr[i].p_vaddr),
             object.dlpi_addr);
  }
  bool isComplete() const { return symbols && strings && hash; }

  bool defines(const char* name) const {
    std::uint32_t wanted = 5381;
    for (const char* c = name; *c; ++c)
      wanted = wanted * 33 + static_cast<unsigned char>(*c);
    std::uint32_t bucketCount = hash[0], first = hash[1], bloomWords = hash[2];
    const std::uint32_t* buckets = hash + 4 + bloomWords * (sizeof(ElfW(Addr)) / 4);
    const std::uint32_t* chain = buckets + bucketCount;
    if (bucketCount == 0)
      return false;
    std::uint32_t at = buckets[wanted % bucketCount];
    if (at < first)
      return false;
    for (;; ++at) {
      std::uint32_t found = chain[at - first];
      if ((found | 1) == (wanted | 1) && symbols[at].st_shndx != SHN_UNDEF &&
          std::strcmp(strings + symbols[at].st_name, name) == 0)
        return true;
      if (found & 1)
        return false;
    }
  }

 private:
  void read(const ElfW(Dyn) * entry, ElfW(Addr) base) {
    // The loader has made addresses of the offsets, except where it may not write (the vdso).
    auto address = [base](ElfW(Addr) value) { return value < base ? value + base : value; };
    for (; entry->d_tag != DT_NULL; ++entry)
      if (entry->d_tag == DT_SYMTAB)
        symbols = reinterpret_cast<const ElfW(Sym)*>(address(entry->d_un.d_ptr));
      else if (entry->d_tag == DT_STRTAB)
        strings = reinterpret_cast<const char*>(address(entry->d_un.d_ptr));
      else if (entry->d_tag == DT_GNU_HASH)
        hash = reinterpret_cast<const std::uint32_t*>(address(entry->d_un.d_ptr));
      else if (entry->d_tag == DT_SONAME)
        soname = entry->d_un.d_val;
  }
};

struct Search {
  const char* symbol;
  bool isProgram = true; ///< the first object of the list
  std::optional<DefiningLibrary> found = std::nullopt;
};

int lookInto(dl_phdr_info* object, std::size_t, void* argument) {
  auto& search = *static_cast<Search*>(argument);
  if (std::exchange(search.isProgram, false))
    return 0;
  DynamicSection dynamic(*object);
  if (!dynamic.isComplete() || !dynamic.defines(search.symbol))
    return 0;
  std::string_view path = object->dlpi_name;
  std::string name(dynamic.soname ? std::string_view(dynamic.strings + dynamic.soname)
                                  : path.substr(path.rfind('/') + 1));
  bool isBase = isBaseLibrary(name);
  if (isBase || !search.found)
    search.found = DefiningLibrary{name, isBase};
  return isBase;
}

// --- files --------------------------------------------------------------------------------------

template <class T>
bool readAt(std::ifstream& file, std::uint64_t offset, T* values, std::size_t count) {
  return file.seekg(static_cast<std::streamoff>(offset)) &&
         file.read(reinterpret_cast<char*>(values),
                   static_cast<std::streamsize>(count * sizeof(T)));
}

std::vector<ElfW(Shdr)> sectionsOf(std::ifstream& file) {
  ElfW(Ehdr) header;
  if (!readAt(file, 0, &header, 1) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_shentsize != sizeof(ElfW(Shdr)))
    return {};
  std::vector<ElfW(Shdr)> sections(header.e_shnum);
  return readAt(file, header.e_shoff, sections.data(), sections.size()) ? sections
                                                                        : decltype(sections)();
}

/// Calls visit(symbol, name) for the definitions in the full symbol table, until it returns true.
template <class Visit>
bool anySymbol(const char* path, const Visit& visit) {
  std::ifstream file(path, std::ios::binary);
  auto sections = sectionsOf(file);
  for (const ElfW(Shdr) & section : sections) {
    if (section.sh_type != SHT_SYMTAB || section.sh_link >= sections.size())
      continue;
    const ElfW(Shdr)& names = sections[section.sh_link];
    std::vector<ElfW(Sym)> symbols(section.sh_size / sizeof(ElfW(Sym)));
    std::string strings(names.sh_size, '\0');
    if (!readAt(file, section.sh_offset, symbols.data(), symbols.size()) ||
        !readAt(file, names.sh_offset, strings.data(), strings.size()))
      return false;
    for (const ElfW(Sym) & one : symbols)
      if (one.st_shndx != SHN_UNDEF && one.st_name < strings.size() &&
          visit(one, strings.c_str() + one.st_name))
        return true;
  }
  return false;
}

bool fileDefines(const char* path, const std::string& symbol) {
  return anySymbol(path, [&](const ElfW(Sym)&, const char* name) { return symbol == name; });
}

} // namespace

bool isBaseLibrary(std::string_view soname) {
  return std::ranges::find(baseLibraries, soname) != std::end(baseLibraries);
}

std::optional<DefiningLibrary> libraryThatDefines(const std::string& symbol) {
  Search search{symbol.c_str()};
  dl_iterate_phdr(lookInto, &search);
  return search.found;
}

bool isLinkedInto(const void* address, const std::string& symbol) {
  Dl_info object;
  return (dladdr(address, &object) != 0 && fileDefines(object.dli_fname, symbol)) ||
         fileDefines("/proc/self/exe", symbol);
}

std::optional<std::string> symbolAt(const void* address) {
  Dl_info object;
  link_map* loaded = nullptr;
  if (dladdr1(address, &object, reinterpret_cast<void**>(&loaded), RTLD_DL_LINKMAP) == 0)
    return std::nullopt;
  if (object.dli_saddr == address && object.dli_sname != nullptr)
    return object.dli_sname;
  bool isProgram = loaded->l_name == nullptr || *loaded->l_name == 0;
  ElfW(Addr) value = reinterpret_cast<ElfW(Addr)>(address) - loaded->l_addr;
  std::optional<std::string> found;
  anySymbol(isProgram ? "/proc/self/exe" : loaded->l_name,
            [&](const ElfW(Sym) & symbol, const char* name) {
              if (symbol.st_value == value && ELF64_ST_TYPE(symbol.st_info) == STT_FUNC &&
                  ELF64_ST_BIND(symbol.st_info) == STB_GLOBAL)
                found = name;
              return found.has_value();
            });
  return found;
}

} // namespace roam
