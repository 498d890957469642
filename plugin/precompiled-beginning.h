// The beginning of a source file, its includes, kept as a precompiled header: most of what
// compiling a small file takes is reading its headers.
//
//     #include <roam/roam.h>          these lines are compiled once, to KEY.pch in the user's
//     folder #include "prices.h"             for caches; KEY is of these lines, the flags and the
//     compiler
//
//     double convert(double x) ...    each time only this is read
//
// The slices are the same with and without; but the places of what is in headers found by relative
// names are told by absolute ones, std::source_location among them.
#pragma once
#include "plugin/compile-command.h"
#include "clang/Frontend/Utils.h"
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace roam::plugin {

/// Collects what a compilation reads, headers of the system included.
class FilesRead : public clang::DependencyCollector {
 public:
  bool needSystemDependencies() override { return true; }
};

/// Runs the compiler, with what it has to say or silently. True if it was content.
using RunCompiler = std::function<bool(const std::string& folder, std::vector<std::string> words,
                                       std::shared_ptr<FilesRead> read, bool silent)>;

class PrecompiledBeginnings {
 public:
  /// `folder` is made when something is to be kept in it. Several processes may use it.
  PrecompiledBeginnings(std::string folder, RunCompiler run)
      : folder_(std::move(folder)), run_(std::move(run)) {}

  /// The words to add to the command so that the file's beginning is not read again. None if the
  /// file has no includes, the command has a precompiled header of its own, or the beginning does
  /// not compile: then the compilation itself says why. What was made longest ago is removed.
  std::vector<std::string> wordsFor(const Compilation& compilation, const RoamFiles& roam) const;

  /// Of what is kept here, and not of the project.
  bool isOurs(llvm::StringRef file) const { return !folder_.empty() && file.starts_with(folder_); }

 private:
  bool isValid(const std::string& stem) const;
  bool make(const std::string& stem, const Compilation& compilation, const RoamFiles& roam,
            llvm::StringRef beginning, const std::string& beside) const;
  void keepWithinLimit() const;

  std::string folder_;
  RunCompiler run_;
};

/// $XDG_CACHE_HOME/roam/headers, or ~/.cache/roam/headers; empty if there is no home.
std::string folderOfBeginnings();

} // namespace roam::plugin
