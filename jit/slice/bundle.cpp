// Reads bundles. Nothing in the file is believed before it was compared with what is left of it.
#include "jit/slice/bundle.h"
#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace roam {
namespace {

using Bytes = std::span<const std::byte>;

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error("this bundle is damaged: " + what);
}

/// Takes what lies one behind another.
class Cursor {
 public:
  explicit Cursor(Bytes bytes) : rest_(bytes) {}

  Bytes take(std::uint64_t size) {
    if (size > rest_.size())
      fail("it is cut short");
    Bytes taken = rest_.first(static_cast<std::size_t>(size));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }

  template <class Number>
  Number number() {
    Number number = 0;
    unsigned shift = 0;
    for (std::byte byte : take(sizeof(Number))) {
      number |= static_cast<Number>(std::to_integer<Number>(byte) << shift);
      shift += 8;
    }
    return number;
  }

  /// Of rows that take so many bytes at the least.
  std::uint32_t count(std::size_t row) {
    auto count = number<std::uint32_t>();
    if (count > rest_.size() / row)
      fail("a count is larger than what follows");
    return count;
  }

  Digest digest() { return *Digest::fromBytes(take(Digest::size)); }

  template <std::size_t size>
  std::array<std::uint8_t, size> array() {
    std::array<std::uint8_t, size> values;
    std::memcpy(values.data(), take(size).data(), size);
    return values;
  }

  std::size_t left() const { return rest_.size(); }

 private:
  Bytes rest_;
};

void checkMagic(Bytes bytes) {
  using bundle_layout::magic;
  std::string_view begin(reinterpret_cast<const char*>(bytes.data()),
                         std::min(bytes.size(), magic.size()));
  if (begin == magic)
    return;
  if (begin.size() == magic.size() && begin.starts_with(magic.substr(0, magic.size() - 1)))
    throw std::runtime_error("this bundle has another layout, '" + std::string(begin) +
                             "', than this version of Roam reads, '" + std::string(magic) +
                             "': make it again with `roam bundle`");
  throw std::runtime_error(magic.starts_with(begin) ? "this bundle is damaged: it is cut short"
                                                    : "this is not a bundle of Roam");
}

} // namespace

/// Reads the parts of one bundle, in the order of the file.
class BundleReader {
 public:
  explicit BundleReader(Bytes bytes) : file_(bytes), table_({}), blobs_({}) {
    checkMagic(bytes);
    file_.take(bundle_layout::magic.size());
    auto tableSize = file_.number<std::uint64_t>(), blobSize = file_.number<std::uint64_t>();
    auto signatures = file_.number<std::uint32_t>();
    if (file_.number<std::uint32_t>() != 0)
      fail("its header has bytes that are not known");
    bundle_.contentDigest_ = file_.digest();
    Bytes table = file_.take(tableSize);
    if (Digest::of(table) != bundle_.contentDigest_)
      fail("its table of contents is not what the digest in its header says");
    table_ = Cursor(table);
    blobs_ = Cursor(file_.take(blobSize));
    readSignatures(signatures);
  }

  Bundle read() {
    readTargets();
    std::uint32_t count = table_.count(bundle_layout::entryRow);
    bundle_.entries_.reserve(count);
    std::vector<std::size_t> objects; // of each entry
    for (; count > 0; --count)
      objects.push_back(readEntry());
    if (table_.left() != 0 || blobs_.left() != 0)
      fail("there are bytes that belong to nothing");
    std::span<const BundleObject> rest(bundle_.objects_);
    for (std::size_t i = 0; i < objects.size(); ++i) {
      bundle_.entries_[i].objects = rest.first(objects[i]);
      rest = rest.subspan(objects[i]);
    }
    return std::move(bundle_);
  }

 private:
  void readSignatures(std::uint32_t count) {
    if (file_.left() != count * std::uint64_t(bundle_layout::signatureRow))
      fail("its signatures are cut short, or something follows them");
    for (; count > 0; --count) {
      auto key = file_.array<BundleSignature::keySize>();
      bundle_.signatures_.push_back({key, file_.array<BundleSignature::valueSize>()});
    }
  }

  void readTargets() {
    std::string before;
    for (std::uint32_t count = table_.count(4); count > 0; --count) {
      Bytes bytes = table_.take(table_.number<std::uint32_t>());
      std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      if (text <= before)
        fail("a target is there twice or not in order");
      bundle_.targets_.push_back(ObjectTarget::parse(text));
      before = std::move(text);
    }
  }

  /// Returns how many objects the entry has: where they lie is known when all were read.
  std::size_t readEntry() {
    BundleEntry entry;
    entry.digest = table_.digest();
    if (!bundle_.entries_.empty() && entry.digest <= bundle_.entries_.back().digest)
      fail("entry " + entry.digest.shortened() + " is there twice or not in order");
    entry.weight = table_.number<std::uint64_t>();
    entry.code = {entry.digest, blobs_.take(table_.number<std::uint64_t>())};
    Bytes description = blobs_.take(table_.number<std::uint32_t>());
    entry.description = {table_.digest(), description};
    std::uint32_t objects = table_.count(bundle_layout::objectRow);
    std::int64_t before = -1;
    for (std::uint32_t i = 0; i < objects; ++i) {
      auto target = table_.number<std::uint32_t>();
      if (target >= bundle_.targets_.size() || target <= before)
        fail("an object of entry " + entry.digest.shortened() +
             " is for an unknown target, there twice, or not in order");
      before = target;
      Bytes object = blobs_.take(table_.number<std::uint64_t>());
      bundle_.objects_.push_back(
          {&bundle_.targets_[target], entry.digest, {table_.digest(), object}});
    }
    bundle_.entries_.push_back(entry);
    return objects;
  }

  Cursor file_, table_, blobs_;
  Bundle bundle_;
};

Bundle Bundle::read(std::span<const std::byte> bytes) {
  return BundleReader(bytes).read();
}

const BundleEntry* Bundle::find(const Digest& digest) const {
  auto at = std::ranges::lower_bound(entries_, digest, {}, &BundleEntry::digest);
  return at != entries_.end() && at->digest == digest ? &*at : nullptr;
}

std::span<const std::byte> BundleBlob::take() const {
  if (Digest::of(unchecked) != digest)
    fail("what should be " + digest.shortened() + " in it is something else");
  return unchecked;
}

std::span<const std::byte> BundleObject::take() const {
  CompiledObject object = CompiledObject::read(written.take());
  if (object.slice != slice || object.target != *target)
    fail("an object of entry " + slice.shortened() + " is for another slice or target");
  return written.unchecked;
}

} // namespace roam
