// Packs entries with the symbols of their program's files.
#include "tools/program-closures.h"
#include "jit/slice/peer-symbols.h"
#include "roam/error.h"
#include "runtime/code-packing.h"
#include "tools/files.h"
#include "tools/program-symbols.h"
#include "tools/source-compiling.h"
#include "tools/temporary-folder.h"
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

std::vector<std::string> add(BundleWriter& bundle, const std::vector<ManifestEntry>& entries,
                             const ProgramSymbols& program) {
  std::vector<std::string> leftOut;
  for (const ManifestEntry& entry : entries)
    try {
      add(bundle, entry, program);
    } catch (const Refused& refusal) {
      leftOut.push_back(refusal.what());
    }
  return leftOut;
}

/// An ELF file that is not linked yet.
bool isRelocatable(const std::string& elf) {
  constexpr std::size_t typeAt = 16;
  return elf.size() > typeAt && elf[typeAt] == 1; // ET_REL
}

} // namespace

std::vector<std::string> addProgram(BundleWriter& bundle, const std::string& path) {
  std::string file = readFile(path);
  try {
    std::vector<ManifestEntry> entries = readManifest(file);
    if (isRelocatable(file))
      throw std::runtime_error("it is an object file, which does not say what it will be linked "
                               "with: give the program, or its sources with -p");
    if (entries.empty())
      throw std::runtime_error("it holds no entries: it was built without Roam's compiler plugin, "
                               "or sends no closures");
    return add(bundle, entries, ProgramSymbols(path, file));
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(fmt::format("{}: {}", path, error.what()));
  }
}

std::vector<std::string> addSources(BundleWriter& bundle, const std::vector<std::string>& sources,
                                    const std::string& build) {
  std::vector<std::string> objects;
  TemporaryFolder folder;
  for (const CompiledSource& source : compileSources({sources, build, {}}, folder.path()))
    objects.push_back(readFile(source.object));
  std::vector<ManifestEntry> entries;
  for (const std::string& object : objects)
    for (ManifestEntry& entry : readManifest(object))
      entries.push_back(std::move(entry));
  return add(bundle, entries, ProgramSymbols(objects));
}

} // namespace roam::tools
