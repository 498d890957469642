// What the closures of a program need from outside their slices, and where it is: in other files of
// the program, in shared libraries, or nowhere.
#pragma once
#include "jit/slice/manifest.h"
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace roam::tools {

/// Where the needs of one closure are.
struct FoundNeeds {
  std::set<std::string> libraries;            ///< by the names in the program's dynamic section
  std::size_t functions = 0;                  ///< of other files of the program, which travel along
  std::size_t bytes = 0;                      ///< of their slices
  std::map<std::string, std::string> refused; ///< mangled name to reason: sending will fail
};

/// The symbols of a program on this machine. Nothing of the program is run: its libraries are found
/// by the loader's --list, and their dynamic symbol tables read from the files.
class ProgramSymbols {
 public:
  /// `file` holds the bytes of the program at `path`, and outlives this object.
  ProgramSymbols(const std::string& path, std::string_view file);

  FoundNeeds find(const ManifestEntry& entry) const;

 private:
  std::unordered_map<std::string, ManifestEntry> functions_;
  std::unordered_map<std::string, std::string> libraries_; ///< symbol to library
  std::set<std::string> defined_;                          ///< in this file, with code or without
};

} // namespace roam::tools
