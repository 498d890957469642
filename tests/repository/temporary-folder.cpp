#include "tests/repository/temporary-folder.h"
#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

namespace roam::test {

TemporaryFolder::TemporaryFolder() {
  std::string pattern =
      (std::filesystem::temp_directory_path() / "roam-repository-XXXXXX").string();
  if (!mkdtemp(pattern.data()))
    throw std::system_error(errno, std::generic_category(), pattern);
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored; // what is left in /tmp fails no test
  std::filesystem::remove_all(path_, ignored);
}

} // namespace roam::test
