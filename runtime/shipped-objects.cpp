// Looks in each bundle once a digest.
#include "runtime/shipped-objects.h"
#include "roam/error.h"
#include <stdexcept>

namespace roam {

ShippedObjects::ShippedObjects(const ConfiguredValue& listed) {
  for (auto& path : listed.words)
    try {
      bundles_.emplace_back(path);
    } catch (const std::runtime_error& error) {
      throw ConfigurationError(listed.source + " lists what is no bundle: " + error.what());
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
