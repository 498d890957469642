// The text of targets, and the bytes of compiled objects.
#include "jit/slice/compiled-object.h"
#include <algorithm>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace roam {
namespace {

constexpr std::string_view magic = "RoamObj2";
constexpr std::string_view magicOfAll = "RoamObj"; ///< before the version of the layout
constexpr std::size_t hashedFrom = magic.size() + Digest::size;
constexpr std::size_t fixedSize = hashedFrom + Digest::size + 3 * sizeof(std::uint64_t);
static_assert(fixedSize == 96);

/// Where the code begins.
constexpr std::size_t alignment = 16;

/// The text of any target there is has less than 2,000.
constexpr std::size_t mostInText = 16'384;

std::size_t paddedSize(std::size_t size) {
  return (size + alignment - 1) / alignment * alignment;
}

[[noreturn]] void failTarget(std::string_view text, const std::string& what) {
  throw std::runtime_error("'" + std::string(text.substr(0, 200)) +
                           "' is no target of an object: " + what);
}

bool isName(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '+';
  });
}

/// Cuts off and returns what stands before the separator; all of it if there is none.
std::string_view cut(std::string_view& rest, char separator) {
  std::string_view part = rest.substr(0, rest.find(separator));
  rest.remove_prefix(std::min(rest.size(), part.size() + 1));
  return part;
}

/// Reads the parts of a target's text in their order.
class TargetReader {
 public:
  explicit TargetReader(std::string_view text) : text_(text), rest_(text) {
    if (text.size() > mostInText)
      failTarget(text, "it is " + std::to_string(text.size()) + " bytes long");
    if (std::ranges::count(text, '/') != 5)
      failTarget(text, "expected TRIPLE/CPU/llvm-VERSION/OLEVEL/format-NUMBER/FEATURE,FEATURE,...");
  }

  std::string name(const char* what, std::string_view prefix = {}) {
    std::string_view part = cut(rest_, '/');
    if (!part.starts_with(prefix) || !isName(part.substr(prefix.size())))
      failTarget(text_, "'" + std::string(part) + "' is no " + what);
    return std::string(part.substr(prefix.size()));
  }

  unsigned number(const char* what, std::string_view prefix) {
    std::string digits = name(what, prefix);
    unsigned number = 0;
    const char* end = digits.data() + digits.size();
    auto [stop, error] = std::from_chars(digits.data(), end, number);
    if (error != std::errc() || stop != end || std::to_string(number) != digits)
      failTarget(text_, "'" + digits + "' is no " + what);
    return number;
  }

  std::vector<std::string> features() {
    std::vector<std::string> features;
    std::string_view last;
    for (bool more = !rest_.empty(); more;) {
      more = rest_.find(',') != std::string_view::npos;
      std::string_view feature = cut(rest_, ',');
      if (!isName(feature))
        failTarget(text_, "'" + std::string(feature) + "' is no feature of a CPU");
      if (feature <= last)
        failTarget(text_, "the feature '" + std::string(feature) + "' is not in order");
      features.emplace_back(last = feature);
    }
    return features;
  }

 private:
  std::string_view text_, rest_;
};

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error("this compiled object can't be used: " + what);
}

void checkMagic(std::string_view bytes) {
  if (bytes.starts_with(magic))
    return;
  if (!bytes.starts_with(magicOfAll) || bytes.size() < magic.size())
    fail("it does not begin like one");
  char version = bytes[magicOfAll.size()];
  if (version < '0' || version > '9')
    fail("it does not begin like one");
  fail(std::string("it was made by ") + (version < magic.back() ? "an older" : "a newer") +
       " Roam (layout " + version + "; this one reads " + magic.back() + ")");
}

void append(std::vector<std::byte>& bytes, std::span<const std::byte> more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

void append(std::vector<std::byte>& bytes, std::uint64_t number) {
  for (unsigned shift = 0; shift < 64; shift += 8)
    bytes.push_back(static_cast<std::byte>(number >> shift));
}

std::uint64_t readNumber(std::span<const std::byte> bytes, std::size_t at) {
  std::uint64_t number = 0;
  for (unsigned i = 0; i < 8; ++i)
    number |= std::to_integer<std::uint64_t>(bytes[at + i]) << (8 * i);
  return number;
}

std::span<const std::byte> bytesOf(std::string_view text) {
  return std::as_bytes(std::span(text));
}

/// "avx, avx2 and bmi"
std::string listed(const std::vector<std::string>& names) {
  std::string all;
  for (std::size_t i = 0; i < names.size(); ++i)
    all += (i == 0 ? "" : i + 1 < names.size() ? ", " : " and ") + names[i];
  return all;
}

} // namespace

std::string ObjectTarget::toText() const {
  std::string text = triple + "/" + cpu + "/llvm-" + llvm + "/O" + std::to_string(level) +
                     "/format-" + std::to_string(format) + "/";
  for (std::size_t i = 0; i < features.size(); ++i)
    text += (i == 0 ? "" : ",") + features[i];
  return text;
}

ObjectTarget ObjectTarget::parse(std::string_view text) {
  TargetReader in(text);
  ObjectTarget target;
  target.triple = in.name("target triple");
  target.cpu = in.name("CPU");
  target.llvm = in.name("version of LLVM", "llvm-");
  target.level = in.number("level of optimisation", "O");
  if (target.level > 3)
    failTarget(text, "there is no level of optimisation " + std::to_string(target.level));
  target.format = in.number("object format", "format-");
  target.features = in.features();
  return target;
}

std::string ObjectTarget::key() const {
  return Digest::of(std::string_view(toText())).toString().substr(0, 16);
}

std::string ObjectTarget::refusalOn(const ObjectTarget& host) const {
  if (format != host.format)
    return std::string("it was made by ") + (format < host.format ? "an older" : "a newer") +
           " Roam (object format " + std::to_string(format) + "; this one reads " +
           std::to_string(host.format) + ")";
  if (triple != host.triple)
    return "it was made for " + triple + ", but this peer is " + host.triple;
  if (llvm != host.llvm)
    return "it was made by LLVM " + llvm + ", but this peer has " + host.llvm;
  std::vector<std::string> lacked;
  std::ranges::set_difference(features, host.features, std::back_inserter(lacked));
  return lacked.empty() ? "" : "it may use " + listed(lacked) + ", which this CPU lacks";
}

std::size_t ObjectTarget::meritOn(const ObjectTarget& host) const {
  constexpr std::size_t sameCpu = 1'000'000, eachFeature = 10;
  return (cpu == host.cpu ? sameCpu : 0) + eachFeature * features.size() + level;
}

CompiledObject CompiledObject::read(std::span<const std::byte> bytes) {
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  checkMagic(text);
  if (bytes.size() < fixedSize)
    fail("it is cut short");
  if (*Digest::fromBytes(bytes.subspan(magic.size(), Digest::size)) !=
      Digest::of(bytes.subspan(hashedFrom)))
    fail("it is damaged: its hash is another one");
  CompiledObject object;
  object.slice = *Digest::fromBytes(bytes.subspan(hashedFrom, Digest::size));
  std::size_t numbers = hashedFrom + Digest::size;
  object.compileNanoseconds = readNumber(bytes, numbers);
  std::uint64_t codeSize = readNumber(bytes, numbers + 8);
  std::uint64_t targetSize = readNumber(bytes, numbers + 16);
  std::size_t rest = bytes.size() - fixedSize;
  if (targetSize > rest || paddedSize(targetSize) > rest ||
      codeSize != rest - paddedSize(targetSize) || codeSize == 0)
    fail("its sizes do not add up");
  object.target = ObjectTarget::parse(text.substr(fixedSize, targetSize));
  object.code = bytes.last(codeSize);
  return object;
}

CompiledObject CompiledObject::readFor(std::span<const std::byte> bytes, const Digest& slice,
                                       const ObjectTarget& host) {
  CompiledObject object = read(bytes);
  if (object.slice != slice)
    fail("it was made from another slice, " + object.slice.shortened());
  if (std::string refusal = object.target.refusalOn(host); !refusal.empty())
    fail(refusal);
  return object;
}

std::vector<std::byte> CompiledObject::write() const {
  std::string text = target.toText();
  std::vector<std::byte> bytes;
  bytes.reserve(fixedSize + paddedSize(text.size()) + code.size());
  append(bytes, bytesOf(magic));
  bytes.resize(hashedFrom); // the hash comes last
  append(bytes, slice.bytes());
  append(bytes, compileNanoseconds);
  append(bytes, code.size());
  append(bytes, text.size());
  append(bytes, bytesOf(text));
  bytes.resize(fixedSize + paddedSize(text.size()));
  append(bytes, code);
  Digest hash = Digest::of(std::span<const std::byte>(bytes).subspan(hashedFrom));
  std::ranges::copy(hash.bytes(), bytes.begin() + magic.size());
  return bytes;
}

} // namespace roam
