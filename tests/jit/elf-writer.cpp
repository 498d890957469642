// Builds sections, then lays them out: header, contents, section headers.
#include "elf-writer.h"
#include <cstring>

namespace roam {
namespace {

struct Section {
  std::string name;
  std::string contents;
  Elf64_Word type = SHT_PROGBITS;
  Elf64_Xword flags = 0;
  Elf64_Addr address = 0;
  Elf64_Word link = 0, info = 0;
};

template <class T>
void append(std::string& to, const T& value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::string fileOf(Elf64_Half type, std::vector<Section> sections) {
  sections.insert(sections.begin(), Section{"", "", SHT_NULL});
  sections.push_back({".shstrtab", "", SHT_STRTAB});
  std::string names;
  std::vector<Elf64_Shdr> headers;
  for (const Section& section : sections) {
    Elf64_Shdr header{};
    header.sh_name = static_cast<Elf64_Word>(names.size());
    names += section.name + '\0';
    header.sh_type = section.type;
    header.sh_flags = section.flags;
    header.sh_addr = section.address;
    header.sh_link = section.link;
    header.sh_info = section.info;
    headers.push_back(header);
  }
  sections.back().contents = names;

  std::string file(sizeof(Elf64_Ehdr), '\0');
  for (std::size_t i = 0; i < sections.size(); ++i) {
    file.resize((file.size() + 7) / 8 * 8);
    headers[i].sh_offset = file.size();
    headers[i].sh_size = sections[i].contents.size();
    file += sections[i].contents;
  }
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = type;
  header.e_machine = EM_X86_64;
  header.e_version = EV_CURRENT;
  header.e_ehsize = sizeof header;
  file.resize((file.size() + 7) / 8 * 8);
  header.e_shoff = file.size();
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = static_cast<Elf64_Half>(headers.size());
  header.e_shstrndx = static_cast<Elf64_Half>(headers.size() - 1);
  for (const Elf64_Shdr& section : headers)
    append(file, section);
  std::memcpy(file.data(), &header, sizeof header);
  return file;
}

/// Appends the parts of an entry to `code`; the distances of the record are offsets in `code`.
EntryRecord writeEntry(const TestEntry& entry, std::string& code) {
  EntryRecord record{};
  std::memcpy(record.digest, Digest::of(entry.slice).bytes().data(), Digest::size);
  record.slice = static_cast<std::int64_t>(code.size());
  record.sliceSize = entry.slice.size();
  code += entry.slice;
  record.needs = static_cast<std::int64_t>(code.size());
  for (const std::string& name : entry.needs)
    code += name + '\0';
  record.needsSize = code.size() - static_cast<std::uint64_t>(record.needs);
  std::string text = entry.description.toText();
  record.description = static_cast<std::int64_t>(code.size());
  record.descriptionSize = text.size();
  code += text;
  return record;
}

} // namespace

std::string sharedObject(const std::vector<TestEntry>& entries) {
  constexpr std::int64_t codeAddress = 0x401000, registryAddress = 0x7f0000;
  std::string code = "other", registry;
  for (const TestEntry& entry : entries) {
    EntryRecord record = writeEntry(entry, code);
    auto address = registryAddress + static_cast<std::int64_t>(registry.size());
    for (std::int64_t* distance : {&record.slice, &record.needs, &record.description})
      *distance += codeAddress - address;
    append(registry, record);
  }
  return fileOf(ET_DYN, {{".text", "code", SHT_PROGBITS, SHF_ALLOC, 0x1000},
                         {codeSection, code, SHT_PROGBITS, SHF_ALLOC, codeAddress},
                         {registrySection, registry, SHT_PROGBITS, SHF_ALLOC, registryAddress}});
}

std::string relocatableObject(const std::vector<TestEntry>& entries, unsigned relocation) {
  // Sections: 1 code, 2 symbols, then registry and relocations in turn. Symbol 1 is the code
  // section, 4 bytes in.
  constexpr std::int64_t symbolValue = 4;
  std::string code = "other", symbols(sizeof(Elf64_Sym), '\0');
  Elf64_Sym symbol{};
  symbol.st_shndx = 1;
  symbol.st_value = symbolValue;
  append(symbols, symbol);
  std::vector<Section> sections{{codeSection, "", SHT_PROGBITS, SHF_ALLOC},
                                {".symtab", symbols, SHT_SYMTAB}};
  for (const TestEntry& entry : entries) {
    EntryRecord record = writeEntry(entry, code);
    std::string registry, relocations;
    for (auto member : {&EntryRecord::slice, &EntryRecord::needs, &EntryRecord::description}) {
      auto place = reinterpret_cast<char*>(&(record.*member)) - reinterpret_cast<char*>(&record);
      // The distance counts from the record, the relocation from the place: the addend makes up for
      // it.
      Elf64_Rela fix{static_cast<Elf64_Addr>(place), ELF64_R_INFO(1, relocation),
                     record.*member - symbolValue + place};
      append(relocations, fix);
      record.*member = 0;
    }
    append(registry, record);
    auto index = static_cast<Elf64_Word>(sections.size() + 1);
    sections.push_back({registrySection, registry, SHT_PROGBITS, SHF_ALLOC});
    sections.push_back(
        {".rela" + std::string(registrySection), relocations, SHT_RELA, 0, 0, 2, index});
  }
  sections[0].contents = code;
  return fileOf(ET_REL, std::move(sections));
}

std::string emptyObject() {
  return fileOf(ET_DYN, {{".text", "code", SHT_PROGBITS, SHF_ALLOC, 0x1000}});
}

} // namespace roam
