// The figures of the stability matrix: how many lambdas keep their digests under every benign
// change, and how many edits move their lambda and no other. Tells on standard error which do not.
#include "tests/plugin/matrix/changes.h"
#include <cstdio>
#include <set>

using namespace roam::plugin::matrix;

namespace {

size_t stableLambdas(const Digests& reference) {
  std::set<std::string> unstable;
  for (const Finding& finding : unstableUnder(benignChanges(), reference)) {
    std::fprintf(stderr, "%s\n", finding.text().c_str());
    if (!finding.error.empty())
      return 0;
    unstable.insert(finding.lambdas.begin(), finding.lambdas.end());
  }
  return reference.size() - unstable.size();
}

double percentSeen(const Digests& reference) {
  auto edits = everyEdit();
  auto unseen = unseenIn(edits, reference);
  for (const Finding& finding : unseen)
    std::fprintf(stderr, "%s\n", finding.text().c_str());
  return 100.0 * double(edits.size() - unseen.size()) / double(edits.size());
}

} // namespace

int main() {
  Digests reference = Build{}.compile(allLambdas());
  std::printf("matrix-benign %zu lambdas\n", stableLambdas(reference));
  std::printf("matrix-benign.of %zu lambdas\n", reference.size());
  std::printf("matrix-semantic %.4g percent\n", percentSeen(reference));
}
