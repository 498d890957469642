// What is sent; FACTOR differs between two builds of the library.
#include "tests/e2e/linked/closures.h"
#include <map>
#include <stdexcept>

#ifndef FACTOR
#define FACTOR 3
#endif

namespace roam::e2e {

static const std::map<std::string, std::string> titles{{"Ada", "Lady Ada Lovelace"},
                                                       {"Alan", "Mr Alan Turing"}};

std::vector<int> multiplied(Cluster& cluster, const std::vector<int>& numbers) {
  return cluster.map(numbers, [](int x) { return x * FACTOR; });
}

std::vector<std::string> greeted(Cluster& cluster, const std::vector<std::string>& names) {
  std::string greeting = "Good morning, ";
  return cluster.map(names,
                     [greeting](const std::string& name) { return greeting + titles.at(name); });
}

std::vector<double> rounded(Cluster& cluster, const std::vector<double>& numbers) {
  return cluster.map(numbers, [](double x) { return x * x - 1.0; });
}

std::vector<int> charged(Cluster& cluster, const std::vector<int>& pieces) {
  return cluster.map(pieces, [](int x) { return feeFor(x); });
}

int thrown(Cluster& cluster) {
  return cluster.async([](int x) { return x > 0 ? throw std::out_of_range("too many") : x; }, 1)
      .get();
}

} // namespace roam::e2e
