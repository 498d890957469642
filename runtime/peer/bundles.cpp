// The first bundle that has it wins, but for objects: there the better one.
#include "runtime/peer/bundles.h"
#include "runtime/bundle-signature.h"
#include <algorithm>
#include <stdexcept>

namespace roam::peer {

Bundles::Bundles(const std::vector<std::string>& paths, const std::vector<std::string>& keyPaths) {
  std::vector<PublicKey> keys;
  for (const std::string& path : keyPaths)
    keys.push_back(PublicKey::read(path));
  for (const std::string& path : paths) {
    const Bundle& bundle = files_.emplace_back(path).bundle();
    if (keys.empty())
      continue;
    if (std::string refusal = refusalOf(bundle, keys); !refusal.empty())
      throw std::runtime_error("the bundle " + path + " is not accepted: " + refusal);
  }
}

bool Bundles::has(const Digest& digest) const {
  for (const BundleFile& file : files_)
    if (file.bundle().find(digest) != nullptr)
      return true;
  return false;
}

template <class Blob>
kj::ArrayPtr<const kj::byte> Bundles::take(const BundleFile& file, const Blob& blob) {
  try {
    file.expectWhole();
    std::span<const std::byte> bytes = blob.take();
    return {reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size()};
  } catch (const std::runtime_error& error) {
    if (complaint_.empty())
      complaint_ = "the bundle " + file.path() + ": " + error.what();
    return nullptr;
  }
}

kj::ArrayPtr<const kj::byte> Bundles::slice(const Digest& digest) {
  for (const BundleFile& file : files_)
    if (const BundleEntry* entry = file.bundle().find(digest))
      if (auto bytes = take(file, entry->code); bytes.size() > 0)
        return bytes;
  return nullptr;
}

std::string Bundles::description(const Digest& digest) {
  for (const BundleFile& file : files_)
    if (const BundleEntry* entry = file.bundle().find(digest))
      if (auto text = take(file, entry->description).asChars(); text.size() > 0)
        return {text.begin(), text.size()};
  return {};
}

kj::ArrayPtr<const kj::byte> Bundles::object(const Digest& digest, const ObjectTarget& host) {
  struct Candidate {
    const BundleFile* file;
    const BundleObject* object;
  };
  std::vector<Candidate> candidates;
  for (const BundleFile& file : files_)
    if (const BundleEntry* entry = file.bundle().find(digest))
      for (const BundleObject& object : entry->objects)
        if (object.target->refusalOn(host).empty())
          candidates.push_back({&file, &object});
  std::sort(candidates.begin(), candidates.end(), [&](auto& a, auto& b) {
    return a.object->target->meritOn(host) > b.object->target->meritOn(host);
  });
  for (const Candidate& candidate : candidates)
    if (auto bytes = take(*candidate.file, *candidate.object); bytes.size() > 0)
      return bytes;
  return nullptr;
}

} // namespace roam::peer
