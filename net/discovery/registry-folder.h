// A registry folder on disk. Calls may block for as long as the file system does.
#pragma once
#include "net/discovery/registry-file.h"
#include "net/discovery/repeated-source.h"
#include <kj/io.h>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace roam::net {

/// Used by the loop thread and by one that looks at the folder.
class RegistryFolder {
 public:
  /// `removes`: stale files are removed, not just left out.
  RegistryFolder(std::string path, std::string cluster, bool removes);

  /// What is there. Writes what was put in and is not there. Does not throw.
  Look look();

  /// A file that look() writes, from now until it is removed.
  void put(const std::string& address);
  /// Removes it, unless another process has written it since.
  void remove(const std::string& address);

  /// Readable when something changed in the folder since look() was last called; -1 if the system
  /// has no more of these.
  int changes() const { return changes_; }
  /// Forgets the changes until now; false if there were none.
  bool forgetChanges();

 private:
  void writeOwn(Look& look);
  void readAll(Look& look);
  void readOne(const std::string& name, Look& look);
  std::string pathOf(const std::string& name) const { return path_ + "/" + name; }

  const std::string path_, cluster_;
  const bool removes_;
  kj::AutoCloseFd changes_;
  std::mutex mutex_;
  std::map<std::string, std::string> own_; ///< names to texts; guarded by mutex_
};

} // namespace roam::net
