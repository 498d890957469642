// The figures of docs/reliability.md: each injects a fault under load, and prints what it cost.
//
//   roam-bench-faults [FIGURE...]     all of them if none is named; a figure that is printed
//                                     together with others brings these along
//
// Lines are `name value unit`. A result that is wrong where no figure counts it ends the program.
#include "bench/baseline.h"
#include "bench/calls.h"
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

const std::vector<Fault>& faults() {
  static const std::vector<Fault> all = {
      {{"call-supervised"}, [] { benchCall("call-supervised"); }},
  };
  return all;
}

int run(const std::vector<std::string>& wanted) {
  std::set<std::string> known;
  for (auto& fault : faults())
    known.insert(fault.figures.begin(), fault.figures.end());
  for (auto& name : wanted)
    if (!known.contains(name)) {
      std::fprintf(stderr, "no figure is called %s; there are:", name.c_str());
      for (auto& each : known)
        std::fprintf(stderr, " %s", each.c_str());
      std::fprintf(stderr, "\n");
      return 2;
    }
  for (auto& fault : faults())
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
