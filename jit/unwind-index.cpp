// Parses .eh_frame (Linux Standard Base 5, "Exception Frames") and answers the unwinder.
#include "jit/unwind-index.h"
#include <atomic>
#include <cstdint>
#include <cstring>
#include <dlfcn.h>
#include <map>
#include <mutex>
#include <shared_mutex>

namespace roam::jit {
namespace {

/// The code of one function, and the FDE that describes it.
struct Frame {
  std::uintptr_t end;
  const void* description;
};

struct Index {
  std::shared_mutex mutex;
  std::map<std::uintptr_t, Frame> frames; ///< by the first address of the code
  /// All compiled code ever entered lies in [lowest, highest): frames of other code are passed by
  /// without the lock.
  std::atomic<std::uintptr_t> lowest{UINTPTR_MAX}, highest{0};
};

/// Never destroyed: exceptions are thrown until the very end of the process.
Index& index() {
  static Index& only = *new Index;
  return only;
}

/// Reads forward through bytes that the JIT's linker wrote.
struct Reader {
  const unsigned char* at;

  template <class T>
  T take() {
    T value;
    std::memcpy(&value, at, sizeof value);
    at += sizeof value;
    return value;
  }

  /// Unsigned or signed LEB128; the sign does not matter to those that skip it.
  std::uint64_t takeLeb() {
    std::uint64_t value = 0;
    unsigned shift = 0, byte;
    do {
      byte = *at++;
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      shift += 7;
    } while (byte & 0x80);
    return value;
  }
};

enum PointerEncoding : unsigned {
  formMask = 0x0f,
  unsigned4 = 0x03,
  signed4 = 0x0b,
  applicationMask = 0x70,
  relativeToPlace = 0x10,
};

std::size_t sizeOf(unsigned encoding) {
  unsigned form = encoding & formMask;
  return form == unsigned4 || form == signed4 ? 4 : 8;
}

/// How the FDEs of a CIE write addresses: the 'R' of its augmentation.
unsigned addressEncoding(const unsigned char* cie) {
  Reader reader{cie + 8}; // past length and id
  unsigned version = *reader.at++;
  auto augmentation = reinterpret_cast<const char*>(reader.at);
  reader.at += std::strlen(augmentation) + 1;
  reader.takeLeb(); // code alignment
  reader.takeLeb(); // data alignment
  if (version == 1)
    ++reader.at; // return address register
  else
    reader.takeLeb();
  if (*augmentation != 'z')
    return 0;
  reader.takeLeb(); // size of the augmentation's values
  for (const char* letter = augmentation + 1; *letter; ++letter)
    if (*letter == 'R')
      return *reader.at;
    else if (*letter == 'L')
      ++reader.at;
    else if (*letter == 'P')
      reader.at += 1 + sizeOf(*reader.at);
  return 0;
}

struct Range {
  std::uintptr_t begin, end;
};

/// The code an FDE is for.
Range codeOf(const unsigned char* fde, unsigned encoding) {
  Reader reader{fde + 8};
  auto place = reinterpret_cast<std::uintptr_t>(reader.at);
  std::uintptr_t begin, size;
  if (sizeOf(encoding) == 4) {
    begin = (encoding & formMask) == signed4
                ? static_cast<std::uintptr_t>(std::intptr_t{reader.take<std::int32_t>()})
                : reader.take<std::uint32_t>();
    size = reader.take<std::uint32_t>();
  } else {
    begin = reader.take<std::uint64_t>();
    size = reader.take<std::uint64_t>();
  }
  if ((encoding & applicationMask) == relativeToPlace)
    begin += place;
  return {begin, begin + size};
}

/// Calls `visit(code, fde)` for every FDE of the section.
template <class Visit>
void forEachFrame(const char* section, std::size_t size, Visit visit) {
  auto at = reinterpret_cast<const unsigned char*>(section), end = at + size;
  while (end - at >= 8) {
    Reader reader{at};
    auto length = reader.take<std::uint32_t>();
    if (length == 0) { // a terminator; another section may follow
      at += 4;
      continue;
    }
    const unsigned char* idPlace = reader.at;
    if (auto toCie = reader.take<std::uint32_t>())
      visit(codeOf(at, addressEncoding(idPlace - toCie)), at);
    at = idPlace + length;
  }
}

void widen(Index& all, Range code) {
  if (code.begin < all.lowest.load(std::memory_order_relaxed))
    all.lowest.store(code.begin, std::memory_order_relaxed);
  if (code.end > all.highest.load(std::memory_order_relaxed))
    all.highest.store(code.end, std::memory_order_relaxed);
}

/// `begin` is the first address of the function that holds `pc`, if there is one.
const void* search(std::uintptr_t pc, std::uintptr_t& begin) {
  Index& all = index();
  if (pc < all.lowest.load(std::memory_order_relaxed) ||
      pc >= all.highest.load(std::memory_order_relaxed))
    return nullptr;
  std::shared_lock lock(all.mutex);
  auto after = all.frames.upper_bound(pc);
  if (after == all.frames.begin())
    return nullptr;
  auto& [first, frame] = *std::prev(after);
  if (pc >= frame.end)
    return nullptr;
  begin = first;
  return frame.description;
}

} // namespace

void addFrames(const char* section, std::size_t size) {
  Index& all = index();
  std::unique_lock lock(all.mutex);
  forEachFrame(section, size, [&](Range code, const void* fde) {
    all.frames[code.begin] = {code.end, fde};
    widen(all, code);
  });
}

void removeFrames(const char* section, std::size_t size) {
  Index& all = index();
  std::unique_lock lock(all.mutex);
  forEachFrame(section, size, [&](Range code, const void*) { all.frames.erase(code.begin); });
}

const void* findFrame(const void* pc) {
  std::uintptr_t begin;
  return search(reinterpret_cast<std::uintptr_t>(pc), begin);
}

std::size_t frameCount() {
  Index& all = index();
  std::shared_lock lock(all.mutex);
  return all.frames.size();
}

} // namespace roam::jit

/// As in libgcc's unwind-dw2-fde.h.
struct dwarf_eh_bases {
  void* textBase;
  void* dataBase;
  void* function;
};

extern "C" __attribute__((visibility("default"))) const void*
_Unwind_Find_FDE(void* pc, dwarf_eh_bases* bases) {
  std::uintptr_t begin;
  if (const void* fde = roam::jit::search(reinterpret_cast<std::uintptr_t>(pc), begin)) {
    *bases = {nullptr, nullptr, reinterpret_cast<void*>(begin)};
    return fde;
  }
  using Find = const void*(void*, dwarf_eh_bases*);
  static Find* const libgcc = reinterpret_cast<Find*>(dlsym(RTLD_NEXT, "_Unwind_Find_FDE"));
  return libgcc ? libgcc(pc, bases) : nullptr;
}

namespace roam::jit {

bool unwinderAsksIndex() {
  return dlsym(RTLD_DEFAULT, "_Unwind_Find_FDE") == reinterpret_cast<void*>(&_Unwind_Find_FDE) &&
         dlsym(RTLD_NEXT, "_Unwind_Find_FDE");
}

} // namespace roam::jit
