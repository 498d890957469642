// 100,000 closures that a peer loads, calls once and never sees again: its memory stays level.
//
// So many can't be compiled here in a minute. One is, by a first peer; the constant in its machine
// code is then replaced, each time by another, and the object shipped for a slice of its own. What
// comes back shows that it was this object that ran.
#include "bench/unloading.h"
#include "bench/measure.h"
#include "bench/peers.h"
#include "jit/slice/compiled-object.h"
#include "jit/slice/manifest.h"
#include "net/peer.h"
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <roam/roam.h>

namespace roam::bench {
namespace {

constexpr std::uint64_t constant = 0x5a1e'c0de'0dd5'ee0d;
constexpr int few = 1'000, many = 100'000;

/// Code of some 10 KB, as closures have that use strings and containers.
std::uint64_t sortedSum(std::uint64_t x) {
  std::map<std::string, std::vector<std::uint64_t>> all;
  for (std::uint64_t i = 0; i < 8; ++i)
    all[std::to_string(i % 3)].push_back((x >> i) % 8);
  std::uint64_t sum = 0;
  for (auto& [name, numbers] : all) {
    std::ranges::sort(numbers);
    sum += numbers.back();
  }
  return sum;
}

auto theClosure() {
  return [](std::uint64_t x) { return sortedSum(x) ^ constant; };
}

/// The object of the closure, as written: from the cache of a peer that compiled it.
std::string compiledByAPeer() {
  TemporaryFolder folder;
  std::string cache = folder.path() + "/cache";
  {
    Peers peers(1, cache);
    Cluster cluster = connect(peers.addresses());
    std::uint64_t result = cluster.on(cluster.peers().at(0), theClosure(), constant + 1);
    require((result ^ constant) == sortedSum(constant + 1), "unload, compile");
  } // the peer ends, and has written its objects
  for (auto& file : std::filesystem::directory_iterator(cache + "-0"))
    if (file.path().extension() == ".o") {
      std::ifstream stream(file.path(), std::ios::binary);
      return {std::istreambuf_iterator<char>(stream), {}};
    }
  throw std::runtime_error("the peer has kept no object");
}

/// Slices and objects that differ in a number.
class Variants {
 public:
  Variants() : written_(compiledByAPeer()), object_(CompiledObject::read(bytesOf(written_))) {
    slice_ = readRecord(*recordOf<CallShape<decltype(theClosure()), std::uint64_t>>()).slice;
    code_.assign(reinterpret_cast<const char*>(object_.code.data()), object_.code.size());
    place_ = onlyPlaceOf(asBytes(constant));
    namePlace_ = onlyPlaceOf(object_.slice.toString()); // of the entry's symbol
    slice_ += asBytes(0);
  }

  /// Valid until the next call: the closure gives its argument xor `number`.
  void choose(std::uint64_t number) {
    slice_.replace(slice_.size() - sizeof number, sizeof number, asBytes(number));
    code_.replace(place_, sizeof number, asBytes(number));
    object_.slice = Digest::of(slice_);
    code_.replace(namePlace_, 2 * Digest::size, object_.slice.toString());
    object_.code = bytesOf(code_);
    shipped_ = object_.write();
  }
  const Digest& digest() const { return object_.slice; }
  const ObjectTarget& target() const { return object_.target; }
  kj::ArrayPtr<const kj::byte> slice() const { return kjBytes(slice_.data(), slice_.size()); }
  kj::ArrayPtr<const kj::byte> object() const { return kjBytes(shipped_.data(), shipped_.size()); }

 private:
  std::size_t onlyPlaceOf(const std::string& bytes) const {
    std::size_t place = code_.find(bytes);
    require(place != code_.npos && code_.find(bytes, place + 1) == code_.npos, "unload, patch");
    return place;
  }
  static std::string asBytes(std::uint64_t number) {
    return {reinterpret_cast<const char*>(&number), sizeof number};
  }
  static std::span<const std::byte> bytesOf(const std::string& text) {
    return std::as_bytes(std::span(text));
  }
  static kj::ArrayPtr<const kj::byte> kjBytes(const void* data, std::size_t size) {
    return {static_cast<const kj::byte*>(data), size};
  }

  std::string written_;
  CompiledObject object_; ///< its code is in code_
  std::string slice_, code_;
  std::size_t place_, namePlace_; ///< of the constant, and of the digest in the entry's name
  std::vector<std::byte> shipped_;
};

} // namespace

void benchUnload() {
  Variants variants;
  TemporaryFolder folder;
  Peers peers(1, folder.path() + "/cache", {"--memory", "16M", "--cache-limit", "16M"});
  kj::AsyncIoContext io = kj::setupAsyncIo();
  auto peer = net::dial(io.provider->getNetwork(), io.provider->getTimer(),
                        peers.addresses().c_str(), net::Hello())
                  .wait(io.waitScope);
  double before = 0, start = now();
  for (std::uint64_t i = 1; i <= many; ++i) {
    variants.choose(i);
    net::ShippedObject object{variants.target(), variants.object()};
    std::uint64_t argument = i << 32, result = 0;
    kj::ArrayPtr<const kj::byte> bytes(reinterpret_cast<const kj::byte*>(&argument), 8);
    net::ChunkOutcome outcome = peer->run({variants.digest(), nullptr, bytes, 1},
                                          {variants.slice(), "", kj::arrayPtr(&object, 1)}, nullptr)
                                    .wait(io.waitScope);
    require(outcome.failure == nullptr && outcome.results.size() == sizeof result, "unload, call");
    std::memcpy(&result, outcome.results.begin(), sizeof result);
    require((result ^ i) == sortedSum(argument), "unload");
    if (i == few)
      before = double(memoryOf(peers.processes().at(0)));
  }
  double after = double(memoryOf(peers.processes().at(0)));
  print("unload", after / before, "ratio");
  print("unload.few", before / (1 << 20), "MiB");
  print("unload.many", after / (1 << 20), "MiB");
  print("unload.each", (now() - start) / many * 1e6, "us");
}

} // namespace roam::bench
