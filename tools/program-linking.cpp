// Any compiler driver does: it knows where the C and C++ libraries of this machine are.
#include "tools/program-linking.h"
#include "tools/child-program.h"
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

namespace roam::tools {
namespace {

namespace fs = std::filesystem;

std::string findLinker() {
  const char* path = std::getenv("PATH");
  for (const char* name : {"clang++-19", "clang++", "c++", "g++"}) {
    std::istringstream folders(path == nullptr ? "/usr/bin:/bin" : path);
    for (std::string folder; std::getline(folders, folder, ':');)
      if (std::string file = fs::path(folder) / name; access(file.c_str(), X_OK) == 0)
        return file;
  }
  throw std::runtime_error("a program cannot be linked here: there is no clang++-19, clang++, c++ "
                           "or g++ on PATH (Debian package clang-19 or g++)");
}

/// Beside this command, in the build tree or where Roam is installed.
fs::path findLibrary() {
  fs::path program = fs::read_symlink("/proc/self/exe"), root = program.parent_path().parent_path();
  for (const char* folder : {"lib", ROAM_LIBRARY_FOLDER})
    if (fs::path library = root / folder / "libroam.so"; fs::exists(library))
      return library;
  throw std::runtime_error(fmt::format("libroam.so is neither in {} nor in {}: is Roam installed "
                                       "completely?",
                                       (root / "lib").string(),
                                       (root / ROAM_LIBRARY_FOLDER).string()));
}

} // namespace

void linkProgram(const std::string& program, const std::vector<std::string>& objects,
                 const std::vector<std::string>& words) {
  constexpr int mostSeconds = 600;
  fs::path library = findLibrary();
  std::vector<std::string> command{findLinker(), "-o", program};
  command.insert(command.end(), objects.begin(), objects.end());
  command.insert(command.end(), words.begin(), words.end());
  command.insert(command.end(), {library, "-Wl,-rpath," + library.parent_path().string()});
  ChildResult ran = runChild(std::move(command), "", mostSeconds);
  if (ran.status != 0)
    throw std::runtime_error("the program could not be linked:\n" + ran.errors);
}

} // namespace roam::tools
