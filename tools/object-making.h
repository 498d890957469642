// Compiles the code of a bundle ahead of time, for CPUs that need not be this one.
#pragma once
#include "jit/slice/bundle-writer.h"
#include <string>
#include <vector>

namespace roam::tools {

/// Adds an object for each code in the bundle and each of the CPUs ("native": this one; names as
/// clang's -march takes them). Runs the program `compiler` (roam-compiler) for each, as many at a
/// time as this process has cores. Returns a line for each object that could not be made. Throws
/// std::runtime_error if there is none for one of the CPUs, which may be no CPU at all.
std::vector<std::string> addObjects(BundleWriter& bundle, const std::vector<std::string>& cpus,
                                    const std::string& compiler);

} // namespace roam::tools
