// One process of roam-clang for all files: loading Clang takes longer than compiling a small one.
#include "tools/source-compiling.h"
#include "runtime/peer/peer-options.h"
#include "tools/child-program.h"
#include "tools/files.h"
#include <cstdio>
#include <filesystem>
#include <sstream>
#include <stdexcept>

namespace roam::tools {
namespace {

/// What follows "OBJECT:" in a rule as make reads it: names between spaces, spaces in names behind
/// a backslash, long lines continued.
std::vector<std::string> dependenciesIn(const std::string& rule) {
  std::vector<std::string> files;
  std::string name;
  auto end = [&] {
    if (!name.empty())
      files.push_back(std::filesystem::absolute(name).lexically_normal());
    name.clear();
  };
  for (std::size_t i = rule.find(": ") + 1; i > 0 && i < rule.size(); ++i) {
    char next = i + 1 < rule.size() ? rule[i + 1] : '\0';
    if (rule[i] == '\\' && (next == ' ' || next == '#'))
      name += rule[++i];
    else if (rule[i] == '$' && next == '$')
      name += rule[++i];
    else if (rule[i] == ' ' || rule[i] == '\n' || (rule[i] == '\\' && next == '\n'))
      end();
    else
      name += rule[i];
  }
  end();
  return files;
}

} // namespace

std::vector<CompiledSource> compileSources(const SourceWish& wish, const std::string& folder) {
  constexpr int mostSeconds = 3600; // of all files together
  std::vector<std::string> words{peer::findClang(), "-o", folder};
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
  for (std::string path; std::getline(lines, path);)
    compiled.push_back({path, dependenciesIn(readFile(path + ".d"))});
  return compiled;
}

} // namespace roam::tools
