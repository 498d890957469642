// `roam show DIGEST`: all that is known about one piece of code.
#include "jit/slice/ship-report.h"
#include "runtime/peer/peer-options.h"
#include "tools/child-program.h"
#include "tools/code-search.h"
#include "tools/commands.h"
#include "tools/joining.h"
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <memory>

namespace roam::tools {
namespace {

constexpr int patience = 600; ///< seconds; the largest closures take a few

/// What roam-compiler says of the code.
std::string compilerText(const std::string& what, const std::string& code) {
  ChildResult ended = runChild({peer::findCompiler(), what}, code, patience);
  if (ended.status != 0)
    throw std::runtime_error(ended.errors.empty() ? "roam-compiler could not read the code"
                                                  : ended.errors);
  return ended.output;
}

std::string milliseconds(std::uint64_t nanoseconds) {
  return fmt::format("{:.3f} ms", static_cast<double>(nanoseconds) / 1e6);
}

/// How the peer came by its machine code.
std::string originOf(const net::CodeStatus& status) {
  std::string text = nameOf(status.rung);
  if (status.objectBytes > 0)
    text += fmt::format(", {} bytes for {} at -O{}", status.objectBytes, status.cpu, status.level);
  if (status.compileNanoseconds > 0)
    text += ", compiled in " + milliseconds(status.compileNanoseconds);
  return text;
}

void print(const PeerUse& use) {
  const net::CodeStatus& status = use.status;
  fmt::print("  peer      {}\n    code      {}\n    calls     {} chunks, {} elements, {} in all\n",
             use.address, originOf(status), status.calls, status.elements,
             milliseconds(status.runNanoseconds));
}

void printDescription(const FoundCode& found) {
  fmt::print("{}\n", found.digest.toString());
  if (!found.description.empty()) {
    Description about = Description::parse(found.description);
    fmt::print("  at        {}:{}:{}\n{}", about.file, about.line, about.column,
               signatureReport(about));
  }
  fmt::print("  code      {} bytes\n", found.code.size());
}

int show(const std::string& digest, const CodePlaces& places) {
  FoundCode found = findCode(digest, places);
  printDescription(found);
  for (const PeerUse& use : found.uses)
    print(use);
  if (found.code.empty()) {
    fmt::print("\nNone of them gives the code itself: a peer that has it linked or in a bundle "
               "keeps no slice.\n");
    return exitDone;
  }
  fmt::print("\n--- IR ---\n{}\n--- assembly for this machine ---\n{}",
             compilerText("ir", found.code), compilerText("asm", found.code));
  return exitDone;
}

// --- two of them ------------------------------------------------------------------------------

/// Removed with the object.
class TextFile {
 public:
  explicit TextFile(const std::string& text) {
    int descriptor = mkstemp(path_.data());
    if (descriptor < 0)
      throw std::runtime_error("can't make a temporary file like " + path_);
    close(descriptor);
    std::ofstream(path_) << text;
  }
  ~TextFile() { std::filesystem::remove(path_); }
  TextFile(const TextFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_ = (std::filesystem::temp_directory_path() / "roam-show-XXXXXX").string();
};

std::string irOf(const FoundCode& found) {
  if (found.code.empty())
    throw std::runtime_error("no peer gives the code of " + found.digest.toString());
  return compilerText("ir", found.code);
}

int showDifference(const std::string& one, const std::string& other, const CodePlaces& places) {
  FoundCode first = findCode(one, places), second = findCode(other, places);
  TextFile before(irOf(first)), after(irOf(second));
  ChildResult ended = runChild({"/usr/bin/diff", "-u", "--label", first.digest.toString(),
                                "--label", second.digest.toString(), before.path(), after.path()},
                               "", patience);
  constexpr int failed = 2; // as diff(1) says
  if (ended.status >= failed)
    throw std::runtime_error("diff could not compare them: " + ended.errors);
  fmt::print("{}", ended.output);
  return exitDone;
}

} // namespace

void addShowCommand(CLI::App& app, Command& chosen) {
  struct Arguments {
    std::vector<std::string> words, bundles;
    net::JoinOptions join;
    bool diff = false;
  };
  auto arguments = std::make_shared<Arguments>();
  auto* command = app.add_subcommand(
      "show",
      "Show all that is known of a closure's code: place in the source, signature, LLVM IR, "
      "assembly for this machine; of each peer that has run it where its machine code came from, "
      "how long compiling took, and how often and how long it ran.");
  command
      ->add_option("DIGEST", arguments->words,
                   "The beginning of its digest; with --diff, of two digests. Then programs or "
                   "shared libraries to look into")
      ->required();
  addJoinWords(*command, arguments->join);
  command->add_option("--bundle", arguments->bundles, "A bundle to look into. May be repeated")
      ->allow_extra_args(false);
  command->add_flag("--diff", arguments->diff,
                    "Print the difference between the IR of two of them, as diff -u does");
  command->callback([&chosen, arguments] {
    std::size_t digests = arguments->diff ? 2 : 1;
    if (arguments->words.size() < digests)
      throw CLI::RequiredError("--diff needs two digests");
    chosen = [arguments, digests] {
      auto& words = arguments->words;
      CodePlaces places{addressesOf(arguments->join),
                        arguments->bundles,
                        {words.begin() + static_cast<std::ptrdiff_t>(digests), words.end()}};
      return arguments->diff ? showDifference(words[0], words[1], places) : show(words[0], places);
    };
  });
}

} // namespace roam::tools
