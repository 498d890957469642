// The bytes of bundles: see bundle.h for their layout.
#include "jit/slice/bundle-writer.h"
#include <limits>
#include <stdexcept>
#include <utility>

namespace roam {
namespace {

using Bytes = std::span<const std::byte>;

void append(std::vector<std::byte>& to, Bytes bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

void append(std::vector<std::byte>& to, std::string_view text) {
  append(to, std::as_bytes(std::span(text)));
}

template <class Number>
std::vector<std::byte> bytesOf(Number number) {
  std::vector<std::byte> bytes(sizeof(Number));
  for (std::byte& byte : bytes) {
    byte = static_cast<std::byte>(number & 0xff);
    number = static_cast<Number>(number >> 8);
  }
  return bytes;
}

void append32(std::vector<std::byte>& to, std::size_t number) {
  if (number > std::numeric_limits<std::uint32_t>::max())
    throw std::runtime_error("a count or a text of this bundle is above 4 billion");
  append(to, bytesOf(static_cast<std::uint32_t>(number)));
}

void append64(std::vector<std::byte>& to, std::uint64_t number) {
  append(to, bytesOf(number));
}

} // namespace

Digest BundleWriter::addCode(std::string code, const std::string& description,
                             std::uint64_t weight) {
  Digest digest = Digest::of(code);
  Item& item = items_[digest];
  item.code = std::move(code);
  if (item.description.empty())
    item.description = description;
  addWeight(digest, weight);
  return digest;
}

void BundleWriter::addWeight(const Digest& digest, std::uint64_t weight) {
  Item& item = items_.at(digest);
  item.weight += std::min(weight, std::numeric_limits<std::uint64_t>::max() - item.weight);
}

void BundleWriter::addObject(std::vector<std::byte> written) {
  CompiledObject object = CompiledObject::read(written);
  auto item = items_.find(object.slice);
  if (item == items_.end())
    throw std::runtime_error("the object for slice " + object.slice.shortened() +
                             " comes without that slice");
  item->second.objects.try_emplace(object.target.toText(), std::move(written));
}

void BundleWriter::add(const Bundle& bundle) {
  auto text = [](Bytes bytes) {
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  for (const BundleEntry& entry : bundle.entries()) {
    addCode(text(entry.code.take()), text(entry.description.take()), entry.weight);
    for (const BundleObject& object : entry.objects) {
      Bytes written = object.take();
      addObject({written.begin(), written.end()});
    }
  }
}

std::vector<Digest> BundleWriter::digests() const {
  std::vector<Digest> digests;
  for (auto& [digest, item] : items_)
    digests.push_back(digest);
  return digests;
}

std::vector<std::byte> BundleWriter::write() const {
  std::map<std::string, std::size_t> targets; // to their indexes
  for (auto& [digest, item] : items_)
    for (auto& [target, object] : item.objects)
      targets[target] = 0;
  std::vector<std::byte> table, blobs;
  append32(table, targets.size());
  std::size_t next = 0;
  for (auto& [target, index] : targets) {
    index = next++;
    append32(table, target.size());
    append(table, target);
  }
  append32(table, items_.size());
  for (auto& [digest, item] : items_) {
    append(table, digest.bytes());
    append64(table, item.weight);
    append64(table, item.code.size());
    append32(table, item.description.size());
    append(table, Digest::of(item.description).bytes());
    append32(table, item.objects.size());
    append(blobs, item.code);
    append(blobs, item.description);
    for (auto& [target, object] : item.objects) {
      append32(table, targets.at(target));
      append64(table, object.size());
      append(table, Digest::of(object).bytes());
      append(blobs, object);
    }
  }
  std::vector<std::byte> file;
  append(file, bundle_layout::magic);
  append64(file, table.size());
  append64(file, blobs.size());
  append64(file, 0); // no signatures
  append(file, Digest::of(table).bytes());
  append(file, table);
  append(file, blobs);
  return file;
}

void appendSignature(std::vector<std::byte>& bundle, const BundleSignature& signature) {
  auto count = std::span(bundle).subspan(bundle_layout::signatureCountAt, 4);
  for (std::byte& byte : count) { // adds one
    byte = static_cast<std::byte>(std::to_integer<unsigned>(byte) + 1);
    if (byte != std::byte(0))
      break;
  }
  append(bundle, std::as_bytes(std::span(signature.key)));
  append(bundle, std::as_bytes(std::span(signature.value)));
}

} // namespace roam
