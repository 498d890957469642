// Three files each: KEY.h holds the lines, KEY.pch is made of it, and KEY.files, written last,
// lists all that was read with size and time, so that a header that was edited makes it invalid.
#include "plugin/precompiled-beginning.h"
#include "clang/Basic/Version.h"
#include "clang/Lex/Lexer.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/BLAKE3.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdlib>

using namespace clang;

namespace roam::plugin {
namespace {

namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

std::string joined(llvm::StringRef folder, const llvm::Twine& name) {
  llvm::SmallString<256> whole(folder);
  path::append(whole, name);
  return whole.str().str();
}

/// "SIZE TIME", which change when the file does; empty if it is not there.
std::string stateOf(llvm::StringRef file) {
  fs::file_status status;
  if (fs::status(file, status) || !fs::exists(status))
    return "";
  return llvm::utostr(status.getSize()) + " " +
         llvm::itostr(status.getLastModificationTime().time_since_epoch().count());
}

/// The leading directives; empty if they are not for us to take out.
llvm::StringRef beginningOf(llvm::StringRef text) {
  LangOptions language;
  language.CPlusPlus = language.CPlusPlus11 = language.LineComment = true;
  PreambleBounds bounds = Lexer::ComputePreamble(text, language);
  llvm::StringRef beginning = text.take_front(bounds.Size);
  bool isWhole = bounds.PreambleEndsAtStartOfLine && beginning.contains("#include") &&
                 beginning.count("#if") == beginning.count("#endif");
  return isWhole ? beginning : "";
}

/// The command without its file: nothing if the file is not found in it, or if it has a
/// precompiled header already.
std::optional<std::vector<std::string>> flagsOf(const Compilation& compilation) {
  std::vector<std::string> flags;
  bool found = false;
  for (const std::string& word : compilation.words)
    if (word == compilation.file)
      found = true;
    else if (llvm::StringRef(word).starts_with("-include") || word == "-x")
      return std::nullopt;
    else
      flags.push_back(word);
  return found ? std::optional(flags) : std::nullopt;
}

/// Does it include something that is looked for beside the file itself?
bool looksBeside(llvm::StringRef beginning) {
  llvm::SmallVector<llvm::StringRef, 32> lines;
  beginning.split(lines, '\n');
  return llvm::any_of(lines, [](llvm::StringRef line) {
    llvm::StringRef directive = line.ltrim();
    if (!directive.consume_front("#"))
      return false;
    directive = directive.ltrim();
    if (!directive.consume_front("include"))
      return directive.contains("__has_include");
    directive = directive.ltrim();
    return !directive.starts_with("<") && !directive.starts_with("\"/");
  });
}

std::string keyOf(const Compilation& compilation, const std::vector<std::string>& flags,
                  const RoamFiles& roam, llvm::StringRef beginning) {
  std::string all = getClangFullVersion() + '\0' + roam.plugin + stateOf(roam.plugin) + '\0' +
                    compilation.folder + '\0';
  if (looksBeside(beginning))
    all += path::parent_path(compilation.file);
  all += '\0';
  for (const std::string& flag : flags)
    all += flag + '\0';
  all += beginning;
  auto hash = llvm::BLAKE3::hash<16>(
      llvm::ArrayRef(reinterpret_cast<const uint8_t*>(all.data()), all.size()));
  return llvm::toHex(hash, /*LowerCase=*/true);
}

bool writeWhole(const std::string& file, llvm::StringRef text) {
  std::string made = file + "." + std::to_string(llvm::sys::Process::getProcessId());
  std::error_code failure;
  llvm::raw_fd_ostream stream(made, failure);
  if (failure)
    return false;
  stream << text;
  stream.close();
  if (stream.has_error()) {
    stream.clear_error();
    fs::remove(made);
    return false;
  }
  return !fs::rename(made, file);
}

} // namespace

std::vector<std::string> PrecompiledBeginnings::wordsFor(const Compilation& compilation,
                                                         const RoamFiles& roam) const {
  llvm::SmallString<256> file(compilation.file);
  fs::make_absolute(compilation.folder, file);
  auto text = llvm::MemoryBuffer::getFile(file);
  auto flags = flagsOf(compilation);
  if (folder_.empty() || !text || !flags)
    return {};
  llvm::StringRef beginning = beginningOf((*text)->getBuffer());
  if (beginning.empty())
    return {};
  std::string stem = joined(folder_, keyOf(compilation, *flags, roam, beginning));
  if (!isValid(stem)) {
    Compilation flagsOnly{compilation.folder, stem + ".h", *flags};
    if (!make(stem, flagsOnly, roam, beginning, path::parent_path(compilation.file).str()))
      return {};
    keepWithinLimit();
  }
  return {"-include-pch", stem + ".pch", "-Xclang",
          "-preamble-bytes=" + std::to_string(beginning.size()) + ",1"};
}

bool PrecompiledBeginnings::isValid(const std::string& stem) const {
  auto list = llvm::MemoryBuffer::getFile(stem + ".files");
  if (!list)
    return false;
  llvm::SmallVector<llvm::StringRef, 256> lines;
  (*list)->getBuffer().split(lines, '\n', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef line : lines) {
    auto [file, state] = line.split('\t');
    if (stateOf(file) != state)
      return false;
  }
  return !lines.empty();
}

bool PrecompiledBeginnings::make(const std::string& stem, const Compilation& compilation,
                                 const RoamFiles& roam, llvm::StringRef beginning,
                                 const std::string& beside) const {
  std::string made = stem + "." + std::to_string(llvm::sys::Process::getProcessId()) + ".pch";
  if (fs::create_directories(folder_) || !writeWhole(stem + ".h", beginning))
    return false;
  fs::remove(stem + ".files");
  std::vector<std::string> words = wordsToCompile(compilation, roam, made);
  // Headers beside the file are spelled as the file itself would: __FILE__ tells.
  words.insert(words.begin() + 1, {"-iquote", beside.empty() ? "." : beside});
  words.insert(words.end(),
               {"-Xclang", "-fpch-instantiate-templates", "-x", "c++-header", stem + ".h"});
  auto read = std::make_shared<FilesRead>();
  if (!run_(compilation.folder, words, read, /*silent=*/true)) {
    fs::remove(made);
    return false;
  }
  std::string list;
  for (llvm::StringRef file : read->getDependencies()) {
    llvm::SmallString<256> whole(file);
    fs::make_absolute(compilation.folder, whole);
    list += whole.str().str() + "\t" + stateOf(whole) + "\n";
  }
  return !fs::rename(made, stem + ".pch") && writeWhole(stem + ".files", list);
}

/// Some 10 MB each.
void PrecompiledBeginnings::keepWithinLimit() const {
  constexpr size_t most = 16;
  std::vector<std::pair<llvm::sys::TimePoint<>, std::string>> kept;
  std::error_code failure;
  for (fs::directory_iterator at(folder_, failure), end; at != end && !failure;
       at.increment(failure))
    if (llvm::StringRef file = at->path(); file.ends_with(".files"))
      if (auto status = at->status())
        kept.push_back({status->getLastModificationTime(), file.drop_back(6).str()});
  llvm::sort(kept);
  for (size_t i = 0; i + most < kept.size(); ++i)
    for (const char* ending : {".files", ".pch", ".h"})
      fs::remove(kept[i].second + ending);
}

std::string folderOfBeginnings() {
  // As the XDG base directory specification says: an empty or relative setting counts as none.
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache && cache[0] == '/')
    return joined(cache, "roam/headers");
  if (const char* home = std::getenv("HOME"); home && home[0] == '/')
    return joined(home, ".cache/roam/headers");
  return "";
}

} // namespace roam::plugin
