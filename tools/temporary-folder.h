// A folder for what a command needs while it runs.
#pragma once
#include <string>

namespace roam::tools {

/// In the system's folder for temporary files; removed with all that is in it.
class TemporaryFolder {
 public:
  /// Throws std::runtime_error.
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

} // namespace roam::tools
