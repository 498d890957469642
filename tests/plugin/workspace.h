// A folder of its own for one test, in which clang is run with the plugin.
#pragma once
#include "jit/slice/manifest.h"
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace roam::plugin::testing {

/// How a command ended, and what it printed on both streams.
struct Ran {
  int status = -1;
  std::string output;
  bool ok() const { return status == 0; }
};

/// A fresh folder, removed at the end.
class Workspace {
 public:
  Workspace();
  ~Workspace();
  Workspace(const Workspace&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Writes a file; folders in its name are made.
  void write(const std::string& name, const std::string& text) const;
  std::string read(const std::string& name) const;
  /// A shell command, run in the folder (or in one below it).
  Ran run(const std::string& command, const std::string& below = ".") const;
  /// clang++ with C++20, the plugin and Roam's headers, and these arguments. The launcher is what
  /// stands before it in the command, as ccache does.
  Ran clang(const std::string& arguments, const std::string& below = ".",
            const std::string& launcher = "") const;
  /// The same without the plugin.
  Ran clangWithoutPlugin(const std::string& arguments) const;

 private:
  std::filesystem::path path_;
};

/// The digest of each closure in a file that clang wrote, by the name that stands as /*name*/ in
/// its line of the source.
std::map<std::string, Digest> digestsByName(const std::string& objectFile,
                                            const std::string& source);

/// The header of the test programs: `ship(f)` makes an entry of a closure without arguments.
extern const char* const shipHeader;

/// Code to stand beside the closures of a test: it declares in its own way what they use, too, and
/// ships closures itself. After an include of ship.h.
extern const char* const unrelatedCode;

} // namespace roam::plugin::testing
