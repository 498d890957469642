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

} // namespace roam::tools
