// Dependencies point one way. The table of folders in docs/architecture.md says which; this test
// reads it there, so that the page cannot be wrong.
#include "tests/repository/tree.h"
#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <regex>
#include <set>

namespace roam::test {
namespace {

using Names = std::set<std::string>;

/// Folder to what it may include: folders and libraries, as the table names them.
using Table = std::map<std::string, Names>;

const TreeFile* find(const std::string& path) {
  for (auto& file : tree())
    if (file.path == path)
      return &file;
  return nullptr;
}

Table tableOfFolders() {
  static const std::regex row(R"(^\| `([a-z/]+)/` \|.*\| (.*) \|$)"),
      name(R"(`([a-z/]+)`|(LLVM|Clang|KJ|Cap'n Proto))");
  Table table;
  for (auto& line : find("docs/architecture.md")->lines) {
    std::smatch cells;
    if (!std::regex_match(line, cells, row))
      continue;
    Names& allowed = table[cells[1]];
    allowed.insert(cells[1]);
    std::string list = cells[2];
    for (std::sregex_iterator i(list.begin(), list.end(), name), end; i != end; ++i)
      allowed.insert((*i)[1].matched ? (*i)[1] : (*i)[2]);
  }
  return table;
}

/// A folder may include what the folders it may include may; but LLVM and Clang stay where the
/// table names them.
Names everythingAllowed(const Table& table, const std::string& folder) {
  Names all = table.at(folder);
  for (std::size_t before = 0; before != all.size();) {
    before = all.size();
    for (const std::string& name : Names(all))
      if (auto row = table.find(name); row != table.end())
        for (auto& further : row->second)
          if (further != "LLVM" && further != "Clang")
            all.insert(further);
  }
  return all;
}

/// The innermost folder of the table that holds the path, or "".
std::string folderOf(const Table& table, const std::string& path) {
  std::string innermost;
  for (auto& [folder, allowed] : table)
    if (path.starts_with(folder + "/") && folder.size() > innermost.size())
      innermost = folder;
  return innermost;
}

/// The library of the table that an include belongs to, or "".
std::string libraryOf(const std::string& included) {
  static const std::vector<std::pair<std::string, std::string>> prefixes = {
      {"llvm/", "LLVM"},
      {"llvm-c/", "LLVM"},
      {"clang/", "Clang"},
      {"kj/", "KJ"},
      {"capnp/", "Cap'n Proto"}};
  for (auto& [prefix, library] : prefixes)
    if (included.substr(1).starts_with(prefix))
      return library;
  return "";
}

/// BLAKE3 is the one thing of LLVM that programs link (cmake/RoamBuild.cmake).
bool isBlake3(const TreeFile& file, const std::string& included) {
  return file.path == "jit/slice/digest.cpp" && included == "<llvm-c/blake3.h>";
}

/// `visit(file, line number, included)` for each include of the repository's sources.
template <class Visit>
void forEachInclude(Visit visit) {
  for (auto& file : tree())
    if (file.isSource())
      for (std::size_t i = 0; i < file.lines.size(); ++i)
        if (std::string included = includedBy(file.lines[i]); !included.empty())
          visit(file, i, included);
}

bool isCxxStandard(const std::string& included) {
  static const std::regex name("<[a-z_0-9]+>");
  return std::regex_match(included, name);
}

/// The file and what it includes of the repository, and what those include, and so on.
Names closureOf(const std::string& path) {
  Names seen = {path};
  std::vector<std::string> open = {path};
  while (!open.empty()) {
    const TreeFile* file = find(open.back());
    open.pop_back();
    for (auto& line : file ? file->lines : std::vector<std::string>())
      if (std::string included = includedBy(line); included.size() > 2)
        if (std::string next = included.substr(1, included.size() - 2); seen.insert(next).second)
          open.push_back(next);
  }
  return seen;
}

} // namespace

TEST(Includes, TheTableOfFoldersIsRead) {
  Table table = tableOfFolders();
  ASSERT_TRUE(table.contains("plugin") && table.contains("jit/slice") && table.contains("net"));
  EXPECT_EQ(table["plugin"], (Names{"plugin", "jit/slice", "Clang", "LLVM"}));
  EXPECT_EQ(table["jit/slice"], (Names{"jit/slice"}));
}

TEST(Includes, PointOneWay) {
  Table table = tableOfFolders();
  std::vector<std::string> findings;
  forEachInclude([&](const TreeFile& file, std::size_t line, const std::string& included) {
    std::string from = folderOf(table, file.path);
    if (from.empty() || table[from].contains("all") || table[from].size() == 1)
      return; // free to include all, or checked below
    std::string to = folderOf(table, included.substr(1));
    if (to.empty())
      to = libraryOf(included);
    if (!to.empty() && !everythingAllowed(table, from).contains(to))
      findings.push_back(place(file, line) + ": " + from + " may not include " + included);
  });
  EXPECT_EQ(listed(findings), "");
}

TEST(Includes, TheSharedNounsNeedTheStandardLibraryOnly) {
  std::vector<std::string> findings;
  forEachInclude([&](const TreeFile& file, std::size_t line, const std::string& included) {
    bool system = included.find('/') == std::string::npos || included.starts_with("<sys/");
    if (file.isUnder("jit/slice") && !included.starts_with("\"jit/slice/") &&
        !(included[0] == '<' && system) && !isBlake3(file, included))
      findings.push_back(place(file, line) + ": " + included);
  });
  EXPECT_EQ(listed(findings), "");
}

TEST(Includes, PublicHeadersNeedTheStandardLibraryAndEachOtherOnly) {
  std::vector<std::string> findings;
  forEachInclude([&](const TreeFile& file, std::size_t line, const std::string& included) {
    bool message = file.name() == "roam.h" &&
                   included.find("lugin") != std::string::npos; // an error in its own words
    if (file.isUnder("runtime/include") && !isCxxStandard(included) &&
        !included.starts_with("\"roam/") && !message)
      findings.push_back(place(file, line) + ": " + included);
  });
  EXPECT_EQ(listed(findings), "");
}

TEST(Includes, LlvmStaysInThePluginAndInTheInnerFilesOfTheJit) {
  std::vector<std::string> findings;
  for (auto& file : tree()) {
    bool inner = file.isUnder("plugin") || (file.isUnder("jit") && !file.isUnder("jit/slice")) ||
                 file.isUnder("tests");
    if (!file.isSource() || (inner && file.path != "jit/object-cache.cpp"))
      continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      std::string included = includedBy(file.lines[i]),
                  library = libraryOf(included.empty() ? "<>" : included);
      if ((library == "LLVM" || library == "Clang") && !isBlake3(file, included))
        findings.push_back(place(file, i) + ": " + included);
    }
  }
  EXPECT_EQ(listed(findings), "");
}

TEST(Includes, WhatPeersSeeOfTheJitLeadsToNoLlvm) {
  std::vector<std::string> findings;
  for (std::string header : {"jit/session.h", "jit/object-source.h", "jit/slice-compiler.h",
                             "jit/host-target.h", "jit/object-cache.h"}) {
    ASSERT_TRUE(find(header)) << header;
    for (auto& reached : closureOf(header))
      if (std::string library = libraryOf("<" + reached); library == "LLVM" || library == "Clang")
        findings.push_back(header + " leads to " + reached);
  }
  EXPECT_EQ(listed(findings), "");
}

} // namespace roam::test
