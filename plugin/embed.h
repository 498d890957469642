// Puts slices and their records into the host's module.
#pragma once
#include "plugin/linked-code.h"
#include "plugin/slice-writer.h"
#include <map>
#include <optional>

namespace roam::plugin {

/// What one translation unit ships: filled by the second code generation, read by the host's
/// pipeline.
struct Shipment {
  struct Item {
    WrittenSlice slice;
    std::string description; ///< Description::toText
    /// Those of the slice's needs that may be functions of other files; only if `linked`.
    std::vector<std::string> elsewhere;
    /// Of a function marked [[roam::live("name")]]; empty for other entries.
    std::string liveName;
  };
  std::map<unsigned, Item> entries; ///< by number
  bool hasLive() const {
    for (auto& [number, item] : entries)
      if (!item.liveName.empty())
        return true;
    return false;
  }
  /// What other files may need of this one. Without a slice if it cannot travel.
  struct Function {
    std::string symbol; ///< mangled
    Item item;
  };
  std::vector<Function> functions;
  /// A function that pointers may point to.
  struct Target {
    std::string symbol; ///< in the host's module
    std::string name;   ///< of its record, or of a symbol of another file or library
  };
  std::vector<Target> targets;
  std::map<unsigned, std::string> held; ///< names for peers, by number
  /// If the slices are to be code of the program, too: what that is compiled for.
  std::optional<LinkedTarget> linked;
};

/// The first pass of the host's pipeline, at any -O and before LTO bitcode is written: replaces
/// each call roamRecord(N) by the address of entry N's record, and adds slice and record, each call
/// roamHeldName(N) by the name; adds the
/// slices and records of live functions and of functions, and the addresses of targets; if
/// `linked`, the code. True if the module changed.
bool embed(llvm::Module& module, const Shipment& shipment);

} // namespace roam::plugin
