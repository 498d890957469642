// Whole files: read at once, and written so that they are there whole or not at all.
#pragma once
#include <cstddef>
#include <span>
#include <string>

namespace roam::tools {

/// Throws std::runtime_error that names the file.
std::string readFile(const std::string& path);

/// Writes another file beside `path`, syncs it to the disk and renames it. Throws
/// std::runtime_error that names the file and says why; `path` is as it was then.
void writeFile(const std::string& path, std::span<const std::byte> bytes);

} // namespace roam::tools
