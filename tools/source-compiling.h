// Source files that a command compiles itself, with roam-clang.
#pragma once
#include <string>
#include <vector>

namespace roam::tools {

struct SourceWish {
  std::vector<std::string> files;
  /// Folder with compile_commands.json; empty: C++20 with Roam's headers, and `flags`.
  std::string build;
  std::vector<std::string> flags;
  /// Keeps what the files include first for the next time: plugin/precompiled-beginning.h.
  bool precompiles = false;
};

struct CompiledSource {
  std::string object;              ///< its file
  std::vector<std::string> madeOf; ///< the file and all that it includes, absolute paths
};

/// Objects in `folder`, in the order of the files; a file that the project compiles several times
/// gives several. What the compiler says goes to standard error. Throws std::runtime_error if there
/// is a file that it does not compile.
std::vector<CompiledSource> compileSources(const SourceWish& wish, const std::string& folder);

} // namespace roam::tools
