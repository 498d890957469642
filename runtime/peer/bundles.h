// The bundles that a peer was started with.
#pragma once
#include "jit/slice/bundle-file.h"
#include "net/slice-store.h"
#include <kj/array.h>
#include <string>
#include <utility>
#include <vector>

namespace roam::peer {

/// Immutable once they are opened, but for what was found damaged. Call on the loop thread.
class Bundles final : public net::SliceSource {
 public:
  /// If there are files of keys, one of them must have signed each bundle. Throws
  /// std::runtime_error that names the file and what is wrong with it.
  Bundles(const std::vector<std::string>& paths, const std::vector<std::string>& keyPaths);

  bool has(const Digest& digest) const override;
  kj::ArrayPtr<const kj::byte> slice(const Digest& digest) override;
  std::string description(const Digest& digest) override;
  /// The object of a digest that fits `host` best, checked; empty if there is none.
  kj::ArrayPtr<const kj::byte> object(const Digest& digest, const ObjectTarget& host);

  /// What was found damaged first since the last call, for a log; empty if nothing was.
  std::string complaint() { return std::exchange(complaint_, {}); }

 private:
  template <class Blob>
  kj::ArrayPtr<const kj::byte> take(const BundleFile& file, const Blob& blob);

  std::vector<BundleFile> files_;
  std::string complaint_;
};

} // namespace roam::peer
