// The closures of programs, packed for a bundle as the programs themselves would pack them.
#pragma once
#include "jit/slice/bundle-writer.h"
#include <string>
#include <vector>

namespace roam::tools {

/// Adds the code of each entry of the program or shared library at `path`. Returns a line for each
/// that is left out, with the reason: what the program would be told when it sends it, or that its
/// code depends on what it captures. Nothing of the program is run. Throws std::runtime_error that
/// names the file if it is no program built with Roam.
std::vector<std::string> addProgram(BundleWriter& bundle, const std::string& path);

/// The same for source files of one program, compiled with the commands in the
/// compile_commands.json of the folder `build`. Closures that need a shared
/// library other than the C and C++ libraries are left out: only the linked program tells which.
/// What the compiler says goes to standard error; throws std::runtime_error if it fails.
std::vector<std::string> addSources(BundleWriter& bundle, const std::vector<std::string>& sources,
                                    const std::string& build);

} // namespace roam::tools
