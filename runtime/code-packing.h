// The code that travels for an entry: its slice alone, or a group with the functions it calls in
// other files of the program and the shared libraries it needs.
#pragma once
#include "jit/slice/digest.h"
#include "jit/slice/manifest.h"
#include "runtime/code-needs.h"
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace roam {

/// What peers know the code by, and the code.
struct PackedCode {
  Digest digest;
  std::string_view slice; ///< which lies in the program; or
  std::string group;      ///< with the slice in it
  std::string_view bytes() const { return group.empty() ? slice : std::string_view(group); }
  bool home = false; ///< it uses peer-local variables
  /// Description::toText() of the entry, without what its code says itself.
  std::string description;
};

/// Packs the code of an entry, with `targets` (mangled names of captured functions) as the targets
/// of its group. Throws Refused if there is something that it needs and that neither travels nor is
/// in a shared library: names it, who calls it, and what to do. A plain slice stays where it is.
PackedCode packCode(const ManifestEntry& entry, std::span<const std::string> targets,
                    const SymbolSource& symbols);

/// Finds out once for each entry what it needs, and remembers. Callable from any thread.
class CodePacker {
 public:
  /// The records of functions in the executable or shared library that the entry lies in.
  using Functions = std::span<const EntryRecord>;

  /// packCode with what this process has. Less than a microsecond when asked again, else some
  /// 0.1 ms; the reference is valid as long as this object.
  const PackedCode& pack(const EntryRecord& entry, Functions functions,
                         std::span<const std::string> targets = {});

 private:
  using Key = std::pair<const EntryRecord*, std::vector<std::string>>;
  using FunctionsByName = std::unordered_map<std::string, const EntryRecord*>;

  const FunctionsByName& byName(Functions functions);

  std::mutex mutex_;
  std::map<Key, std::unique_ptr<PackedCode>> packed_;
  std::map<const EntryRecord*, FunctionsByName> byName_; ///< by first record
};

} // namespace roam
