// `roam inspect BINARY`: the entries inside a program built with Roam.
#include "jit/slice/demangle.h"
#include "jit/slice/ship-report.h"
#include "tools/commands.h"
#include <fmt/format.h>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <set>
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

/// What stands in the way of a closure: functions it calls that cannot travel, found before it is
/// sent. What no file of the program defines is in a shared library, or will be missed by the
/// linker.
class NeedsCheck {
 public:
  explicit NeedsCheck(std::string_view file) : defined_(readDefinedFunctions(file)) {
    for (ManifestEntry& function : readFunctions(file))
      functions_.emplace(function.description.symbol, std::move(function));
  }

  /// A line for each, ended by a line end and indented by two spaces.
  std::string missing(const ManifestEntry& entry) const {
    std::string text;
    std::set<std::string> seen(entry.needs.begin(), entry.needs.end());
    std::vector<std::string> rest(entry.needs);
    while (!rest.empty()) {
      std::string symbol = std::move(rest.back());
      rest.pop_back();
      auto found = functions_.find(symbol);
      if (found == functions_.end()) {
        if (defined_.contains(symbol))
          text += line(symbol, "no code in this file; it was compiled without Roam's plugin");
        continue;
      }
      if (auto& refusal = found->second.description.refusal; !refusal.empty())
        text += line(symbol, refusal);
      for (const std::string& need : found->second.needs)
        if (seen.insert(need).second)
          rest.push_back(need);
    }
    return text;
  }

 private:
  static std::string line(const std::string& symbol, const std::string& why) {
    return fmt::format("  needs     {}: {}\n", demangled(symbol), why);
  }

  std::set<std::string> defined_;
  std::map<std::string, ManifestEntry> functions_; ///< by mangled name
};

void print(const ManifestEntry& entry, const NeedsCheck& needs, bool symbols) {
  const Description& about = entry.description;
  fmt::print("{}\n  at        {}:{}:{}\n{}{}", entry.digest.toString(), about.file, about.line,
             about.column, shipReport(entry, symbols), needs.missing(entry));
}

int inspect(const std::string& path, bool symbols) {
  std::string file = readFile(path);
  std::vector<ManifestEntry> entries;
  std::optional<NeedsCheck> needs;
  try {
    entries = readManifest(file);
    needs.emplace(file);
  } catch (const std::exception& error) {
    throw std::runtime_error(fmt::format("{}: {}", path, error.what()));
  }
  if (entries.empty())
    fmt::print("{} holds no entries: it was built without Roam's compiler plugin, or sends no "
               "closures.\n",
               path);
  for (auto& entry : entries)
    print(entry, *needs, symbols);
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
      "keep their value, CPU features, undefined symbols.");
  command->add_option("BINARY", arguments->binary, "The executable or shared library")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_flag("--symbols", arguments->symbols, "Also list the symbols a peer must provide");
  command->callback([&chosen, arguments] {
    chosen = [arguments] { return inspect(arguments->binary, arguments->symbols); };
  });
}

} // namespace roam::tools
