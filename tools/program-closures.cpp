// Packs entries with the symbols of their program's files.
#include "tools/program-closures.h"
#include "jit/slice/peer-symbols.h"
#include "roam/error.h"
#include "runtime/code-packing.h"
#include "tools/files.h"
#include "tools/program-symbols.h"
#include <algorithm>
#include <fmt/format.h>

namespace roam::tools {
namespace {

void add(BundleWriter& bundle, const ManifestEntry& entry, const ProgramSymbols& program) {
  if (std::ranges::find(entry.needs, targetSymbol) != entry.needs.end())
    throw Refused(fmt::format(
        "the closure at {}:{} captures something with functions behind it, and which is only known "
        "when it is sent: take it from a cluster that has run it (--from-cluster)",
        entry.description.file, entry.description.line));
  PackedCode code = packCode(entry, {}, program);
  bundle.addCode(std::string(code.bytes()), code.description, 0);
}

} // namespace

std::vector<std::string> addProgram(BundleWriter& bundle, const std::string& path) {
  std::string file = readFile(path);
  std::vector<std::string> leftOut;
  try {
    std::vector<ManifestEntry> entries = readManifest(file);
    if (entries.empty())
      throw std::runtime_error("it holds no entries: it was built without Roam's compiler plugin, "
                               "or sends no closures");
    ProgramSymbols program(path, file);
    for (const ManifestEntry& entry : entries)
      try {
        add(bundle, entry, program);
      } catch (const Refused& refusal) {
        leftOut.push_back(refusal.what());
      }
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(fmt::format("{}: {}", path, error.what()));
  }
  return leftOut;
}

} // namespace roam::tools
