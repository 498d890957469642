// Rules of style that a program can check. The words it looks for are written in two halves here,
// so that it does not find itself.
#include "tests/repository/tree.h"
#include <algorithm>
#include <cctype>
#include <gtest/gtest.h>
#include <map>
#include <regex>

namespace roam::test {
namespace {

constexpr std::size_t longestLine =
    120; ///< in characters: code is formatted to 100, comments and prose may go on
constexpr std::size_t longestFile = 500; ///< in lines; 400 is the aim

/// Longer than that, each with its reason.
const std::map<std::string, const char*> longFiles = {
    {"LICENSE", "is not ours"},
    {"tests/runtime/archive-test.cpp", "a table: one test a type"},
};

std::size_t charactersOf(const std::string& line) {
  return std::count_if(line.begin(), line.end(),
                       [](unsigned char c) { return (c & 0xC0) != 0x80; });
}

/// `check(file, line number, line)` returns what is wrong, or "".
template <class Check>
std::string findings(Check check) {
  std::vector<std::string> found;
  for (auto& file : tree())
    for (std::size_t i = 0; i < file.lines.size(); ++i)
      if (std::string wrong = check(file, file.lines[i]); !wrong.empty() && file.path != "LICENSE")
        found.push_back(place(file, i) + ": " + wrong);
  return listed(found);
}

/// The words of an identifier or a file name, in lower case: "getSliceStore" and "slice-store.h"
/// are three words each.
std::vector<std::string> wordsOf(const std::string& name) {
  std::vector<std::string> words(1);
  for (char c : name) {
    bool upper = std::isupper(static_cast<unsigned char>(c));
    if (!std::isalnum(static_cast<unsigned char>(c)) || upper)
      words.emplace_back();
    if (std::isalnum(static_cast<unsigned char>(c)))
      words.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return words;
}

/// The word in the name that says nothing, or "". Names of LLVM and Clang are as they are.
std::string emptyWordIn(const std::string& name) {
  static const std::regex field("(Source|Pass|File|Analysis|HeaderSearch|Sloc)Manager|MANAGER");
  static const std::vector<std::string> banned = {"man"
                                                  "ager",
                                                  "hel"
                                                  "per",
                                                  "hel"
                                                  "pers",
                                                  "ut"
                                                  "il",
                                                  "ut"
                                                  "ils",
                                                  "mi"
                                                  "sc"};
  for (auto& word : wordsOf(std::regex_replace(name, field, "")))
    if (std::find(banned.begin(), banned.end(), word) != banned.end())
      return word;
  return "";
}

/// The line of code without what it includes, its comment and its strings.
std::string codeOf(const std::string& line) {
  static const std::regex strings(R"re("([^"\\]|\\.)*")re");
  if (!includedBy(line).empty())
    return "";
  std::string code = std::regex_replace(line, strings, "");
  return code.substr(0, code.find("//"));
}

bool opensWithComment(const TreeFile& file, const std::string& mark) {
  std::size_t first = !file.lines.empty() && file.lines[0].starts_with("#!") ? 1 : 0;
  return file.lines.size() > first && file.lines[first].starts_with(mark);
}

} // namespace

TEST(Tidy, FilesAreShort) {
  std::vector<std::string> found;
  for (auto& file : tree())
    if (file.lines.size() > longestFile && !longFiles.contains(file.path))
      found.push_back(file.path + ": " + std::to_string(file.lines.size()) + " lines");
  EXPECT_EQ(listed(found), "");
}

TEST(Tidy, FilesThatMayBeLongAre) {
  for (auto& [path, reason] : longFiles) {
    auto file = std::find_if(tree().begin(), tree().end(), [&](auto& f) { return f.path == path; });
    ASSERT_NE(file, tree().end()) << path << " is gone: take it off the list";
    if (path != "LICENSE")
      EXPECT_GT(file->lines.size(), longestFile)
          << path << " has become short: take it off the list";
  }
}

// Rows of tables and the messages expected by clang's -verify cannot be broken.
TEST(Tidy, LinesAreShort) {
  EXPECT_EQ(findings([](const TreeFile& file, const std::string& line) {
              bool whole = file.extension() == ".md"
                               ? line.starts_with("|")
                               : line.find("// expected-") != std::string::npos;
              auto size = charactersOf(line);
              return size > longestLine && !whole ? std::to_string(size) + " characters" : "";
            }),
            "");
}

TEST(Tidy, LinesEndWithTheirLastWord) {
  EXPECT_EQ(findings([](auto&, const std::string& line) {
              bool space = !line.empty() && std::isspace(static_cast<unsigned char>(line.back()));
              return std::string(space ? "white space at the end" : "");
            }),
            "");
}

TEST(Tidy, FilesEndWithALine) {
  std::vector<std::string> found;
  for (auto& file : tree())
    if (!file.lines.empty() && !file.endsWithNewline)
      found.push_back(file.path);
  EXPECT_EQ(listed(found), "");
}

TEST(Tidy, NothingIsLeftToDo) {
  static const std::regex mark("\\b(TO"
                               "DO|FIX"
                               "ME|XX"
                               "X)\\b");
  EXPECT_EQ(findings([](auto&, const std::string& line) {
              return std::regex_search(line, mark) ? line : "";
            }),
            "");
}

TEST(Tidy, NothingPointsOutOfTheRepository) {
  static const std::regex foreign("/wo"
                                  "rk/|\\bsha"
                                  "red/|/ho"
                                  "me/|/ro"
                                  "ot/");
  EXPECT_EQ(findings([](auto&, const std::string& line) {
              return std::regex_search(line, foreign) ? line : "";
            }),
            "");
}

TEST(Tidy, NamesSaySomething) {
  static const std::regex identifier("[A-Za-z_][A-Za-z_0-9]*");
  std::vector<std::string> found;
  for (auto& file : tree())
    if (!emptyWordIn(file.path).empty())
      found.push_back(file.path);
  EXPECT_EQ(listed(found), "");
  EXPECT_EQ(findings([](const TreeFile& file, const std::string& line) {
              std::string code = file.isSource() ? codeOf(line) : "";
              for (std::sregex_iterator i(code.begin(), code.end(), identifier), end; i != end; ++i)
                if (!emptyWordIn(i->str()).empty())
                  return i->str();
              return std::string();
            }),
            "");
}

TEST(Tidy, FileNamesAreLowerCaseWithHyphens) {
  static const std::regex name("[a-z0-9]+(-[a-z0-9]+)*(\\.[a-z0-9.]+)?");
  std::vector<std::string> found;
  for (auto& file : tree())
    if ((file.isSource() || file.isUnder("docs")) && !std::regex_match(file.name(), name))
      found.push_back(file.path);
  EXPECT_EQ(listed(found), "");
}

TEST(Tidy, HeadersOpenWithASentenceAndAreIncludedOnce) {
  std::vector<std::string> found;
  for (auto& file : tree())
    if (file.isHeader()) {
      if (!opensWithComment(file, "// "))
        found.push_back(file.path + " does not say what it is");
      if (std::count(file.lines.begin(), file.lines.end(), "#pragma once") != 1)
        found.push_back(file.path + " has no #pragma once");
    }
  EXPECT_EQ(listed(found), "");
}

TEST(Tidy, ScriptsOpenWithASentence) {
  std::vector<std::string> found;
  for (auto& file : tree())
    if ((file.extension() == ".sh" || file.path == "dev" || file.isUnder(".ci")) &&
        !opensWithComment(file, "# "))
      found.push_back(file.path);
  EXPECT_EQ(listed(found), "");
}

} // namespace roam::test
