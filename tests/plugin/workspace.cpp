// Runs the compiler under test, and reads what it wrote.
#include "tests/plugin/workspace.h"
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <sys/wait.h>

namespace roam::plugin::testing {

const char* const shipHeader = R"(#pragma once
#include "roam/wrapper.h"
namespace roam {
template <class F> const EntryRecord* ship(const F&) {
  if constexpr (Shippable<F>::value) return recordOf<CallShape<F>>();
  else return nullptr;
}
}
using roam::ship;
)";

Workspace::Workspace() {
  std::string name = (std::filesystem::temp_directory_path() / "roam-plugin-XXXXXX").string();
  if (!mkdtemp(name.data()))
    throw std::runtime_error("cannot make a temporary folder like " + name);
  path_ = name;
  write("ship.h", shipHeader);
}

Workspace::~Workspace() {
  std::filesystem::remove_all(path_);
}

void Workspace::write(const std::string& name, const std::string& text) const {
  std::filesystem::create_directories((path_ / name).parent_path());
  std::ofstream(path_ / name) << text;
}

std::string Workspace::read(const std::string& name) const {
  std::ifstream file(path_ / name, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Ran Workspace::run(const std::string& command, const std::string& below) const {
  std::string whole = "cd '" + (path_ / below).string() + "' && { " + command + " ; } 2>&1";
  FILE* pipe = popen(whole.c_str(), "r");
  if (!pipe)
    throw std::runtime_error("cannot run: " + whole);
  Ran ran;
  char buffer[4096];
  while (size_t got = fread(buffer, 1, sizeof buffer, pipe))
    ran.output.append(buffer, got);
  int status = pclose(pipe);
  ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ran;
}

Ran Workspace::clang(const std::string& arguments, const std::string& below,
                     const std::string& launcher) const {
  return run(launcher +
                 std::string(" '" ROAM_TEST_CLANG "' -std=c++20 -Wall -fplugin='" ROAM_TEST_PLUGIN
                             "' -I'" ROAM_TEST_INCLUDE "' -I'") +
                 path_.string() + "' " + arguments,
             below);
}

Ran Workspace::clangWithoutPlugin(const std::string& arguments) const {
  return run(std::string("'" ROAM_TEST_CLANG "' -std=c++20 -I'" ROAM_TEST_INCLUDE "' -I'") +
             path_.string() + "' " + arguments);
}

std::map<std::string, Digest> digestsByName(const std::string& objectFile,
                                            const std::string& source) {
  std::vector<std::string> names(1); // by line
  std::istringstream lines(source);
  for (std::string line; std::getline(lines, line);) {
    size_t begin = line.find("/*"), end = line.find("*/");
    names.push_back(begin == std::string::npos ? "" : line.substr(begin + 2, end - begin - 2));
  }
  std::map<std::string, Digest> digests;
  for (const ManifestEntry& entry : readManifest(objectFile))
    digests[names.at(entry.description.line)] = entry.digest;
  return digests;
}

const char* const unrelatedCode = R"(
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <cxxabi.h>
#include <list>
#include <map>
#include <set>
#include <string>
namespace unrelated {
struct Failure { int a; double b; virtual int f() { return a; } };
static int one(std::map<int, Failure>& m) {
  auto l = [&] { return m.size(); };
  static std::set<int> s;
  s.insert(1);
  return l() + s.size();
}
int two() { std::map<int, Failure> m; std::list<std::string> l{"unrelated", "hello "}; return one(m) + l.size(); }
int print(const char* format, ...) {
  char text[9];
  va_list all;
  va_start(all, format);
  int n = vsnprintf(text, 9, format, all);
  va_end(all);
  return n;
}
void* take() { return __cxxabiv1::__cxa_get_globals(); }
void other(int a) {
  ship([a] { struct Failure { int v; }; if (a) throw Failure{a}; return two() + print("%d", a); });
  ship([] { std::abort(); return 1; });
  ship([a] { char s[9]; std::memset(s, a, 9); return std::atoi(s) + int(std::strlen(s)); });
}
}
)";

} // namespace roam::plugin::testing
