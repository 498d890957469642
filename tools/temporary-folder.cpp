// Made with a name that nobody can guess, open to this user alone.
#include "tools/temporary-folder.h"
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <stdexcept>

namespace roam::tools {

TemporaryFolder::TemporaryFolder()
    : path_(std::filesystem::temp_directory_path() / "roam-command-XXXXXX") {
  if (mkdtemp(path_.data()) == nullptr)
    throw std::runtime_error(fmt::format("cannot make the folder {}", path_));
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

} // namespace roam::tools
