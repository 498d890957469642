// What this process defines under a name: which shared library does, or whether the program itself
// does.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace roam {

/// A shared library of this process.
struct DefiningLibrary {
  std::string soname; ///< DT_SONAME; the file's name if it has none
  bool isBase;        ///< of libc and the C++ runtime: every peer has it
};

/// Of libc and the C++ runtime, by its DT_SONAME.
bool isBaseLibrary(std::string_view soname);

/// The library whose dynamic symbol table defines `symbol`: a base library if one does, else the
/// first in load order. The executable does not count, so that variables it has copied from a
/// library (std::cout) are that library's. Thread-safe; some 10 us.
std::optional<DefiningLibrary> libraryThatDefines(const std::string& symbol);

/// True if the file that `address` was loaded from, or the executable, has the symbol in its full
/// symbol table; false also if that was stripped. Reads the table: milliseconds, for messages.
bool isLinkedInto(const void* address, const std::string& symbol);

/// The external symbol of the function that begins at `address`; nothing for others, and for those
/// of an executable whose symbol table was stripped. Reads files: milliseconds.
std::optional<std::string> symbolAt(const void* address);

} // namespace roam
