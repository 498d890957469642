// Objects that a program has besides its slices, to be sent along with them: those of bundles.
#pragma once
#include "jit/slice/bundle-file.h"
#include "net/code.h"
#include "runtime/configuration-file.h"
#include <map>
#include <mutex>
#include <vector>

namespace roam {

/// Callable from any thread.
class ShippedObjects {
 public:
  /// Opens the bundles of the setting "bundle". Microseconds a bundle. Throws ConfigurationError
  /// that names the file and what is wrong, and where it is listed.
  explicit ShippedObjects(const ConfiguredValue& listed);

  /// Those made from a slice or slice group. They are as the file has them, and checked by the host
  /// that gets them. Valid as long as this object; the same each time.
  kj::ArrayPtr<const net::ShippedObject> of(const Digest& digest);

 private:
  std::vector<BundleFile> bundles_;
  std::mutex mutex_;
  std::map<Digest, std::vector<net::ShippedObject>> found_; ///< guarded by mutex_
};

} // namespace roam
