// Resolves names as a linker would: functions of the program first, then shared libraries.
#include "runtime/code-needs.h"
#include "jit/slice/peer-symbols.h"
#include <algorithm>
#include <deque>
#include <set>

namespace roam {
namespace {

struct Need {
  std::string symbol, caller;
};

class Walk {
 public:
  explicit Walk(const SymbolSource& symbols) : symbols_(symbols) {}

  void ask(std::span<const std::string> symbols, const std::string& caller) {
    for (const std::string& symbol : symbols)
      if (asked_.insert(symbol).second)
        open_.push_back({symbol, caller});
  }

  CodeNeeds finish() {
    for (; !open_.empty(); open_.pop_front())
      settle(open_.front());
    return std::move(found_);
  }

 private:
  using Refusal = CodeNeeds::Refusal;

  void settle(const Need& need) {
    found_.peerLocals = found_.peerLocals || need.symbol.starts_with(peerLocalPrefix);
    if (everyPeerDefines(need.symbol))
      return;
    if (need.symbol == "roamRecord") // what the program's own code has in place of it is a record
      refuse(need, Refusal::sendsItself);
    else if (auto function = symbols_.function(need.symbol))
      add(need, *function);
    else if (auto library = symbols_.library(need.symbol))
      add(need, *library);
    else
      refuse(need, symbols_.isLinked(need.symbol) ? Refusal::withoutPlugin : Refusal::nowhere);
  }

  void add(const Need& need, const ManifestEntry& function) {
    if (!function.description.refusal.empty())
      return refuse(need, Refusal::cannotTravel, function.description.refusal);
    found_.functions.push_back({need.symbol, function.slice});
    ask(function.needs, std::string(need.symbol));
  }

  void add(const Need& need, const DefiningLibrary& library) {
    if (library.isBase) {
      if (std::ranges::find(found_.baseLibraries, library.soname) == found_.baseLibraries.end())
        found_.baseLibraries.push_back(library.soname);
    } else if (std::ranges::find(found_.libraries, library.soname, &SliceGroup::Library::soname) ==
               found_.libraries.end())
      found_.libraries.push_back({library.soname, need.symbol});
  }

  void refuse(const Need& need, Refusal::Kind kind, const std::string& reason = "") {
    found_.refused.push_back({kind, need.symbol, need.caller, reason});
  }

  const SymbolSource& symbols_;
  CodeNeeds found_;
  std::set<std::string> asked_;
  std::deque<Need> open_; ///< breadth first: the shortest way to everything
};

} // namespace

CodeNeeds needsOf(const ManifestEntry& entry, std::span<const std::string> targets,
                  const SymbolSource& symbols) {
  Walk walk(symbols);
  walk.ask(entry.needs, "");
  walk.ask(targets, "");
  return walk.finish();
}

} // namespace roam
