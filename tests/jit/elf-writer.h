// Writes small ELF files with a manifest, as a linker or a compiler would, for tests to read and to
// damage.
#pragma once
#include "jit/slice/manifest.h"
#include <elf.h>
#include <string>
#include <vector>

namespace roam {

/// What one entry of a test file holds.
struct TestEntry {
  std::string slice;
  std::vector<std::string> needs;
  Description description;
};

/// A shared object: one registry section, one code section, distances fixed, addresses unlike file
/// offsets.
std::string sharedObject(const std::vector<TestEntry>& entries);

/// A relocatable object: a registry section an entry, distances as relocations against the code
/// section.
std::string relocatableObject(const std::vector<TestEntry>& entries,
                              unsigned relocation = R_X86_64_PC64);

/// An ELF file without a manifest.
std::string emptyObject();

} // namespace roam
