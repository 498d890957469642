// Writes bundles: collects slices and objects, and gives the bytes of the file.
#pragma once
#include "jit/slice/bundle.h"
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace roam {

/// Equal contents give equal bytes, in whatever order they were added.
class BundleWriter {
 public:
  /// Adds a slice or slice group, and returns its digest. What is there already keeps its
  /// description, unless that is empty, and weights add.
  Digest addCode(std::string code, const std::string& description, std::uint64_t weight);

  /// Of a slice that was added before. Adds up to the largest number there is.
  void addWeight(const Digest& digest, std::uint64_t weight);

  /// Adds a written CompiledObject, whose slice was added before. The first for a target stays.
  /// Throws std::runtime_error if it is damaged or its slice is not here.
  void addObject(std::vector<std::byte> written);

  /// Adds all that is in a bundle but its signatures. Throws std::runtime_error for the first blob
  /// that is damaged; what came before is added then.
  void add(const Bundle& bundle);

  std::size_t size() const { return items_.size(); }
  /// In ascending order.
  std::vector<Digest> digests() const;
  /// Of a slice that was added before; valid as long as nothing is added.
  std::string_view code(const Digest& digest) const { return items_.at(digest).code; }

  /// The file, without signatures. The bytes of all blobs are in memory twice then.
  std::vector<std::byte> write() const;

 private:
  struct Item {
    std::string code, description;
    std::uint64_t weight = 0;
    std::map<std::string, std::vector<std::byte>> objects; ///< by the text of the target
  };

  std::map<Digest, Item> items_;
};

/// Appends a signature to the bytes of a bundle, as BundleWriter::write gives them.
void appendSignature(std::vector<std::byte>& bundle, const BundleSignature& signature);

} // namespace roam
