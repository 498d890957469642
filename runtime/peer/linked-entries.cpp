// Loads libraries, reads their tables, and compares what linked code calls with what its group has.
#include "runtime/peer/linked-entries.h"
#include "jit/slice/demangle.h"
#include "jit/slice/slice-group.h"
#include "roam/error.h"
#include <algorithm>
#include <cfenv>
#include <cxxabi.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <link.h>
#include <utility>

namespace roam::peer {
namespace {

const void* at(const void* start, std::int64_t distance) {
  return static_cast<const char*>(start) + distance;
}

Digest digestOf(const std::uint8_t (&bytes)[Digest::size]) {
  return *Digest::fromBytes(std::as_bytes(std::span(bytes)));
}

/// The linked slices of one library.
class LinkedSlices {
 public:
  explicit LinkedSlices(const LinkedTable& table) {
    for (const LinkedRecord* record = table.linked; record != table.linkedEnd; ++record)
      code_.emplace(digestOf(record->digest), record);
    for (const EntryRecord* record = table.functions; record != table.functionsEnd; ++record)
      needs_.emplace(digestOf(record->digest), record);
    for (const EntryRecord* record = table.entries; record != table.entriesEnd; ++record)
      needs_.emplace(digestOf(record->digest), record);
  }

  const LinkedRecord* find(const Digest& digest) const {
    auto found = code_.find(digest);
    return found == code_.end() ? nullptr : found->second;
  }

  /// Is all that the members of the group refer to of each other the code of linked slices?
  bool hold(const SliceGroup& group) const {
    Members members;
    for (const SliceGroup::Member& member : group.members)
      members.emplace(member.name, Digest::of(member.slice));
    return std::ranges::all_of(members, [&](const auto& member) {
      auto [first, last] = code_.equal_range(member.second);
      auto needs = needs_.find(member.second);
      return first != last && needs != needs_.end() &&
             std::all_of(first, last, [&](const auto& each) {
               return isBound(*each.second, readRecord(*needs->second).needs, members);
             });
    });
  }

 private:
  using Members = std::map<std::string, Digest>;

  bool isBound(const LinkedRecord& record, const std::vector<std::string>& needs,
               const Members& members) const {
    auto* callees = static_cast<const LinkedCallee*>(at(&record, record.callees));
    std::span all(callees, record.calleesSize / sizeof(LinkedCallee));
    return std::ranges::all_of(needs, [&](const std::string& need) {
      auto member = members.find(need);
      return member == members.end() || std::ranges::any_of(all, [&](const LinkedCallee& callee) {
               return need == static_cast<const char*>(at(callees, callee.name)) &&
                      isCodeOf(member->second, at(callees, callee.function));
             });
    });
  }

  bool isCodeOf(const Digest& digest, const void* function) const {
    auto [first, last] = code_.equal_range(digest);
    return std::any_of(first, last, [&](const auto& each) {
      return at(each.second, each.second->function) == function;
    });
  }

  /// Functions of several names may have equal slices.
  std::unordered_multimap<Digest, const LinkedRecord*> code_;
  std::unordered_map<Digest, const EntryRecord*> needs_;
};

/// Constructors of libraries that were compiled with -ffast-math set the processor to flush small
/// numbers to zero, which is not what slices mean.
class KeptFloatingPoint {
 public:
  KeptFloatingPoint() { std::fegetenv(&kept_); }
  ~KeptFloatingPoint() { std::fesetenv(&kept_); }
  KeptFloatingPoint(const KeptFloatingPoint&) = delete;

 private:
  std::fenv_t kept_;
};

/// The library's own, not that of one that it needs.
const LinkedTable* tableOf(void* library) {
  void* table = dlsym(library, linkedTableSymbol);
  link_map *own = nullptr, *owner = nullptr;
  Dl_info place;
  if (!table || dlinfo(library, RTLD_DI_LINKMAP, &own) != 0 ||
      dladdr1(table, &place, reinterpret_cast<void**>(&owner), RTLD_DL_LINKMAP) == 0 ||
      owner != own)
    return nullptr;
  return static_cast<const LinkedTable*>(table);
}

std::string typeOfThrown() {
  const std::type_info* type = abi::__cxa_current_exception_type();
  std::string name = demangled("_ZTI" + std::string(type ? type->name() : ""));
  constexpr std::string_view prefix = "typeinfo for ";
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

} // namespace

LinkedTable tableOf(const detail::LinkedSections& sections) {
  auto linked = [](const char* at) { return reinterpret_cast<const LinkedRecord*>(at); };
  auto entry = [](const char* at) { return reinterpret_cast<const EntryRecord*>(at); };
  return {linked(sections.linked),    linked(sections.linkedEnd), entry(sections.entries),
          entry(sections.entriesEnd), entry(sections.functions),  entry(sections.functionsEnd)};
}

void LinkedEntries::load(const std::string& path) {
  KeptFloatingPoint kept;
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char* why = dlerror();
    throw std::runtime_error("can't load a library: " + (why ? std::string(why) : path));
  }
  const LinkedTable* table = tableOf(library);
  if (!table || add(*table) == 0)
    throw std::runtime_error(fmt::format(
        "the library {} holds no linked entries: compile its files that send closures with Roam's "
        "plugin and -fplugin-arg-roam-linked (in CMake: roam_linked(TARGET))",
        path));
}

std::size_t LinkedEntries::add(const LinkedTable& table) {
  LinkedSlices slices(table);
  CodePacker::Functions functions(table.functions, table.functionsEnd);
  std::size_t count = 0;
  for (const EntryRecord& entry : std::span(table.entries, table.entriesEnd)) {
    const LinkedRecord* code = slices.find(digestOf(entry.digest));
    if (!code)
      continue;
    try {
      const PackedCode& packed = packer_.pack(entry, functions);
      if (!packed.group.empty() && !slices.hold(SliceGroup::read(packed.group)))
        continue;
      auto* init = code->init ? at(code, code->init) : nullptr;
      entries_.try_emplace(
          packed.digest,
          Entry{reinterpret_cast<EntryFunction*>(const_cast<void*>(at(code, code->function))),
                reinterpret_cast<void (*)()>(const_cast<void*>(init)), ""});
      ++count;
    } catch (const Refused&) {
      // Nobody can send this closure: it calls what can't travel.
    }
  }
  return count;
}

EntryFunction* LinkedEntries::find(const Digest& digest) {
  auto found = entries_.find(digest);
  if (found == entries_.end())
    return nullptr;
  Entry& entry = found->second;
  std::lock_guard lock(initMutex_);
  if (entry.init)
    initialise(digest, entry);
  if (!entry.failure.empty())
    throw std::runtime_error(entry.failure);
  return entry.function;
}

/// Once: what it left half made stays so.
void LinkedEntries::initialise(const Digest& digest, Entry& entry) {
  auto* init = std::exchange(entry.init, nullptr);
  auto failed = [&] {
    return fmt::format("slice {} has a variable whose initialiser threw {}", digest.shortened(),
                       typeOfThrown());
  };
  try {
    init();
  } catch (const std::exception& error) {
    entry.failure = failed() + ": " + error.what();
  } catch (...) {
    entry.failure = failed();
  }
}

std::vector<Digest> LinkedEntries::digests() const {
  std::vector<Digest> digests;
  for (auto& [digest, entry] : entries_)
    digests.push_back(digest);
  return digests;
}

} // namespace roam::peer
