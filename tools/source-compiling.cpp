// One process of roam-clang for all files: loading Clang takes longer than compiling a small one.
#include "tools/source-compiling.h"
#include "runtime/peer/peer-options.h"
#include "tools/child-program.h"
#include "tools/files.h"
#include <cstdio>
#include <sstream>
#include <stdexcept>

namespace roam::tools {
std::vector<CompiledSource> compileSources(const SourceWish& wish, const std::string& folder) {
  constexpr int mostSeconds = 3600; // of all files together
  std::vector<std::string> words{peer::findClang(), "-o", folder};
  if (wish.precompiles)
    words.push_back("--precompile");
  if (!wish.build.empty())
    words.insert(words.end(), {"-p", wish.build});
  words.insert(words.end(), wish.files.begin(), wish.files.end());
  if (wish.build.empty()) {
    words.push_back("--");
    words.insert(words.end(), wish.flags.begin(), wish.flags.end());
  }
  ChildResult ran = runChild(std::move(words), "", mostSeconds);
  std::fputs(ran.errors.c_str(), stderr);
  if (ran.status == 1)
    throw std::runtime_error("the source could not be compiled");
  if (ran.status != 0)
    throw std::runtime_error("roam-clang, which compiles source files, ended with " +
                             std::to_string(ran.status));
  std::vector<CompiledSource> compiled;
  std::istringstream lines(ran.output);
  for (std::string path; std::getline(lines, path);) {
    CompiledSource& source = compiled.emplace_back(CompiledSource{path, {}});
    std::istringstream files(readFile(path + ".files"));
    for (std::string file; std::getline(files, file);)
      source.madeOf.push_back(file);
  }
  return compiled;
}

} // namespace roam::tools
