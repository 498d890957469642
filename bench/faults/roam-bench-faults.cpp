// The figures of docs/reliability.md: each injects a fault under load, and prints what it cost.
//
//   roam-bench-faults [--minutes N] [--seed N] [FIGURE...]
//
// All of them if none is named; a figure that is printed together with others brings these along.
// The minutes are those of the soak, 20 by default; the seed chooses its faults.
//
// mutants-crashed is printed by a program of its own, roam-mutants.
//
// Lines are `name value unit`. A result that is wrong where no figure counts it ends the program.
#include "bench/baseline.h"
#include "bench/calls.h"
#include "bench/faults/crash.h"
#include "bench/faults/orphans.h"
#include "bench/faults/soak.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace roam::bench {
namespace {

/// Figures that one run prints.
struct Fault {
  std::vector<std::string> figures;
  std::function<void()> inject;
};

struct Choices {
  double minutes = 20;
  std::uint64_t seed = 1;
};

std::vector<Fault> faults(const Choices& choices) {
  return {
      {{"crash-contained", "crash-next-ms"}, benchCrashes},
      {{"poison-workers"}, benchPoison},
      {{"orphans"}, benchOrphans},
      {{"soak-wrong", "soak-hung", "soak-leaked"},
       [choices] { benchSoak(choices.minutes, choices.seed); }},
      {{"call-supervised"}, [] { benchCall("call-supervised"); }},
  };
}

/// Takes the options out of the words.
Choices choicesIn(std::vector<std::string>& words) {
  Choices choices;
  while (words.size() >= 2 && words[0].starts_with("--")) {
    if (words[0] == "--minutes")
      choices.minutes = std::atof(words[1].c_str());
    else if (words[0] == "--seed")
      choices.seed = std::strtoull(words[1].c_str(), nullptr, 10);
    else
      break;
    words.erase(words.begin(), words.begin() + 2);
  }
  return choices;
}

int run(std::vector<std::string> wanted) {
  const std::vector<Fault> all = faults(choicesIn(wanted));
  std::set<std::string> known;
  for (auto& fault : all)
    known.insert(fault.figures.begin(), fault.figures.end());
  for (auto& name : wanted)
    if (!known.contains(name)) {
      std::fprintf(stderr, "no figure is called %s; there are:", name.c_str());
      for (auto& each : known)
        std::fprintf(stderr, " %s", each.c_str());
      std::fprintf(stderr, "\n");
      return 2;
    }
  for (auto& fault : all)
    if (wanted.empty() || std::ranges::find_first_of(fault.figures, wanted) != fault.figures.end())
      fault.inject();
  return 0;
}

} // namespace
} // namespace roam::bench

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--baseline") == 0)
    return roam::bench::serveBaseline(std::atoi(argv[2]));
  return roam::bench::run({argv + 1, argv + argc});
}
