#include "tests/repository/tree.h"
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

namespace roam::test {
namespace {

namespace fs = std::filesystem;

/// Build folders, and what version control and editors keep beside the files.
bool isForeign(const fs::path& path) {
  std::string name = path.filename();
  return name == "build" || name.starts_with("build-") || name == ".git" || name == ".cache";
}

TreeFile read(const fs::path& root, const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  TreeFile file;
  file.path = path.lexically_relative(root);
  file.endsWithNewline = text.ends_with('\n');
  if (text.find('\0') != std::string::npos)
    return {file.path, {}, true}; // bytes, not text: nothing to read
  for (std::size_t from = 0; from < text.size();) {
    std::size_t to = std::min(text.find('\n', from), text.size());
    file.lines.push_back(text.substr(from, to - from));
    from = to + 1;
  }
  return file;
}

std::vector<TreeFile> readTree() {
  std::vector<TreeFile> files;
  fs::path root = ROAM_TEST_TREE;
  for (fs::recursive_directory_iterator i(root), end; i != end; ++i) {
    if (isForeign(i->path()))
      i.disable_recursion_pending();
    else if (i->is_regular_file())
      files.push_back(read(root, i->path()));
  }
  std::sort(files.begin(), files.end(), [](auto& a, auto& b) { return a.path < b.path; });
  return files;
}

} // namespace

bool TreeFile::isUnder(std::string_view folder) const {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}
std::string TreeFile::name() const {
  return fs::path(path).filename();
}
std::string TreeFile::extension() const {
  return fs::path(path).extension();
}

const std::vector<TreeFile>& tree() {
  static const std::vector<TreeFile> files = readTree();
  return files;
}

std::string place(const TreeFile& file, std::size_t line) {
  return file.path + ":" + std::to_string(line + 1);
}

std::string includedBy(const std::string& line) {
  static const std::regex include(R"re(^\s*#\s*include\s+(".*"|<.*>))re");
  std::smatch match;
  return std::regex_search(line, match, include) ? match[1].str() : "";
}

std::string listed(const std::vector<std::string>& findings) {
  std::string text;
  for (auto& finding : findings)
    text += "\n  " + finding;
  return text;
}

} // namespace roam::test
