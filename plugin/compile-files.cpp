// roam-clang: compiles source files as a project does, with the plugin, so that `roam bundle` finds
// their closures in the objects. Links Clang as a library.
//
//     roam-clang -p BUILD -o FOLDER FILE...     prints the path of each object, a line each
//
// BUILD holds compile_commands.json; each command that it has for a file is run, in its folder and
// with its flags. Objects are written to FOLDER. What Clang says goes to standard error; the exit
// code is 1 if any file could not be compiled.
#include "clang/Frontend/CompilerInstance.h"
#include "clang/FrontendTool/Utils.h"
#include "clang/Tooling/JSONCompilationDatabase.h"
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

namespace {

/// Objects with code, as the compiler itself makes them: what libTooling has in place of this
/// loads no plugins.
class CompileToObject : public ToolAction {
 public:
  bool runInvocation(std::shared_ptr<CompilerInvocation> invocation, FileManager* files,
                     std::shared_ptr<PCHContainerOperations> containers,
                     DiagnosticConsumer* diagnostics) override {
    CompilerInstance compiler(std::move(containers));
    compiler.setInvocation(std::move(invocation));
    compiler.setFileManager(files);
    compiler.createDiagnostics(diagnostics, /*ShouldOwnClient=*/false);
    return ExecuteCompilerInvocation(&compiler);
  }
};

struct Arguments {
  std::string build, folder;
  std::vector<std::string> files;
};

std::optional<Arguments> parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    llvm::StringRef one = argv[i];
    if ((one == "-p" || one == "-o") && i + 1 < argc)
      (one == "-p" ? arguments.build : arguments.folder) = argv[++i];
    else if (!one.starts_with("-"))
      arguments.files.push_back(one.str());
    else
      return std::nullopt;
  }
  bool complete = !arguments.build.empty() && !arguments.folder.empty() && !arguments.files.empty();
  return complete ? std::optional(arguments) : std::nullopt;
}

/// The plugin, by its place beside this program: in the build tree, or where both are installed.
std::string findPlugin() {
  std::string program =
      llvm::sys::fs::getMainExecutable(nullptr, reinterpret_cast<void*>(&findPlugin));
  llvm::StringRef folder = llvm::sys::path::parent_path(program);
  std::string looked;
  for (const char* place :
       {"../lib/roam-plugin.so", "../../" ROAM_LIBRARY_FOLDER "/roam-plugin.so"}) {
    llvm::SmallString<256> path(folder);
    llvm::sys::path::append(path, place);
    llvm::sys::path::remove_dots(path, /*remove_dot_dot=*/true);
    if (llvm::sys::fs::exists(path))
      return path.str().str();
    looked += (looked.empty() ? "" : " nor at ") + path.str().str();
  }
  throw std::runtime_error("the compiler plugin is neither at " + looked +
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

/// The command of a project, made to write this object with this plugin.
std::vector<std::string> commandFor(const std::vector<std::string>& command,
                                    const std::string& plugin, const std::string& object) {
  std::vector<std::string> ours{command.front(),
                                "-fplugin=" + plugin,
                                "-c",
                                "-o",
                                object,
                                "-resource-dir=" ROAM_CLANG_RESOURCES};
  for (size_t i = 1; i < command.size(); ++i)
    if (int count = outputArguments(command[i]))
      i += count - 1;
    else
      ours.push_back(command[i]);
  return ours;
}

bool compile(const CompileCommand& command, const std::string& plugin, const std::string& object) {
  llvm::IntrusiveRefCntPtr<llvm::vfs::FileSystem> system = llvm::vfs::createPhysicalFileSystem();
  if (std::error_code failure = system->setCurrentWorkingDirectory(command.Directory)) {
    llvm::errs() << "roam-clang: can't go to '" << command.Directory << "', where "
                 << command.Filename << " is compiled: " << failure.message() << "\n";
    return false;
  }
  llvm::IntrusiveRefCntPtr<FileManager> files(new FileManager({}, system));
  CompileToObject action;
  return ToolInvocation(commandFor(command.CommandLine, plugin, object), &action, files.get(),
                        std::make_shared<PCHContainerOperations>())
      .run();
}

/// Throws std::runtime_error about what is wrong before any file is compiled. True if all were.
bool compileAll(const Arguments& arguments) {
  std::string plugin = findPlugin(), failure;
  llvm::SmallString<256> list(arguments.build), folder(arguments.folder);
  llvm::sys::path::append(list, "compile_commands.json");
  auto commands =
      JSONCompilationDatabase::loadFromFile(list, failure, JSONCommandLineSyntax::AutoDetect);
  if (!commands)
    throw std::runtime_error("can't read " + list.str().str() + ": " + failure +
                             " (CMake writes it with -DCMAKE_EXPORT_COMPILE_COMMANDS=ON)");
  llvm::sys::fs::make_absolute(folder);
  llvm::sys::path::remove_dots(folder, /*remove_dot_dot=*/true);
  bool good = true;
  unsigned count = 0;
  for (const std::string& file : arguments.files) {
    auto ofFile = commands->getCompileCommands(getAbsolutePath(file));
    if (ofFile.empty())
      throw std::runtime_error(list.str().str() + " has no command that compiles " + file);
    for (const CompileCommand& command : ofFile) {
      llvm::SmallString<256> object(folder);
      llvm::sys::path::append(object, std::to_string(count++) + "-" +
                                          llvm::sys::path::stem(file).str() + ".o");
      if (compile(command, plugin, object.str().str()))
        llvm::outs() << object << "\n";
      else
        good = false;
    }
  }
  return good;
}

} // namespace

int main(int argc, char** argv) {
  auto arguments = parse(argc, argv);
  if (!arguments) {
    llvm::errs() << "roam-clang is started by `roam bundle`:\n"
                    "    roam-clang -p BUILD -o FOLDER FILE...\n";
    return 2;
  }
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  llvm::InitializeNativeTargetAsmParser();
  try {
    return compileAll(*arguments) ? 0 : 1;
  } catch (const std::exception& error) {
    llvm::errs() << "roam-clang: " << error.what() << "\n";
    return 1;
  }
}
