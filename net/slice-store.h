// Slices by digest in memory, up to a limit; the least recently used go first.
#pragma once
#include "jit/slice/digest.h"
#include "net/limits.h"
#include <cstdint>
#include <kj/array.h>
#include <kj/string.h>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

namespace roam::net {

/// Where slices lie that are not in memory: bundles.
class SliceSource {
 public:
  virtual ~SliceSource() = default;
  virtual bool has(const Digest& digest) const = 0;
  /// The bytes, and what they are described as; empty if they are not here, or damaged. Valid as
  /// long as the source.
  virtual kj::ArrayPtr<const kj::byte> slice(const Digest& digest) = 0;
  virtual std::string description(const Digest& digest) = 0;
};

/// Keeps slices that were verified. Call on the loop thread; the slices it gives may be held and
/// dropped on any thread.
class SliceStore {
 public:
  /// A slice's bytes. Whoever holds it keeps them, also after the store dropped the slice.
  using Held = std::shared_ptr<const kj::Array<const kj::byte>>;

  /// What the source has counts as here, and is put when it is asked for. It may be null, else must
  /// outlive the store.
  explicit SliceStore(std::size_t limitInBytes = limits::storeBytes, SliceSource* source = nullptr)
      : limit_(limitInBytes), source_(source) {}

  /// From now on it takes only what the source has.
  void takeOnlyFromSource() { onlyFromSource_ = true; }
  /// Whether it never takes this slice, whatever the bytes.
  bool bars(const Digest& digest) const {
    return onlyFromSource_ && (source_ == nullptr || !source_->has(digest));
  }

  /// Keeps a copy of `bytes` as the slice `digest`. False, and nothing is kept, if the bytes are
  /// not what the digest says, or it bars the slice. Hashes the bytes, about 1 ns each, unless the
  /// slice is here already. The slice put last stays, even if it alone is over the limit.
  ///
  /// Keeps what it was described as, too: the first that was not empty.
  [[nodiscard]] bool put(const Digest& digest, kj::ArrayPtr<const kj::byte> bytes,
                         kj::StringPtr description = "");

  /// The slice, which then counts as used now; null if it isn't here.
  Held find(const Digest& digest);
  /// Whether it is here; does not count as use.
  bool has(const Digest& digest) const {
    return slices_.count(digest) != 0 || (source_ != nullptr && source_->has(digest));
  }
  /// What whoever sent the slice says of it; empty if nothing, or if it isn't here. Valid until the
  /// next `put`. Does not count as use.
  kj::StringPtr descriptionOf(const Digest& digest) const;
  /// Bytes of the slice; 0 if it isn't here. Does not count as use.
  std::size_t sizeOf(const Digest& digest) const;

  std::size_t count() const { return slices_.size(); }
  /// Of slices and descriptions.
  std::size_t bytes() const { return bytes_; }

  struct Counters {
    std::uint64_t kept = 0, refused = 0, evicted = 0;
  };
  const Counters& counters() const { return counters_; }

 private:
  struct Slice {
    Held bytes;
    kj::String description;
    std::list<Digest>::iterator use;
  };

  bool keep(const Digest& digest, kj::ArrayPtr<const kj::byte> bytes);
  void evictDownTo(std::size_t bytes);

  std::size_t limit_;
  SliceSource* source_;
  bool onlyFromSource_ = false;
  std::size_t bytes_ = 0;
  std::unordered_map<Digest, Slice> slices_;
  std::list<Digest> uses_; ///< most recent first
  Counters counters_;
};

} // namespace roam::net
