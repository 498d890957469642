// Compiles the matrix, and compares.
#include "tests/plugin/matrix/changes.h"
#include "tests/plugin/workspace.h"
#include <algorithm>
#include <atomic>
#include <iterator>
#include <set>
#include <thread>

namespace roam::plugin::matrix {
namespace {

constexpr char inAClass[] =
    "namespace deep { struct In { static long at(int a, int b, double x, std::string who) {";
constexpr char inAClassClosed[] = "return 0; } };\nauto use = &In::at; }";

Benign flags(const std::string& row, const std::string& flags) {
  return {row, flags, [flags](auto& lambdas) { return Build{.flags = flags}.compile(lambdas); }};
}

Benign build(const std::string& row, const Build& build) {
  return {row, row, [build](auto& lambdas) { return build.compile(lambdas); }};
}

Digests compileAlone(const std::vector<Lambda>& lambdas) {
  Digests digests;
  for (const Lambda& lambda : lambdas)
    digests.merge(Build{.flags = "-O0"}.compile({lambda}));
  return digests;
}

Digests compileInTwoFiles(const std::vector<Lambda>& lambdas) {
  auto middle = lambdas.begin() + lambdas.size() / 2;
  Digests digests = Build{.file = "one.cpp"}.compile({lambdas.begin(), middle});
  digests.merge(Build{.file = "two.cpp"}.compile({middle, lambdas.end()}));
  return digests;
}

/// What `find(i, finding)` writes for 0 to count - 1, where it names lambdas. It runs on several
/// threads; what it throws is part of the finding.
template <class Find>
std::vector<Finding> findingsOf(size_t count, Find find) {
  std::vector<Finding> all(count), found;
  std::atomic<size_t> next{0};
  auto work = [&] {
    for (size_t i; (i = next++) < count;)
      try {
        find(i, all[i]);
      } catch (std::exception& error) {
        all[i].error = error.what();
      }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i)
    threads.emplace_back(work);
  work();
  for (std::thread& thread : threads)
    thread.join();
  for (Finding& finding : all)
    if (!finding.lambdas.empty() || !finding.error.empty())
      found.push_back(std::move(finding));
  return found;
}

} // namespace

std::vector<Benign> benignChanges() {
  const std::string levels = "`-O0` `-O1` `-O3` `-Os`", debug = "`-g` `-g3`",
                    position = "`-fPIC` `-fno-pic`", lto = "`-flto` `-flto=thin`";
  std::vector<Benign> all{
      flags(levels, "-O0"),
      flags(levels, "-O1"),
      flags(levels, "-O3"),
      flags(levels, "-Os"),
      flags(debug, "-O0 -g"),
      flags(debug, "-O2 -g3"),
      flags(position, "-O2 -fPIC"),
      flags(position, "-O2 -fno-pic -fno-plt"),
      flags("`-fvisibility=hidden`", "-O2 -fvisibility=hidden -fvisibility-inlines-hidden"),
      flags("stack protector", "-O2 -fstack-protector-all -fstack-clash-protection"),
      flags("FORTIFY", "-O2 -D_FORTIFY_SOURCE=2"),
      build(lto, {.flags = "-O2 -fPIC -flto", .linked = true}),
      build(lto, {.flags = "-O2 -fPIC -flto=thin", .linked = true}),
      flags("C++20, C++23", "-O2 -std=c++23"),
      build("a precompiled header", {.precompiled = true}),
      build("ccache", {.cached = true}),
      flags("sanitizers", "-O1 -fsanitize=address,undefined"),
      flags("profiling and coverage", "-O2 -fprofile-instr-generate -fcoverage-mapping"),
      flags("`-ftrivial-auto-var-init`", "-O2 -ftrivial-auto-var-init=zero"),
      flags("`-fcf-protection` `-mtune` sections, frame pointers",
            "-O2 -fcf-protection=full -mtune=native -ffunction-sections -fdata-sections "
            "-fno-omit-frame-pointer"),
      build("other names of local variables", {.renamed = true}),
      build("comments, shifted lines", {.commented = true}),
      build("another folder and file", {.file = "a/b c/other.cc"}),
      {"two files instead of one", "two files instead of one", compileInTwoFiles},
      build("another enclosing function", {.open = inAClass, .close = inAClassClosed}),
      build("the opposite order", {.reversed = true}),
      build("other neighbours, unrelated edits", {.before = testing::unrelatedCode}),
      {"each lambda alone", "each lambda alone", compileAlone}};
  return all;
}

std::vector<Benign> combinedChanges() {
  Build written{.flags = "-O0 -g",
                .file = "a/b c/other.cc",
                .before = testing::unrelatedCode,
                .open = inAClass,
                .close = inAClassClosed,
                .reversed = true,
                .renamed = true,
                .commented = true};
  Build compiled{.flags = "-std=c++23 -Os -fPIC -D_FORTIFY_SOURCE=2 -fvisibility=hidden "
                          "-fstack-protector-all",
                 .precompiled = true};
  return {build("written in another way", written), build("compiled in another way", compiled)};
}

std::string Finding::text() const {
  std::string text = change + ":";
  for (const std::string& lambda : lambdas)
    text += " " + lambda + ";";
  return text + error;
}

std::vector<Finding> unstableUnder(const std::vector<Benign>& changes, const Digests& reference) {
  return findingsOf(changes.size(), [&](size_t i, Finding& finding) {
    finding.change = changes[i].name;
    finding.lambdas = moved(reference, changes[i].compile(allLambdas()));
  });
}

std::vector<Finding> unseenIn(const std::vector<std::vector<EditedLambda>>& compilations,
                              const Digests& reference) {
  return findingsOf(compilations.size(), [&](size_t i, Finding& finding) {
    std::vector<Lambda> lambdas = allLambdas();
    std::set<std::string> expected;
    for (auto [lambda, number] : compilations[i]) {
      const Edit& edit = lambdas[lambda].edits[number];
      finding.change += edit.kind + ", " + edit.from + " => " + edit.to + "; ";
      expected.insert(lambdas[lambda].name);
      lambdas[lambda] = lambdas[lambda].edited(edit);
    }
    auto names = moved(reference, Build{.flags = "-O0"}.compile(lambdas));
    std::set_symmetric_difference(names.begin(), names.end(), expected.begin(), expected.end(),
                                  std::back_inserter(finding.lambdas));
  });
}

std::vector<std::vector<EditedLambda>> everyEdit() {
  std::vector<std::vector<EditedLambda>> all;
  for (size_t i = 0; i < allLambdas().size(); ++i)
    for (size_t edit = 0; edit < allLambdas()[i].edits.size(); ++edit)
      all.push_back({{i, edit}});
  return all;
}

std::vector<std::vector<EditedLambda>> firstEdits() {
  std::vector<std::vector<EditedLambda>> halves(2);
  for (size_t i = 0; i < allLambdas().size(); ++i)
    halves[i % 2].push_back({i, 0});
  return halves;
}

} // namespace roam::plugin::matrix
