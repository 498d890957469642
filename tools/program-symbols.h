// The symbols of a program's files, for who packs its closures without running it.
#pragma once
#include "runtime/code-needs.h"
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

namespace roam::tools {

/// A program or shared library on this machine, as a process of it would see it: nothing of it is
/// run. Its libraries are found by the loader's --list, and their dynamic symbol tables read from
/// the files.
class ProgramSymbols final : public SymbolSource {
 public:
  /// `file` holds the bytes of the program at `path`, and outlives this object. Throws
  /// std::runtime_error as readManifest does.
  ProgramSymbols(const std::string& path, std::string_view file);

  /// Of object files that make up a program which is not linked yet, as far as every program of
  /// this machine has it: base libraries alone. The bytes outlive this object.
  explicit ProgramSymbols(std::span<const std::string> objects);

  std::optional<ManifestEntry> function(const std::string& symbol) const override;
  std::optional<DefiningLibrary> library(const std::string& symbol) const override;
  bool isLinked(const std::string& symbol) const override { return defined_.contains(symbol); }

  /// False if its libraries are not known: it is an object file, or not for this machine's loader.
  bool knowsLibraries() const { return !libraries_.empty(); }

 private:
  void addFunctions(std::string_view file);
  void addLibrary(const std::string& path, std::string_view file);

  std::unordered_map<std::string, ManifestEntry> functions_;
  std::unordered_map<std::string, DefiningLibrary> libraries_; ///< by what they define
  std::set<std::string> defined_; ///< in this file, with code or without
};

} // namespace roam::tools
