// The bytes of repro files.
#include "runtime/peer/repro-file.h"
#include <array>
#include <span>
#include <stdexcept>

namespace roam::peer {
namespace {

constexpr std::string_view magic = "RoamRpr1";
constexpr std::size_t hashedFrom = magic.size() + Digest::size;

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error("this is no repro file that can be used: " + what);
}

std::span<const std::byte> bytesOf(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::string_view textOf(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void append(std::string& bytes, std::uint64_t number) {
  for (unsigned shift = 0; shift < 64; shift += 8)
    bytes.push_back(static_cast<char>(number >> shift));
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::string_view take(std::uint64_t size) {
    if (size > rest_.size())
      fail("it is cut short");
    std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  std::uint64_t number() {
    std::uint64_t number = 0;
    std::string_view bytes = take(8);
    for (unsigned i = 0; i < 8; ++i)
      number |= std::uint64_t(static_cast<unsigned char>(bytes[i])) << (8 * i);
    return number;
  }
  /// Of a signal or an exit status.
  int smallNumber() {
    std::uint64_t value = number();
    if (value > 255)
      fail("it has a signal or an exit status that there is not");
    return static_cast<int>(value);
  }
  std::string_view sized() { return take(number()); }
  bool atEnd() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

} // namespace

ReproFile ReproFile::read(std::string_view bytes) {
  if (!bytes.starts_with(magic))
    fail("it does not begin like one, or is of another version of Roam");
  if (bytes.size() < hashedFrom)
    fail("it is cut short");
  if (*Digest::fromBytes(bytesOf(bytes.substr(magic.size(), Digest::size))) !=
      Digest::of(bytes.substr(hashedFrom)))
    fail("it is damaged: its hash is another one");
  Reader in(bytes.substr(hashedFrom));
  ReproFile file;
  file.entry = *Digest::fromBytes(bytesOf(in.take(Digest::size)));
  file.count = in.number();
  file.first = in.number();
  file.element = in.number();
  file.signal = in.smallNumber();
  file.exitStatus = in.smallNumber();
  for (std::string_view* one :
       {&file.platform, &file.what, &file.slice, &file.captures, &file.arguments})
    *one = in.sized();
  if (!in.atEnd())
    fail("there is more than belongs to it");
  if (Digest::of(file.slice) != file.entry)
    fail("its slice is not what the digest says");
  return file;
}

std::string ReproFile::write() const {
  std::string rest(textOf(entry.bytes()));
  for (std::uint64_t number :
       {count, first, element, std::uint64_t(signal), std::uint64_t(exitStatus)})
    append(rest, number);
  for (std::string_view one : {platform, what, slice, captures, arguments}) {
    append(rest, one.size());
    rest += one;
  }
  std::string bytes(magic);
  bytes += textOf(Digest::of(rest).bytes());
  return bytes + rest;
}

} // namespace roam::peer
