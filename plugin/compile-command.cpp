// Commands of projects come with outputs, dependency files and perhaps another build of the plugin:
// those are taken away, everything else stays in its place.
#include "plugin/compile-command.h"
#include "clang/Tooling/JSONCompilationDatabase.h"
#include "clang/Tooling/Tooling.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <stdexcept>

using namespace clang::tooling;

namespace roam::plugin {
namespace {

/// The first of these places, from this program's folder, that is there.
std::string findBeside(std::initializer_list<llvm::StringRef> places, llvm::StringRef what) {
  std::string program =
      llvm::sys::fs::getMainExecutable(nullptr, reinterpret_cast<void*>(&findBeside));
  std::string looked;
  for (llvm::StringRef place : places) {
    llvm::SmallString<256> path(llvm::sys::path::parent_path(program));
    llvm::sys::path::append(path, place);
    llvm::sys::path::remove_dots(path, /*remove_dot_dot=*/true);
    if (llvm::sys::fs::exists(path))
      return path.str().str();
    looked += (looked.empty() ? "" : " nor at ") + path.str().str();
  }
  throw std::runtime_error(what.str() + " is neither at " + looked +
                           ": is Roam installed completely?");
}

/// How many arguments a flag takes up that is about the project's own output; 0 for other flags.
int outputArguments(llvm::StringRef flag) {
  if (flag == "-o" || flag == "-MF" || flag == "-MT" || flag == "-MQ" || flag == "-MJ")
    return 2;
  if (flag == "-MD" || flag == "-MMD" || flag == "-MP" || flag == "-M" || flag == "-MM" ||
      flag == "-MG" || flag == "-E" || flag == "-S" || flag == "-fsyntax-only" ||
      flag == "-emit-llvm" || flag.starts_with("-save-temps") || flag.starts_with("-flto"))
    return 1;
  // Perhaps another build of the plugin.
  bool isPlugin = flag.starts_with("-fplugin=") && flag.ends_with("/roam-plugin.so");
  return isPlugin ? 1 : 0;
}

} // namespace

RoamFiles RoamFiles::find() {
  RoamFiles files;
  files.plugin =
      findBeside({"../lib/roam-plugin.so", "../../" ROAM_LIBRARY_FOLDER "/roam-plugin.so"},
                 "the compiler plugin");
  std::string header =
      findBeside({"../include/roam/roam.h", "../../include/roam/roam.h"}, "the header roam/roam.h");
  files.headers = llvm::sys::path::parent_path(llvm::sys::path::parent_path(header)).str();
  return files;
}

std::vector<Compilation> commandsOfProject(const std::string& build, const std::string& file) {
  std::string failure;
  llvm::SmallString<256> list(build);
  llvm::sys::path::append(list, "compile_commands.json");
  auto commands =
      JSONCompilationDatabase::loadFromFile(list, failure, JSONCommandLineSyntax::AutoDetect);
  if (!commands)
    throw std::runtime_error("can't read " + list.str().str() + ": " + failure +
                             " (CMake writes it with -DCMAKE_EXPORT_COMPILE_COMMANDS=ON)");
  std::vector<Compilation> all;
  for (CompileCommand& command : commands->getCompileCommands(getAbsolutePath(file)))
    all.push_back({std::move(command.Directory), std::move(command.Filename),
                   std::move(command.CommandLine)});
  if (all.empty())
    throw std::runtime_error(list.str().str() + " has no command that compiles " + file);
  return all;
}

Compilation commandWithoutProject(const std::string& file, const std::vector<std::string>& flags,
                                  const RoamFiles& roam) {
  llvm::SmallString<256> folder;
  if (std::error_code failure = llvm::sys::fs::current_path(folder))
    throw std::runtime_error("can't find the current folder: " + failure.message());
  Compilation compilation{folder.str().str(), file, {"clang++", "-std=c++20", "-I" + roam.headers}};
  compilation.words.insert(compilation.words.end(), flags.begin(), flags.end());
  compilation.words.push_back(file);
  return compilation;
}

std::vector<std::string> wordsToCompile(const Compilation& compilation, const RoamFiles& roam,
                                        const std::string& object) {
  std::vector<std::string> words{compilation.words.front(),
                                 "-fplugin=" + roam.plugin,
                                 "-c",
                                 "-o",
                                 object,
                                 "-resource-dir=" ROAM_CLANG_RESOURCES};
  for (size_t i = 1; i < compilation.words.size(); ++i)
    if (int count = outputArguments(compilation.words[i]))
      i += count - 1;
    else
      words.push_back(compilation.words[i]);
  return words;
}

} // namespace roam::plugin
