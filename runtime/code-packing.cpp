// Resolves names as a linker would: functions of the program first, then shared libraries.
#include "runtime/code-packing.h"
#include "jit/slice/demangle.h"
#include "jit/slice/peer-symbols.h"
#include "roam/error.h"
#include "runtime/process-symbols.h"
#include <deque>
#include <fmt/format.h>
#include <set>

namespace roam {
namespace {

/// An undefined symbol, and the function that first asked for it: empty if the entry itself did.
struct Need {
  std::string symbol, caller;
};

/// Collects the parts of one group.
class Packing {
 public:
  Packing(const EntryRecord& record,
          const std::unordered_map<std::string, const EntryRecord*>& functions)
      : record_(record), entry_(readRecord(record)), functions_(functions) {
    group_.members.push_back({"", entry_.slice});
    ask(entry_.needs, "");
  }

  std::unique_ptr<PackedCode> finish(std::span<const std::string> targets) {
    group_.targets.assign(targets.begin(), targets.end());
    ask(group_.targets, "");
    while (!needs_.empty()) {
      Need need = std::move(needs_.front());
      needs_.pop_front();
      settle(need);
    }
    auto code = std::make_unique<PackedCode>();
    bool plain = group_.members.size() == 1 && group_.libraries.empty() && targets.empty();
    if (!plain)
      code->group = group_.write();
    code->bytes = plain ? entry_.slice : std::string_view(code->group);
    code->home = home_;
    Description description = entry_.description;
    description.code = {};
    code->description = description.toText();
    code->digest = plain ? entry_.digest : Digest::of(code->bytes);
    return code;
  }

 private:
  void ask(const std::vector<std::string>& symbols, const std::string& caller) {
    for (const std::string& symbol : symbols)
      if (asked_.insert(symbol).second)
        needs_.push_back({symbol, caller});
  }

  void settle(const Need& need) {
    home_ = home_ || need.symbol.starts_with(peerLocalPrefix);
    if (everyPeerDefines(need.symbol))
      return;
    if (need.symbol == "roamRecord") // what the program's own code has in place of it is a record
      throw Refused(
          fmt::format("the closure at {}:{} cannot be sent: it calls a cluster itself. Code on a "
                      "peer cannot send further closures: return what they need, and send them "
                      "from here",
                      entry_.description.file, entry_.description.line));
    if (auto found = functions_.find(need.symbol); found != functions_.end())
      add(need, readRecord(*found->second));
    else if (auto library = libraryThatDefines(need.symbol))
      add(need, *library);
    else
      refuseUnknown(need);
  }

  void add(const Need& need, const ManifestEntry& function) {
    if (!function.description.refusal.empty())
      refuse(need,
             fmt::format("which cannot travel: it {}. Give it what it needs as an argument or "
                         "capture",
                         function.description.refusal));
    group_.members.push_back({need.symbol, function.slice});
    ask(function.needs, need.symbol);
  }

  void add(const Need& need, const DefiningLibrary& library) {
    auto isSame = [&](auto& known) { return known.soname == library.soname; };
    if (!library.isBase && std::ranges::none_of(group_.libraries, isSame))
      group_.libraries.push_back({library.soname, need.symbol});
  }

  [[noreturn]] void refuseUnknown(const Need& need) const {
    if (isLinkedInto(&record_, need.symbol))
      refuse(need, "which is linked into this program from an object or static library that was "
                   "compiled without Roam's plugin. Compile that with the plugin (in CMake: link "
                   "its target with roam::roam), or make it a shared library that peers have");
    refuse(need, "which is defined nowhere in this process, or in a file that was compiled without "
                 "Roam's plugin. Link what defines it into this program, compiled with the plugin "
                 "(in CMake: link its target with roam::roam)");
  }

  [[noreturn]] void refuse(const Need& need, const std::string& why) const {
    const Description& about = entry_.description;
    std::string caller =
        need.caller.empty() ? "" : fmt::format(" (called from {})", demangled(need.caller));
    throw Refused(fmt::format("the closure at {}:{} cannot be sent: it needs {}{}, {}.", about.file,
                              about.line, demangled(need.symbol), caller, why));
  }

  const EntryRecord& record_;
  ManifestEntry entry_;
  const std::unordered_map<std::string, const EntryRecord*>& functions_;
  SliceGroup group_;
  bool home_ = false;
  std::set<std::string> asked_;
  std::deque<Need> needs_; ///< breadth first: the shortest way to everything
};

} // namespace

const PackedCode& CodePacker::pack(const EntryRecord& entry, Functions functions,
                                   std::span<const std::string> targets) {
  Key key{&entry, {targets.begin(), targets.end()}};
  std::lock_guard lock(mutex_);
  auto& packed = packed_[key];
  if (!packed)
    packed = Packing(entry, byName(functions)).finish(targets);
  return *packed;
}

/// Of several files' functions of one name, which the linker has merged or the program never calls
/// together, the first is taken, as a linker would.
const CodePacker::FunctionsByName& CodePacker::byName(Functions functions) {
  auto [at, isNew] = byName_.try_emplace(functions.data());
  if (isNew)
    for (const EntryRecord& record : functions)
      at->second.emplace(readRecord(record).description.symbol, &record);
  return at->second;
}

} // namespace roam
