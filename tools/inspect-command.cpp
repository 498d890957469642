// `roam inspect BINARY`: the entries inside a program built with Roam.
#include "jit/slice/demangle.h"
#include "jit/slice/ship-report.h"
#include "tools/commands.h"
#include "tools/files.h"
#include "tools/program-symbols.h"
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <memory>
#include <optional>
#include <set>

namespace roam::tools {
namespace {

std::string inWords(const CodeNeeds::Refusal& refusal) {
  switch (refusal.kind) {
  case CodeNeeds::Refusal::cannotTravel:
    return refusal.reason;
  case CodeNeeds::Refusal::sendsItself:
    return "code on a peer cannot send further closures";
  case CodeNeeds::Refusal::withoutPlugin:
    return "no code in this file; it was compiled without Roam's plugin";
  case CodeNeeds::Refusal::nowhere:
    break;
  }
  return "neither in this file nor in a shared library that it needs";
}

void print(const CodeNeeds& found, const ProgramSymbols& program) {
  std::size_t functions = found.functions.size(), bytes = 0;
  for (auto& function : found.functions)
    bytes += function.slice.size();
  if (functions > 0)
    fmt::print("  with      {} function{} of other files, {} bytes\n", functions,
               functions == 1 ? "" : "s", bytes);
  std::set<std::string> libraries(found.baseLibraries.begin(), found.baseLibraries.end());
  for (auto& library : found.libraries)
    libraries.insert(library.soname);
  if (!libraries.empty())
    fmt::print("  libraries {}\n", fmt::join(libraries, ", "));
  for (auto& refusal : found.refused)
    if (refusal.kind != CodeNeeds::Refusal::nowhere || program.knowsLibraries())
      fmt::print("  needs     {}: {}\n", demangled(refusal.symbol), inWords(refusal));
}

void print(const ManifestEntry& entry, const ProgramSymbols& program, bool symbols) {
  const Description& about = entry.description;
  fmt::print("{}\n  at        {}:{}:{}\n{}", entry.digest.toString(), about.file, about.line,
             about.column, shipReport(entry, symbols));
  print(needsOf(entry, {}, program), program);
}

int inspect(const std::string& path, bool symbols) {
  std::string file = readFile(path);
  std::vector<ManifestEntry> entries;
  std::optional<ProgramSymbols> program;
  try {
    entries = readManifest(file);
    program.emplace(path, file);
  } catch (const std::exception& error) {
    throw std::runtime_error(fmt::format("{}: {}", path, error.what()));
  }
  if (entries.empty())
    fmt::print("{} holds no entries: it was built without Roam's compiler plugin, or sends no "
               "closures.\n",
               path);
  for (auto& entry : entries)
    print(entry, *program, symbols);
  return exitDone;
}

} // namespace

void addInspectCommand(CLI::App& app, Command& chosen) {
  struct Arguments {
    std::string binary;
    bool symbols = false;
  };
  auto arguments = std::make_shared<Arguments>();
  auto* command = app.add_subcommand(
      "inspect",
      "List the entries of a program or shared library built with Roam: digest, place in "
      "the source, captures with types and sizes, functions and bytes of code, variables that "
      "keep their value, CPU features, undefined symbols and where they are.");
  command->add_option("BINARY", arguments->binary, "The executable or shared library")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_flag("--symbols", arguments->symbols, "Also list the symbols a peer must provide");
  command->callback([&chosen, arguments] {
    chosen = [arguments] { return inspect(arguments->binary, arguments->symbols); };
  });
}

} // namespace roam::tools
