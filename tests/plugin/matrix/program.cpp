// Writes programs, and compiles them in folders of their own.
#include "tests/plugin/matrix/program.h"
#include "tests/plugin/workspace.h"
#include <algorithm>
#include <regex>
#include <stdexcept>

namespace roam::plugin::matrix {
namespace {

namespace fs = std::filesystem;
using testing::Ran;
using testing::Workspace;

std::string includesOf(const std::vector<Lambda>& lambdas) {
  std::vector<std::string> lines{"#include \"ship.h\"", "#include <string>"};
  for (const Lambda& lambda : lambdas)
    for (const std::string& line : lambda.includes)
      if (std::find(lines.begin(), lines.end(), line) == lines.end())
        lines.push_back(line);
  std::string text;
  for (const std::string& line : lines)
    text += line + "\n";
  return text;
}

/// Calls `change` with each token that is no literal, number, comment or directive, and puts what
/// it gives in its place.
template <class Change>
std::string mapTokens(const std::string& text, Change change) {
  static const std::regex token(
      R"re(#[^\n]*|//[^\n]*|/\*[\s\S]*?\*/|"(\\.|[^"\\])*"|'(\\.|[^'\\])*'|\d[\w.]*|(\w+|\S))re");
  std::string result;
  size_t end = 0;
  for (std::sregex_iterator i(text.begin(), text.end(), token), none; i != none; ++i) {
    result += text.substr(end, i->position() - end);
    result += (*i)[3].matched ? change(i->str()) : i->str();
    end = i->position() + i->length();
  }
  return result + text.substr(end);
}

/// In the lambda files local variables have one letter, and nothing else has.
std::string renameLocals(const std::string& text) {
  return mapTokens(text, [](const std::string& token) {
    return token == "who" || (token.size() == 1 && token[0] >= 'a' && token[0] <= 'z')
               ? "other_" + token
               : token;
  });
}

std::string addComments(const std::string& text) {
  return mapTokens(text, [](const std::string& token) {
    return token == ";" ? ";\n// a comment, and a line further down\n\n" : token;
  });
}

[[noreturn]] void fail(const std::string& flags, const std::string& said) {
  throw std::runtime_error("clang " + flags + " failed:\n" + said.substr(0, 4000));
}

void run(const Workspace& workspace, const std::string& arguments, const std::string& folder,
         const std::string& launcher = "") {
  Ran ran = workspace.clang(arguments, folder, launcher);
  if (!ran.ok())
    fail(arguments, ran.output);
}

} // namespace

std::string Build::textOf(const std::vector<Lambda>& lambdas) const {
  std::vector<Lambda> ordered = lambdas;
  if (reversed)
    std::reverse(ordered.begin(), ordered.end());
  std::string text = before + "\n";
  for (const Lambda& lambda : ordered)
    text += lambda.declarations;
  text += open + "\n";
  for (const Lambda& lambda : ordered)
    text += "/*" + lambda.name + "*/ ship(" + lambda.expression + ");\n";
  text += close + "\n";
  if (renamed)
    text = renameLocals(text);
  if (commented)
    text = addComments(text);
  return includesOf(ordered) + text;
}

Digests Build::compile(const std::vector<Lambda>& lambdas) const {
  Workspace workspace;
  std::string text = textOf(lambdas), folder = fs::path(file).parent_path().string();
  std::string name = fs::path(file).filename().string(),
              arguments = flags + " -w -c '" + name + "'";
  if (folder.empty())
    folder = ".";
  workspace.write(file, text);
  if (precompiled) {
    workspace.write(folder + "/all.h", includesOf(lambdas));
    run(workspace, flags + " -w -x c++-header all.h -o all.pch", folder);
    arguments += " -include-pch all.pch";
  }
  std::string launcher =
      cached ? "CCACHE_DIR='" + workspace.path().string() + "/cache' ccache" : "";
  for (int i = 0; i <= int(cached); ++i)
    run(workspace, arguments + " -o object.o", folder, launcher);
  if (linked)
    run(workspace, flags + " -shared -fuse-ld=" ROAM_TEST_LLD " object.o -o linked.so", folder);
  return testing::digestsByName(workspace.read(folder + (linked ? "/linked.so" : "/object.o")),
                                text);
}

std::vector<std::string> moved(const Digests& before, const Digests& after) {
  std::vector<std::string> names;
  for (auto& [name, digest] : before)
    if (auto found = after.find(name); found == after.end() || found->second != digest)
      names.push_back(name);
  return names;
}

} // namespace roam::plugin::matrix
