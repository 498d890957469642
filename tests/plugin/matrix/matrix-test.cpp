// The stability matrix: lambdas of every kind keep their digests under every change that leaves
// their meaning alone, and an edit of one moves that one. The `Whole` ones take minutes.
#include "tests/plugin/matrix/changes.h"
#include <fstream>
#include <gtest/gtest.h>

namespace roam::plugin::matrix {
namespace {

/// Compiled once a process.
const Digests& reference() {
  static const Digests digests = Build{}.compile(allLambdas());
  return digests;
}

std::string text(const std::vector<Finding>& findings) {
  std::string lines;
  for (const Finding& finding : findings)
    lines += finding.text() + "\n";
  return lines;
}

class MatrixTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_GE(allLambdas().size(), 40u);
    ASSERT_EQ(reference().size(), allLambdas().size());
  }
};

using Matrix = MatrixTest;
using WholeMatrix = MatrixTest;

TEST_F(Matrix, DigestsStayUnderAllBenignChangesAtOnce) {
  EXPECT_EQ(text(unstableUnder(combinedChanges(), reference())), "");
}

TEST_F(Matrix, TheFirstEditOfEachLambdaMovesItAlone) {
  EXPECT_EQ(text(unseenIn(firstEdits(), reference())), "");
}

TEST_F(WholeMatrix, DigestsStayUnderEveryBenignChange) {
  EXPECT_EQ(text(unstableUnder(benignChanges(), reference())), "");
}

TEST_F(WholeMatrix, EveryEditMovesItsLambdaAlone) {
  EXPECT_EQ(text(unseenIn(everyEdit(), reference())), "");
}

/// Clang 19 builds the local variable that a lambda in a template returns in place only if the
/// lambda says what it returns. In this one `string` and `saxpy` are moved instead.
TEST_F(Matrix, ATemplateAroundShowsInLambdasThatReturnALocalObject) {
  Build build{.open = "template <class T> void lambdas(T a, int b, double x, std::string who) {",
              .close = "}\nvoid instantiate() { lambdas(1, 2, 3, {}); }"};
  EXPECT_EQ(moved(reference(), build.compile(allLambdas())),
            (std::vector<std::string>{"saxpy", "string"}));
}

// --- the page about it --------------------------------------------------------------------------

TEST(IdentityPage, ListsTheBenignChangesInTheirOrder) {
  std::ifstream page(ROAM_MATRIX_PAGE);
  std::vector<std::string> listed, made;
  bool inTable = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("## "))
      inTable = line == "## What the digest does not depend on";
    else if (inTable && line.starts_with("| ") && !line.starts_with("| change"))
      listed.push_back(line.substr(2, line.find(" |", 2) - 2));
  }
  for (const Benign& change : benignChanges())
    if (made.empty() || made.back() != change.row)
      made.push_back(change.row);
  EXPECT_EQ(listed, made);
}

// --- what digests show --------------------------------------------------------------------------

struct Shown {
  Build build;
  std::vector<std::string> lambdas;
};

TEST(SensitiveLambdas, MoveWithWhatTheyShow) {
  auto lambdas = readLambdas("sensitive.txt");
  Digests before = Build{}.compile(lambdas);
  ASSERT_EQ(before.size(), lambdas.size());
  const Shown all[] = {
      {{.flags = "-O2 -DNDEBUG"}, {"assert"}},
      {{.before = "\n"}, {"assert", "line", "source location"}},
      {{.file = "other.cpp"}, {"assert", "file name"}},
      {{.flags = "-O2 -mavx2"}, {"CPU feature"}},
      {{.flags = "-O2 -ffast-math"}, {"floating point"}},
  };
  for (const Shown& shown : all)
    EXPECT_EQ(moved(before, shown.build.compile(lambdas)), shown.lambdas)
        << shown.build.flags << " " << shown.build.file;
}

} // namespace
} // namespace roam::plugin::matrix
