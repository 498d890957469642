// Documents lead where they say.
#include "tests/repository/tree.h"
#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>
#include <regex>

namespace roam::test {
namespace {

namespace fs = std::filesystem;

std::vector<const TreeFile*> documents() {
  std::vector<const TreeFile*> found;
  for (auto& file : tree())
    if (file.extension() == ".md")
      found.push_back(&file);
  return found;
}

/// The files that the document's links name, from the root of the repository. Links into the web
/// are left out.
std::vector<std::string> linksOf(const TreeFile& document) {
  static const std::regex link(R"(\]\(([^)#: ]+)(#[^)]*)?\))");
  std::vector<std::string> links;
  for (auto& line : document.lines)
    for (std::sregex_iterator i(line.begin(), line.end(), link), end; i != end; ++i)
      links.push_back((fs::path(document.path).parent_path() / (*i)[1].str()).lexically_normal());
  return links;
}

const TreeFile& fileAt(const std::string& path) {
  for (auto& file : tree())
    if (file.path == path)
      return file;
  throw std::runtime_error(path + " is not there");
}

/// The first cells of the table between the marks of docs/reliability.md.
std::vector<std::string> figuresOfFaults() {
  static const std::regex row(R"(^\| ([a-z0-9-]+) \| .+ \| .+ \| .+ \|$)");
  std::vector<std::string> names;
  bool inside = false;
  for (auto& line : fileAt("docs/reliability.md").lines) {
    inside = (inside || line == "<!-- figures -->") && line != "<!-- end of figures -->";
    if (std::smatch cells; inside && std::regex_match(line, cells, row) && cells[1] != "figure")
      names.push_back(cells[1]);
  }
  return names;
}

} // namespace

TEST(Documents, OpenWithTheirOneTitle) {
  std::vector<std::string> findings;
  for (const TreeFile* document : documents()) {
    bool code = false;
    std::size_t titles = 0;
    for (auto& line : document->lines) {
      code ^= line.starts_with("```");
      titles += !code && line.starts_with("# ");
    }
    if (titles != 1 || !document->lines[0].starts_with("# "))
      findings.push_back(document->path);
  }
  EXPECT_EQ(listed(findings), "");
}

TEST(Documents, EveryPageIsLinkedFromTheReadme) {
  std::vector<std::string> findings, links;
  for (const TreeFile* document : documents())
    if (document->path == "README.md")
      links = linksOf(*document);
  ASSERT_FALSE(links.empty());
  for (auto& file : tree())
    if (file.isUnder("docs") && std::find(links.begin(), links.end(), file.path) == links.end())
      findings.push_back(file.path);
  EXPECT_EQ(listed(findings), "");
}

TEST(Documents, LinkToFilesThatExist) {
  std::vector<std::string> findings;
  for (const TreeFile* document : documents())
    for (auto& link : linksOf(*document))
      if (!fs::exists(fs::path(ROAM_TEST_TREE) / link))
        findings.push_back(document->path + ": " + link);
  EXPECT_EQ(listed(findings), "");
}

TEST(Documents, NameSourceFilesThatExist) {
  static const std::regex name(
      R"(`((plugin|jit|net|runtime|tools|tests|examples|bench|docs)/[a-z0-9/.-]+\.[a-z]+)`)");
  std::vector<std::string> findings;
  for (const TreeFile* document : documents())
    for (std::size_t i = 0; i < document->lines.size(); ++i) {
      const std::string& line = document->lines[i];
      for (std::sregex_iterator match(line.begin(), line.end(), name), end; match != end; ++match)
        if (!fs::exists(fs::path(ROAM_TEST_TREE) / (*match)[1].str()))
          findings.push_back(place(*document, i) + ": " + (*match)[1].str());
    }
  EXPECT_EQ(listed(findings), "");
}

TEST(Documents, SectionsOfTheDiagnosticsHaveAFileThatVerifiesThem) {
  std::vector<std::string> findings;
  std::size_t sections = 0;
  for (const TreeFile* page : documents())
    if (page->path == "docs/diagnostics.md")
      for (auto& line : page->lines)
        if (line.starts_with("### ")) {
          std::string file = "tests/plugin/diagnostics/" + line.substr(4) + ".cpp";
          ++sections;
          if (!fs::exists(fs::path(ROAM_TEST_TREE) / file))
            findings.push_back(file);
        }
  EXPECT_GT(sections, 5u);
  EXPECT_EQ(listed(findings), "");
}

TEST(Documents, TheTableOfFaultsHasEveryFigure) {
  EXPECT_EQ(figuresOfFaults(),
            (std::vector<std::string>{
                "kill-lost",     "kill-doubled",    "kill-added-ms",   "stop-found-s",
                "stop-stale",    "crash-contained", "crash-next-ms",   "poison-workers",
                "cut-hung",      "cut-recover-s",   "orphans",         "strangers-accepted",
                "strangers-p99", "mutants-crashed", "exposed",         "soak-wrong",
                "soak-hung",     "soak-leaked",     "call-supervised", "call-tls"}));
}

TEST(Documents, FiguresThatTheProgramPrintsHaveARowInTheTableOfFaults) {
  static const std::regex figure(R"re("([a-z]+(-[a-z0-9]+)*)"[,}])re");
  auto rows = figuresOfFaults();
  std::vector<std::string> findings;
  std::size_t figures = 0;
  for (auto& line : fileAt("bench/faults/roam-bench-faults.cpp").lines)
    if (line.starts_with("      {{\""))
      for (std::sregex_iterator i(line.begin(), line.end(), figure), end; i != end; ++i, ++figures)
        if (std::find(rows.begin(), rows.end(), (*i)[1]) == rows.end())
          findings.push_back((*i)[1]);
  EXPECT_GT(figures, 0u);
  EXPECT_EQ(listed(findings), "");
}

} // namespace roam::test
