// Looks in each bundle once a digest.
#include "runtime/shipped-objects.h"
#include "roam/error.h"
#include <stdexcept>

namespace roam {

ShippedObjects::ShippedObjects(std::string_view paths) {
  while (!paths.empty()) {
    std::string path(paths.substr(0, paths.find(':')));
    paths.remove_prefix(std::min(paths.size(), path.size() + 1));
    if (path.empty())
      continue;
    try {
      bundles_.emplace_back(path);
    } catch (const std::runtime_error& error) {
      throw ConfigurationError(std::string("ROAM_BUNDLE lists what is no bundle: ") + error.what());
    }
  }
}

kj::ArrayPtr<const net::ShippedObject> ShippedObjects::of(const Digest& digest) {
  if (bundles_.empty())
    return nullptr;
  std::lock_guard lock(mutex_);
  auto [at, isNew] = found_.try_emplace(digest);
  auto& objects = at->second;
  if (isNew)
    for (const BundleFile& file : bundles_)
      if (const BundleEntry* entry = file.bundle().find(digest))
        for (const BundleObject& object : entry->objects) {
          auto bytes = object.written.unchecked;
          objects.push_back(
              {*object.target, {reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size()}});
        }
  return {objects.data(), objects.size()};
}

} // namespace roam
