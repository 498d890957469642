// Typical closures, whose slices make the dictionary that slices are packed with. The smallest
// stand last, where a dictionary is searched most cheaply.
#include <algorithm>
#include <cmath>
#include <map>
#include <roam/roam.h>
#include <stdexcept>
#include <string>
#include <vector>

struct Point {
  double x = 0, y = 0;
  std::string label;
};

int main() {
  roam::Cluster cluster = roam::connect();
  std::vector<std::string> words{"one"};
  std::vector<std::vector<double>> rows(1);
  std::vector<double> numbers(3);
  std::vector<int> counts(3);
  std::string prefix = "x";
  double rate = 2;
  int n = 3;
  cluster.map(words, [](const std::string& text) {
    std::map<std::string, int> found;
    std::string word;
    for (char c : text)
      if (c != ' ')
        word += c;
      else
        ++found[std::move(word)];
    return found;
  });
  cluster.map(rows, [n](std::vector<double> row) {
    if (row.empty())
      throw std::invalid_argument("an empty row for " + std::to_string(n));
    std::sort(row.begin(), row.end());
    return Point{row.front(), std::sqrt(row.back()), ""};
  });
  cluster.map(words, [prefix](const std::string& word) { return prefix + word; });
  cluster.async([prefix] { return prefix; }).get();
  cluster.mapReduce(
      numbers, [](double x) { return x * x; }, [](double a, double b) { return a + b; }, 0.0);
  cluster.async([](int x) { return x * x; }, 3).get();
  cluster.map(counts, [n](int x) { return x + n; });
  cluster.map(numbers, [rate](double x) { return std::sin(x) * rate; });
}
