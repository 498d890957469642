// A bundle: one file with slices and their compiled objects, so that a peer needs neither to fetch
// nor to compile what is inside.
//
//     "RoamBnd1"   8 bytes, the last of them the version of this layout
//     table size   8 bytes
//     blob size    8 bytes: of all blobs together
//     signatures   4 bytes: how many; then 4 bytes of zero
//     digest       32 bytes: BLAKE3-256 of the table, the bundle's contentDigest
//     table of contents
//         targets  count, then of each: text (ObjectTarget::toText), ascending
//         entries  count, then of each: digest 32, weight 8, size of the code 8, size of the
//                  description 4 and its digest 32, count of objects 4; of each object: index of
//                  its target 4, size 8, digest 32
//     blobs        of each entry in the order of the table: code, description, objects
//     signatures   of each: public key 32, signature 64 (runtime/bundle-signature.h)
//
// Numbers are little endian, counts and text sizes 4 bytes. Entries ascend by digest, the objects
// of one by target: equal contents are equal bytes. Blobs lie one behind another without gaps, so
// that sizes say where they are, and none can overlap. The table holds the digest of each blob: who
// trusts the digest of the table can trust everything.
#pragma once
#include "jit/slice/compiled-object.h"
#include "jit/slice/digest.h"
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace roam {

/// Bytes of a bundle, of which only the place was checked.
struct BundleBlob {
  Digest digest;
  std::span<const std::byte> unchecked;

  /// The bytes, hashed and found right: 1 ns a byte. Throws std::runtime_error.
  std::span<const std::byte> take() const;
};

struct BundleObject {
  const ObjectTarget* target; ///< lives as long as the bundle
  Digest slice;               ///< of the entry it is for
  BundleBlob written;

  /// A written CompiledObject, checked, for this slice and target. Throws std::runtime_error.
  std::span<const std::byte> take() const;
};

/// All views and pointers are valid as long as the bundle, and the bytes it was read from.
struct BundleEntry {
  Digest digest;
  std::uint64_t weight;   ///< how often it was used, in whatever unit; 0 if that is not known
  BundleBlob code;        ///< a slice or slice group: what `digest` names
  BundleBlob description; ///< text: Description::parse
  std::span<const BundleObject> objects;
};

/// What a signer says about a bundle; whether it is true, runtime/bundle-signature.h knows.
struct BundleSignature {
  static constexpr std::size_t keySize = 32, valueSize = 64;
  std::array<std::uint8_t, keySize> key; ///< public, Ed25519
  std::array<std::uint8_t, valueSize> value;
};

/// A bundle's table of contents. Immutable: threads may share it.
class Bundle {
 public:
  /// Checks the header and the table, not the blobs: microseconds, and 1 ns a byte of the table.
  /// Throws std::runtime_error that says what is wrong with the bytes, which must outlive this.
  static Bundle read(std::span<const std::byte> bytes);
  Bundle(Bundle&&) = default;
  Bundle& operator=(Bundle&&) = default;

  /// In the order of their digests.
  const std::vector<BundleEntry>& entries() const { return entries_; }
  /// The targets that objects are for.
  const std::vector<ObjectTarget>& targets() const { return targets_; }
  /// Null if the digest is not in here.
  const BundleEntry* find(const Digest& digest) const;
  /// What a signature covers: through the table, each byte but the signatures.
  const Digest& contentDigest() const { return contentDigest_; }
  /// As they stand there: not compared with anything.
  const std::vector<BundleSignature>& signatures() const { return signatures_; }

 private:
  friend class BundleReader;
  Bundle() = default;

  Digest contentDigest_;
  std::vector<ObjectTarget> targets_;
  std::vector<BundleObject> objects_; ///< of all entries; `targets_` is complete before
  std::vector<BundleEntry> entries_;
  std::vector<BundleSignature> signatures_;
};

/// The sizes of the layout, for its reader and its writer.
namespace bundle_layout {
inline constexpr std::string_view magic = "RoamBnd1";
inline constexpr std::size_t header = 64;
inline constexpr std::size_t signatureCountAt = 24;
inline constexpr std::size_t entryRow = Digest::size + 8 + 8 + 4 + Digest::size + 4;
inline constexpr std::size_t objectRow = 4 + 8 + Digest::size;
inline constexpr std::size_t signatureRow = BundleSignature::keySize + BundleSignature::valueSize;
} // namespace bundle_layout

} // namespace roam
