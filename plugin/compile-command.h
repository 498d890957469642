// How one source file is compiled with the plugin: as its project does, or without a project with
// flags that suit a file on its own.
#pragma once
#include <string>
#include <vector>

namespace roam::plugin {

/// One run of the compiler on one file.
struct Compilation {
  std::string folder;             ///< where it runs
  std::string file;               ///< as the command names it
  std::vector<std::string> words; ///< of the command, "clang++" first; no output, no plugin
};

/// What the commands need of Roam: found by its place beside this program, in the build tree or
/// where Roam is installed.
struct RoamFiles {
  std::string plugin, headers;
  /// Throws std::runtime_error that says where they were looked for.
  static RoamFiles find();
};

/// The commands that the project's compile_commands.json has for the file: perhaps several. Throws
/// std::runtime_error if there is no such list, or nothing of the file in it.
std::vector<Compilation> commandsOfProject(const std::string& build, const std::string& file);

/// C++20, Roam's headers, and `flags`. Relative names are those of the current folder.
Compilation commandWithoutProject(const std::string& file, const std::vector<std::string>& flags,
                                  const RoamFiles& roam);

/// The words that write the object, with the plugin and nothing of the project's own outputs.
std::vector<std::string> wordsToCompile(const Compilation& compilation, const RoamFiles& roam,
                                        const std::string& object);

} // namespace roam::plugin
