// Reads manifests: a record of this process, which is trusted, and ELF files, which are not.
//
// In an executable or shared object the linker has fixed a record's distances between virtual
// addresses; the section headers say where those lie in the file. In a relocatable object they are
// relocations (R_X86_64_PC64) still; its sections get their file offsets as addresses here, the
// relocations are applied to a copy of the record, and the rest is the same.
#include "jit/slice/manifest.h"
#include <cstring>
#include <elf.h>
#include <optional>
#include <span>
#include <stdexcept>

namespace roam {
namespace {

#if defined(__x86_64__)
constexpr Elf64_Half machine = EM_X86_64;
constexpr Elf64_Xword distanceRelocation = R_X86_64_PC64;
#elif defined(__aarch64__)
constexpr Elf64_Half machine = EM_AARCH64;
constexpr Elf64_Xword distanceRelocation = R_AARCH64_PREL64;
#endif

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error("can't read the manifest: " + what);
}

std::vector<std::string> splitNeeds(std::string_view names) {
  std::vector<std::string> needs;
  while (!names.empty()) {
    std::size_t end = names.find('\0');
    if (end == std::string_view::npos)
      fail("the list of needed symbols does not end with a NUL");
    needs.emplace_back(names.substr(0, end));
    names.remove_prefix(end + 1);
  }
  return needs;
}

/// A bounds-checked view of an ELF file.
class ElfFile {
 public:
  explicit ElfFile(std::string_view file) : file_(file) {
    readHeader();
    readSections();
  }

  /// Those with this name; an object has one a record.
  std::vector<std::size_t> sectionsNamed(std::string_view name) const {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < sections_.size(); ++i)
      if (nameOf(sections_[i]) == name)
        found.push_back(i);
    return found;
  }

  std::string_view nameOf(const Elf64_Shdr& section) const {
    if (section.sh_name >= names_.size())
      return {};
    std::string_view rest = names_.substr(section.sh_name);
    return rest.substr(0, rest.find('\0'));
  }

  const Elf64_Shdr& section(std::size_t index) const { return sections_[index]; }
  bool relocatable() const { return header_.e_type == ET_REL; }

  std::string_view contents(const Elf64_Shdr& section) const {
    if (section.sh_type == SHT_NOBITS)
      fail("section '" + std::string(nameOf(section)) +
           "' has no bytes in the file (was it "
           "written by objcopy --only-keep-debug?)");
    return bytes(section.sh_offset, section.sh_size, "a section");
  }

  /// Where the section is in the memory of the program; in an object, where it is in the file.
  std::uint64_t addressOf(const Elf64_Shdr& section) const {
    return relocatable() ? section.sh_offset : section.sh_addr;
  }

  /// The `index`th element of a section's table.
  template <class T>
  T element(const Elf64_Shdr& table, std::uint64_t index) const {
    std::string_view all = contents(table);
    if (index >= all.size() / sizeof(T))
      fail("an index points outside its table");
    T value;
    std::memcpy(&value, all.data() + index * sizeof(T), sizeof(T));
    return value;
  }

  std::size_t sectionCount() const { return sections_.size(); }

 private:
  std::string_view bytes(std::uint64_t offset, std::uint64_t size, const char* what) const {
    if (offset > file_.size() || size > file_.size() - offset)
      fail(std::string(what) + " lies outside the file: it is cut short or damaged");
    return file_.substr(offset, size);
  }

  template <class T>
  T read(std::uint64_t offset, const char* what) const {
    T value;
    std::memcpy(&value, bytes(offset, sizeof(T), what).data(), sizeof(T));
    return value;
  }

  void readHeader() {
    if (file_.size() < SELFMAG || std::memcmp(file_.data(), ELFMAG, SELFMAG) != 0)
      fail("this is not an ELF file");
    header_ = read<Elf64_Ehdr>(0, "the ELF header");
    if (header_.e_ident[EI_CLASS] != ELFCLASS64 || header_.e_ident[EI_DATA] != ELFDATA2LSB ||
        header_.e_machine != machine)
      fail("the file is for another kind of machine (ELF machine " +
           std::to_string(header_.e_machine) + ", " + std::to_string(machine) + " here)");
    if (header_.e_type != ET_EXEC && header_.e_type != ET_DYN && header_.e_type != ET_REL)
      fail("the file is neither an executable nor a shared object nor a relocatable object");
    if (header_.e_shoff == 0)
      fail("the section headers were stripped (sstrip?); strip(1) leaves them in place");
    if (header_.e_shentsize != sizeof(Elf64_Shdr))
      fail("the section headers have an unknown size");
  }

  void readSections() {
    // Counts that do not fit the header are kept in the first section header (ELF, "Sections").
    auto first = read<Elf64_Shdr>(header_.e_shoff, "the first section header");
    std::uint64_t count = header_.e_shnum ? header_.e_shnum : first.sh_size;
    if (count == 0 || count > file_.size() / sizeof(Elf64_Shdr))
      fail("there are no section headers, or more than fit the file");
    std::string_view table =
        bytes(header_.e_shoff, count * sizeof(Elf64_Shdr), "the table of section headers");
    sections_.resize(count);
    std::memcpy(sections_.data(), table.data(), table.size());
    std::uint64_t names = header_.e_shstrndx == SHN_XINDEX ? first.sh_link : header_.e_shstrndx;
    if (names >= count)
      fail("the section with the names of the sections does not exist");
    names_ = contents(sections_[names]);
  }

  std::string_view file_, names_;
  Elf64_Ehdr header_{};
  std::vector<Elf64_Shdr> sections_;
};

/// Writes the distances of an object's registry section, as a linker would, into a copy of its
/// bytes.
void relocate(const ElfFile& file, std::size_t registry, std::string& records) {
  for (std::size_t i = 0; i < file.sectionCount(); ++i) {
    const Elf64_Shdr& relocations = file.section(i);
    if (relocations.sh_type != SHT_RELA || relocations.sh_info != registry)
      continue;
    if (relocations.sh_link >= file.sectionCount())
      fail("relocations name a symbol table that does not exist");
    const Elf64_Shdr& symbols = file.section(relocations.sh_link);
    std::uint64_t count = file.contents(relocations).size() / sizeof(Elf64_Rela);
    for (std::uint64_t k = 0; k < count; ++k) {
      auto relocation = file.element<Elf64_Rela>(relocations, k);
      auto symbol = file.element<Elf64_Sym>(symbols, ELF64_R_SYM(relocation.r_info));
      if (ELF64_R_TYPE(relocation.r_info) != distanceRelocation || symbol.st_shndx == SHN_UNDEF ||
          symbol.st_shndx >= file.sectionCount())
        fail("a record of this relocatable object is relocated in an unknown way; link it first");
      if (relocation.r_offset > records.size() ||
          records.size() - relocation.r_offset < sizeof(std::uint64_t))
        fail("a relocation points outside the section with the records");
      std::uint64_t target = file.addressOf(file.section(symbol.st_shndx)) + symbol.st_value;
      std::uint64_t place = file.addressOf(file.section(registry)) + relocation.r_offset;
      std::uint64_t distance = target + static_cast<std::uint64_t>(relocation.r_addend) - place;
      std::memcpy(records.data() + relocation.r_offset, &distance, sizeof distance);
    }
  }
}

/// Reads the records of one registry section.
class RegistryReader {
 public:
  RegistryReader(const ElfFile& file, std::span<const std::size_t> code)
      : file_(file), code_(code) {}

  void read(std::size_t registry, std::vector<ManifestEntry>& entries) const {
    const Elf64_Shdr& section = file_.section(registry);
    std::string records(file_.contents(section));
    if (records.size() % sizeof(EntryRecord) != 0)
      fail("the section " + std::string(file_.nameOf(section)) +
           " is not a whole number of records");
    if (file_.relocatable())
      relocate(file_, registry, records);
    for (std::size_t at = 0; at < records.size(); at += sizeof(EntryRecord)) {
      EntryRecord record;
      std::memcpy(&record, records.data() + at, sizeof record);
      entries.push_back(entryOf(record, file_.addressOf(section) + at));
    }
  }

 private:
  ManifestEntry entryOf(const EntryRecord& record, std::uint64_t address) const {
    ManifestEntry entry;
    entry.digest = *Digest::fromBytes(std::as_bytes(std::span(record.digest)));
    std::string name = "entry " + entry.digest.shortened();
    entry.slice = target(address, record.slice, record.sliceSize, name);
    if (Digest::of(entry.slice) != entry.digest)
      fail("the slice of " + name + " is not what its digest says: the file is damaged");
    entry.needs = splitNeeds(target(address, record.needs, record.needsSize, name));
    entry.description =
        Description::parse(target(address, record.description, record.descriptionSize, name));
    return entry;
  }

  std::string_view target(std::uint64_t record, std::int64_t distance, std::uint64_t size,
                          const std::string& name) const {
    if (size == 0)
      return {};
    std::uint64_t address = record + static_cast<std::uint64_t>(distance);
    for (std::size_t index : code_) {
      const Elf64_Shdr& section = file_.section(index);
      std::uint64_t offset = address - file_.addressOf(section);
      if (address >= file_.addressOf(section) && offset <= section.sh_size &&
          size <= section.sh_size - offset)
        return file_.contents(section).substr(offset, size);
    }
    fail("the record of " + name + " points outside the section " + codeSection);
  }

  const ElfFile& file_;
  std::span<const std::size_t> code_;
};

std::vector<ManifestEntry> readSections(std::string_view bytes, const char* name) {
  ElfFile file(bytes);
  auto code = file.sectionsNamed(codeSection);
  RegistryReader reader(file, code);
  std::vector<ManifestEntry> entries;
  for (std::size_t registry : file.sectionsNamed(name))
    reader.read(registry, entries);
  return entries;
}

} // namespace

ManifestEntry readRecord(const EntryRecord& record) {
  auto target = [&](std::int64_t distance, std::uint64_t size) {
    return std::string_view(reinterpret_cast<const char*>(&record) + distance, size);
  };
  ManifestEntry entry;
  entry.digest = *Digest::fromBytes(std::as_bytes(std::span(record.digest)));
  entry.slice = target(record.slice, record.sliceSize);
  entry.needs = splitNeeds(target(record.needs, record.needsSize));
  entry.description = Description::parse(target(record.description, record.descriptionSize));
  return entry;
}

std::vector<ManifestEntry> readManifest(std::string_view file) {
  return readSections(file, registrySection);
}

std::vector<ManifestEntry> readFunctions(std::string_view file) {
  return readSections(file, functionsSection);
}

std::set<std::string> readDefinedFunctions(std::string_view bytes) {
  ElfFile file(bytes);
  std::set<std::string> names;
  for (std::size_t i = 0; i < file.sectionCount(); ++i) {
    const Elf64_Shdr& table = file.section(i);
    if (table.sh_type != SHT_SYMTAB || table.sh_link >= file.sectionCount())
      continue;
    std::string_view strings = file.contents(file.section(table.sh_link));
    std::uint64_t count = file.contents(table).size() / sizeof(Elf64_Sym);
    for (std::uint64_t k = 0; k < count; ++k) {
      auto symbol = file.element<Elf64_Sym>(table, k);
      if (symbol.st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol.st_info) != STT_FUNC ||
          symbol.st_name >= strings.size())
        continue;
      std::string_view name = strings.substr(symbol.st_name);
      names.emplace(name.substr(0, name.find('\0')));
    }
  }
  return names;
}

} // namespace roam
