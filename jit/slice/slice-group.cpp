// The bytes of slice groups.
#include "jit/slice/slice-group.h"
#include <algorithm>
#include <cstdint>
#include <stdexcept>

namespace roam {
namespace {

constexpr std::string_view magic = "RoamGrp1";

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error("this slice group is damaged: " + what);
}

void append(std::string& bytes, std::uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8)
    bytes.push_back(static_cast<char>(number >> shift));
}

void append(std::string& bytes, std::string_view text) {
  if (text.size() > UINT32_MAX)
    throw std::runtime_error("a slice of a group has more than 4 GiB");
  append(bytes, static_cast<std::uint32_t>(text.size()));
  bytes.append(text);
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::string_view take(std::size_t size) {
    if (size > rest_.size())
      fail("it is cut short");
    std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::uint32_t number() {
    std::uint32_t number = 0;
    std::string_view bytes = take(4);
    for (unsigned i = 0; i < 4; ++i)
      number |= std::uint32_t(static_cast<unsigned char>(bytes[i])) << (8 * i);
    return number;
  }

  /// Of elements that are made of so many numbers and texts: 4 bytes each at the least.
  std::uint32_t count(std::size_t parts) {
    std::uint32_t count = number();
    if (count > rest_.size() / (4 * parts))
      fail("a count is larger than what follows");
    return count;
  }

  std::string_view text() { return take(number()); }

  std::string name() {
    std::string_view name = text();
    if (name.empty() || name.find('\0') != std::string_view::npos)
      fail("a name is empty or holds a NUL");
    return std::string(name);
  }

  bool atEnd() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

void expectAscending(const std::string& before, const std::string& name) {
  if (name <= before)
    fail("'" + name + "' is there twice or not in order");
}

SliceGroup::Member readMember(Reader& in, bool first) {
  SliceGroup::Member member;
  if (!first)
    member.name = in.name();
  else if (!in.text().empty())
    fail("its first member is not the entry's");
  member.slice = in.text();
  if (member.slice.empty())
    fail("a member has no code");
  return member;
}

} // namespace

bool isSoname(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.size() < 256 &&
         name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

bool SliceGroup::isGroup(std::string_view bytes) {
  return bytes.starts_with(magic);
}

SliceGroup SliceGroup::read(std::string_view bytes) {
  Reader in(bytes);
  if (in.take(magic.size()) != magic)
    fail("it does not begin like one");
  SliceGroup group;
  for (std::uint32_t i = in.count(2); i > 0; --i) {
    Library library{in.name(), in.name()};
    if (!isSoname(library.soname))
      fail("'" + library.soname + "' is not the name of a shared library");
    expectAscending(group.libraries.empty() ? "" : group.libraries.back().soname, library.soname);
    group.libraries.push_back(std::move(library));
  }
  for (std::uint32_t i = in.count(2); i > 0; --i) {
    Member member = readMember(in, group.members.empty());
    if (!group.members.empty())
      expectAscending(group.members.back().name, member.name);
    group.members.push_back(std::move(member));
  }
  if (group.members.empty())
    fail("it has no members");
  for (std::uint32_t i = in.count(1); i > 0; --i)
    group.targets.push_back(in.name());
  if (!in.atEnd())
    fail("there are bytes after its end");
  return group;
}

std::string SliceGroup::write() const {
  auto libraries = this->libraries;
  auto members = this->members;
  std::ranges::sort(libraries, {}, &Library::soname);
  std::sort(members.begin() + 1, members.end(),
            [](const Member& a, const Member& b) { return a.name < b.name; });
  std::string bytes(magic);
  append(bytes, static_cast<std::uint32_t>(libraries.size()));
  for (const Library& library : libraries) {
    append(bytes, library.soname);
    append(bytes, library.symbol);
  }
  append(bytes, static_cast<std::uint32_t>(members.size()));
  for (const Member& member : members) {
    append(bytes, member.name);
    append(bytes, member.slice);
  }
  append(bytes, static_cast<std::uint32_t>(targets.size()));
  for (const std::string& target : targets)
    append(bytes, target);
  return bytes;
}

} // namespace roam
