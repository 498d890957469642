// What the code of an entry needs from outside its slice, and where it is: one walk for programs
// that send it, for `roam inspect` and for `roam bundle`, so that all agree on its digest.
#pragma once
#include "jit/slice/manifest.h"
#include "jit/slice/slice-group.h"
#include "runtime/process-symbols.h"
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace roam {

/// Where names are looked up: in this process (runtime/code-packing) or in the files of a program
/// (tools/program-symbols).
class SymbolSource {
 public:
  virtual ~SymbolSource() = default;
  /// Of the files that the program is made of: also those that can't travel, without a slice.
  /// Valid as long as this object.
  virtual std::optional<ManifestEntry> function(const std::string& symbol) const = 0;
  /// The one that a process of the program takes it from, as libraryThatDefines.
  virtual std::optional<DefiningLibrary> library(const std::string& symbol) const = 0;
  /// Whether the program defines it itself, in code without a record.
  virtual bool isLinked(const std::string& symbol) const = 0;
};

struct CodeNeeds {
  struct Refusal {
    enum Kind { cannotTravel, sendsItself, withoutPlugin, nowhere } kind;
    std::string symbol;
    std::string caller; ///< the function that first asked for it: empty if the entry itself did
    std::string reason; ///< what follows its name: only of cannotTravel
  };
  std::vector<SliceGroup::Member> functions;  ///< in the order they were found
  std::vector<SliceGroup::Library> libraries; ///< that not every peer has
  std::vector<std::string> baseLibraries;     ///< that every peer has
  std::vector<Refusal> refused;               ///< the shortest way to each comes first
  bool peerLocals = false;
};

/// Follows the needs of an entry and of `targets`, breadth first. The slices are those of
/// `symbols`.
CodeNeeds needsOf(const ManifestEntry& entry, std::span<const std::string> targets,
                  const SymbolSource& symbols);

} // namespace roam
