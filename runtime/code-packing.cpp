// Makes slice groups of what entries need, or words of what can't travel.
#include "runtime/code-packing.h"
#include "jit/slice/demangle.h"
#include "roam/error.h"
#include <fmt/format.h>

namespace roam {
namespace {

/// The symbols of this process, for entries of one executable or shared library.
class ProcessSymbols final : public SymbolSource {
 public:
  ProcessSymbols(const EntryRecord& record,
                 const std::unordered_map<std::string, const EntryRecord*>& functions)
      : record_(record), functions_(functions) {}

  std::optional<ManifestEntry> function(const std::string& symbol) const override {
    auto found = functions_.find(symbol);
    return found == functions_.end() ? std::nullopt
                                     : std::optional<ManifestEntry>(readRecord(*found->second));
  }
  std::optional<DefiningLibrary> library(const std::string& symbol) const override {
    return libraryThatDefines(symbol);
  }
  bool isLinked(const std::string& symbol) const override { return isLinkedInto(&record_, symbol); }

 private:
  const EntryRecord& record_;
  const std::unordered_map<std::string, const EntryRecord*>& functions_;
};

/// What follows "the closure cannot be sent: it ".
std::string inWords(const CodeNeeds::Refusal& refusal) {
  std::string needs = "needs " + demangled(refusal.symbol);
  if (!refusal.caller.empty())
    needs += " (called from " + demangled(refusal.caller) + ")";
  switch (refusal.kind) {
  case CodeNeeds::Refusal::sendsItself:
    return "calls a cluster itself. Code on a peer cannot send further closures: return what they "
           "need, and send them from here";
  case CodeNeeds::Refusal::cannotTravel:
    return fmt::format("{}, which cannot travel: it {}. Give it what it needs as an argument or "
                       "capture.",
                       needs, refusal.reason);
  case CodeNeeds::Refusal::withoutPlugin:
    return needs + ", which is linked into this program from an object or static library that was "
                   "compiled without Roam's plugin. Compile that with the plugin (in CMake: link "
                   "its target with roam::roam), or make it a shared library that peers have.";
  case CodeNeeds::Refusal::nowhere:
    break;
  }
  return needs + ", which is defined nowhere in this program, or in a file that was compiled "
                 "without Roam's plugin. Link what defines it into this program, compiled with the "
                 "plugin (in CMake: link its target with roam::roam).";
}

} // namespace

PackedCode packCode(const ManifestEntry& entry, std::span<const std::string> targets,
                    const SymbolSource& symbols) {
  CodeNeeds needs = needsOf(entry, targets, symbols);
  if (!needs.refused.empty())
    throw Refused(fmt::format("the closure at {}:{} cannot be sent: it {}", entry.description.file,
                              entry.description.line, inWords(needs.refused.front())));
  PackedCode code;
  bool plain = needs.functions.empty() && needs.libraries.empty() && targets.empty();
  if (!plain) {
    SliceGroup group{std::move(needs.libraries), {{"", entry.slice}}, {}};
    group.members.insert(group.members.end(), needs.functions.begin(), needs.functions.end());
    group.targets.assign(targets.begin(), targets.end());
    code.group = group.write();
    code.digest = Digest::of(code.group);
  } else {
    code.slice = entry.slice;
    code.digest = entry.digest;
  }
  code.home = needs.peerLocals;
  Description description = entry.description;
  description.code = {};
  code.description = description.toText();
  return code;
}

const PackedCode& CodePacker::pack(const EntryRecord& entry, Functions functions,
                                   std::span<const std::string> targets) {
  Key key{&entry, {targets.begin(), targets.end()}};
  std::lock_guard lock(mutex_);
  auto& packed = packed_[key];
  if (!packed)
    packed = std::make_unique<PackedCode>(
        packCode(readRecord(entry), targets, ProcessSymbols(entry, byName(functions))));
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
