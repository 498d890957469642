// The plugin has put an entry with its name into the object for each.
#include "tools/live-closures.h"
#include "jit/slice/manifest.h"
#include "jit/slice/peer-symbols.h"
#include "runtime/code-packing.h"
#include "tools/program-symbols.h"
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <stdexcept>

namespace roam::tools {
namespace {

std::string placeOf(const ManifestEntry& entry) {
  return fmt::format("{}:{}", entry.description.file, entry.description.line);
}

PushedFunction packed(const ManifestEntry& entry, const ProgramSymbols& symbols) {
  PackedCode code = packCode(entry, {}, symbols);
  PushedFunction function;
  function.name = entry.description.liveName;
  function.signature = entry.description.signature;
  function.digest = code.digest;
  function.code = code.bytes();
  function.home = code.home;
  function.description = code.description;
  return function;
}

} // namespace

std::vector<PushedFunction> liveFunctionsIn(const std::vector<std::string>& objects) {
  ProgramSymbols symbols(objects);
  std::vector<PushedFunction> functions;
  std::map<std::string, ManifestEntry> byName;
  for (const std::string& object : objects)
    for (const ManifestEntry& entry : readManifest(object)) {
      if (entry.description.liveName.empty())
        continue;
      auto [at, isNew] = byName.emplace(entry.description.liveName, entry);
      if (isNew)
        functions.push_back(packed(entry, symbols));
      else if (placeOf(at->second) != placeOf(entry) || at->second.digest != entry.digest)
        throw std::runtime_error(fmt::format(
            "two functions have the live name '{}', at {} and at {}: a name is bound to "
            "one function",
            entry.description.liveName, placeOf(at->second), placeOf(entry)));
    }
  return functions;
}

} // namespace roam::tools
