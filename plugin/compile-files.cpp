// roam-clang: compiles source files with the plugin, so that commands find their entries in the
// objects. Links Clang as a library.
//
//     roam-clang -o FOLDER [-p BUILD] [--precompile] FILE... [-- FLAG...]
//
// With BUILD, which holds compile_commands.json, each command that it has for a file is run, in its
// folder and with its flags. Without, a file is compiled as C++20 with Roam's headers; FLAGs are
// for it then. --precompile keeps what a file includes first for the next time
// (plugin/precompiled-beginning.h).
//
// Objects are written to FOLDER, each with a list of the files that it was made of beside it
// (OBJECT.files). Prints the path of each object, a line each. What Clang says goes to standard
// error; the exit code is 1 if any file could not be compiled.
#include "plugin/compile-command.h"
#include "plugin/precompiled-beginning.h"
#include "clang/Frontend/CompilerInstance.h"
#include "clang/FrontendTool/Utils.h"
#include "clang/Tooling/Tooling.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/VirtualFileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace clang;
using namespace clang::tooling;

namespace roam::plugin {
namespace {

/// Objects with code, as the compiler itself makes them: what libTooling has in place of this
/// loads no plugins.
class CompileToObject : public ToolAction {
 public:
  explicit CompileToObject(std::shared_ptr<FilesRead> read) : read_(std::move(read)) {}

  bool runInvocation(std::shared_ptr<CompilerInvocation> invocation, FileManager* files,
                     std::shared_ptr<PCHContainerOperations> containers,
                     DiagnosticConsumer* diagnostics) override {
    CompilerInstance compiler(std::move(containers));
    compiler.setInvocation(std::move(invocation));
    compiler.setFileManager(files);
    compiler.addDependencyCollector(read_);
    compiler.createDiagnostics(diagnostics, /*ShouldOwnClient=*/false);
    return ExecuteCompilerInvocation(&compiler);
  }

 private:
  std::shared_ptr<FilesRead> read_;
};

bool runCompiler(const std::string& folder, std::vector<std::string> words,
                 std::shared_ptr<FilesRead> read, bool silent) {
  llvm::IntrusiveRefCntPtr<llvm::vfs::FileSystem> system = llvm::vfs::createPhysicalFileSystem();
  if (std::error_code failure = system->setCurrentWorkingDirectory(folder)) {
    llvm::errs() << "roam-clang: can't go to '" << folder
                 << "', where a file is compiled: " << failure.message() << "\n";
    return false;
  }
  llvm::IntrusiveRefCntPtr<FileManager> files(new FileManager({}, system));
  CompileToObject action(std::move(read));
  IgnoringDiagConsumer nobody;
  ToolInvocation invocation(std::move(words), &action, files.get(),
                            std::make_shared<PCHContainerOperations>());
  if (silent)
    invocation.setDiagnosticConsumer(&nobody);
  return invocation.run();
}

struct Arguments {
  std::string build, folder;
  std::vector<std::string> files, flags;
  bool precompiles = false;
};

std::optional<Arguments> parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    llvm::StringRef one = argv[i];
    if ((one == "-p" || one == "-o") && i + 1 < argc)
      (one == "-p" ? arguments.build : arguments.folder) = argv[++i];
    else if (one == "--precompile")
      arguments.precompiles = true;
    else if (one == "--") {
      arguments.flags.assign(argv + i + 1, argv + argc);
      break;
    } else if (!one.starts_with("-"))
      arguments.files.push_back(one.str());
    else
      return std::nullopt;
  }
  bool complete = !arguments.folder.empty() && !arguments.files.empty() &&
                  (arguments.build.empty() || arguments.flags.empty());
  return complete ? std::optional(arguments) : std::nullopt;
}

/// One absolute path a line.
bool writeFilesRead(const std::string& list, FilesRead& read, const std::string& folder,
                    const PrecompiledBeginnings& beginnings) {
  std::error_code failure;
  llvm::raw_fd_ostream stream(list, failure);
  for (llvm::StringRef file : read.getDependencies()) {
    llvm::SmallString<256> whole(file);
    llvm::sys::fs::make_absolute(folder, whole);
    if (!beginnings.isOurs(whole))
      stream << whole << "\n";
  }
  if (failure)
    llvm::errs() << "roam-clang: can't write " << list << ": " << failure.message() << "\n";
  return !failure;
}

bool compile(const Compilation& compilation, const RoamFiles& roam, const std::string& object,
             const PrecompiledBeginnings& beginnings) {
  std::vector<std::string> words = wordsToCompile(compilation, roam, object);
  for (std::string& word : beginnings.wordsFor(compilation, roam))
    words.push_back(std::move(word));
  auto read = std::make_shared<FilesRead>();
  return runCompiler(compilation.folder, std::move(words), read, /*silent=*/false) &&
         writeFilesRead(object + ".files", *read, compilation.folder, beginnings);
}

/// Throws std::runtime_error about what is wrong before a file is compiled. True if all were.
bool compileAll(const Arguments& arguments) {
  RoamFiles roam = RoamFiles::find();
  PrecompiledBeginnings beginnings(arguments.precompiles ? folderOfBeginnings() : "", &runCompiler);
  llvm::SmallString<256> folder(arguments.folder);
  llvm::sys::fs::make_absolute(folder);
  llvm::sys::path::remove_dots(folder, /*remove_dot_dot=*/true);
  bool good = true;
  unsigned count = 0;
  for (const std::string& file : arguments.files) {
    std::vector<Compilation> compilations;
    if (arguments.build.empty())
      compilations.push_back(commandWithoutProject(file, arguments.flags, roam));
    else
      compilations = commandsOfProject(arguments.build, file);
    for (const Compilation& compilation : compilations) {
      llvm::SmallString<256> object(folder);
      llvm::sys::path::append(object, std::to_string(count++) + "-" +
                                          llvm::sys::path::stem(file).str() + ".o");
      if (compile(compilation, roam, object.str().str(), beginnings))
        llvm::outs() << object << "\n";
      else
        good = false;
    }
  }
  return good;
}

} // namespace
} // namespace roam::plugin

int main(int argc, char** argv) {
  auto arguments = roam::plugin::parse(argc, argv);
  if (!arguments) {
    llvm::errs() << "roam-clang is started by `roam bundle`, `push`, `eval` and `run`:\n"
                    "    roam-clang -o FOLDER [-p BUILD] [--precompile] FILE... [-- FLAG...]\n";
    return 2;
  }
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  llvm::InitializeNativeTargetAsmParser();
  try {
    return roam::plugin::compileAll(*arguments) ? 0 : 1;
  } catch (const std::exception& error) {
    llvm::errs() << "roam-clang: " << error.what() << "\n";
    return 1;
  }
}
