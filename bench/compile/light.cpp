// A file with five light closures, for the `compile-light` figure: sent to peers with -DWITH_ROAM,
// else run here.
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <vector>
#ifdef WITH_ROAM
#include <roam/roam.h>
#define EACH(range, f) cluster.map(range, f)
#else
template <class Range, class F>
auto each(const Range& range, F f) {
  std::vector<decltype(f(*range.begin()))> results;
  for (auto& x : range)
    results.push_back(f(x));
  return results;
}
#define EACH(range, f) each(range, f)
#endif

int main(int argc, char**) {
#ifdef WITH_ROAM
  roam::Cluster cluster = roam::connect();
#endif
  int a = argc, b = argc * 2;
  double x = argc;
  std::string who = "world";
  std::vector<int> v{1, 2, argc};
  std::vector<int> numbers(100, argc);
  std::vector<double> reals(100, x);
  std::vector<std::string> words(100, who);

  auto r1 = EACH(numbers, ([a, b](int n) { return a * b + n; }));
  auto r2 = EACH(reals, ([x](double y) { return std::sin(x) * std::exp(y / 10); }));
  auto r3 =
      EACH(words, ([who, a](const std::string& w) { return who + "/" + w + std::to_string(a); }));
  auto r4 = EACH(numbers, ([v](int n) { return std::accumulate(v.begin(), v.end(), n); }));
  auto r5 = EACH(numbers, ([v, a](int n) {
                   auto sorted = v;
                   std::sort(sorted.begin(), sorted.end());
                   return sorted[0] + a + n;
                 }));
  return int(r1[0] + r2[0] + double(r3[0].size()) + r4[0] + r5[0]) & 1;
}
