// `roam inspect BINARY`: the entries inside a program built with Roam.
#include "jit/slice/demangle.h"
#include "jit/slice/ship-report.h"
#include "tools/commands.h"
#include "tools/needs.h"
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>

namespace roam::tools {
namespace {

std::string readFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  if (!file)
    throw std::runtime_error(fmt::format("cannot read {}", path));
  return bytes.str();
}

void print(const FoundNeeds& found) {
  if (found.functions > 0)
    fmt::print("  with      {} function{} of other files, {} bytes\n", found.functions,
               found.functions == 1 ? "" : "s", found.bytes);
  if (!found.libraries.empty())
    fmt::print("  libraries {}\n", fmt::join(found.libraries, ", "));
  for (auto& [symbol, reason] : found.refused)
    fmt::print("  needs     {}: {}\n", demangled(symbol), reason);
}

void print(const ManifestEntry& entry, const ProgramSymbols& program, bool symbols) {
  const Description& about = entry.description;
  fmt::print("{}\n  at        {}:{}:{}\n{}", entry.digest.toString(), about.file, about.line,
             about.column, shipReport(entry, symbols));
  print(program.find(entry));
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
