// A file with 23 closures, two of them with libraries that live in headers (std::regex, fmt), for
// the `compile-heavy` figure: sent to peers with -DWITH_ROAM, else run here.
#define FMT_HEADER_ONLY
#include <algorithm>
#include <atomic>
#include <cmath>
#include <fmt/format.h>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>
#ifdef WITH_ROAM
#include <roam/roam.h>
#define EACH(...) sum += cluster.map(numbers, __VA_ARGS__).size()
#else
template <class F>
auto each(const std::vector<int>& range, F f) {
  std::vector<decltype(f(0))> results;
  for (int x : range)
    results.push_back(f(x));
  return results;
}
#define EACH(...) sum += each(numbers, __VA_ARGS__).size()
#endif

struct Failure {
  int code;
};
struct Figure {
  virtual ~Figure() = default;
  virtual double area() const = 0;
};
struct Square : Figure {
  double side;
  Square(double side) : side(side) {}
  double area() const override { return side * side; }
};
inline int fib(int n) {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

int main(int argc, char**) {
#ifdef WITH_ROAM
  roam::Cluster cluster = roam::connect();
#endif
  int a = argc, b = argc * 2;
  double x = argc;
  std::string who = "world";
  std::vector<int> numbers(100, argc);
  std::size_t sum = 0;

  EACH([a, b](int n) { return a * b + n; });
  EACH([who, a](int n) {
    std::string s = "hello ";
    for (int i = 0; i < a; ++i)
      s += who + std::to_string(n) + ",";
    return s;
  });
  EACH([a](int n) {
    std::vector<double> v;
    for (int i = 0; i < n; ++i)
      v.push_back((i * 79 + a) % 101 * 0.5);
    std::sort(v.begin(), v.end());
    return v[0];
  });
  EACH([who](int n) {
    std::unordered_map<std::string, int> m;
    for (char c : who)
      m[std::string(n, c)]++;
    return int(m.size());
  });
  EACH([who](int n) {
    std::regex r("(\\w+)@(\\w+)\\.com");
    std::smatch m;
    return std::regex_search(who, m, r) ? m[n].str() : std::string("none");
  });
  EACH([a, x](int n) { return fmt::format("{:>8} {:.3f} {}", a, x, n); });
  EACH([x](int n) {
    char text[64];
    std::snprintf(text, sizeof text, "%d %.3f", n, x);
    return std::string(text);
  });
  EACH([x](int n) {
    std::ostringstream o;
    o << n << " " << x;
    return o.str();
  });
  EACH([a](int n) {
    try {
      if (n > a)
        throw Failure{n};
    } catch (Failure& failure) {
      return failure.code;
    }
    return a;
  });
  EACH([a](int n) {
    if (n < a)
      throw std::runtime_error("refused");
    return n;
  });
  EACH([x](int n) {
    std::vector<std::unique_ptr<Figure>> v;
    for (int i = 0; i < n; ++i)
      v.push_back(std::make_unique<Square>(x));
    double s = 0;
    for (auto& figure : v)
      s += figure->area();
    return s;
  });
  EACH([x](int n) { return std::sin(x) * std::exp(x / n) + std::pow(x, 1.5); });
  EACH([a](int n) {
    std::function<int(int)> f = [a](int z) { return z + a; };
    return f(n);
  });
  EACH([a](int n) { return fib(n + a % 2); });
  EACH([a](int n) {
    std::atomic<int> count{a};
    count.fetch_add(n);
    return count.load();
  });
  EACH([who](int n) {
    std::map<char, int> m;
    for (char c : who)
      m[c] += n;
    return m['o'];
  });
  EACH([numbers](int n) { return std::accumulate(numbers.begin(), numbers.end(), n); });
  EACH([numbers, a](int n) {
    auto sorted = numbers;
    std::sort(sorted.begin(), sorted.end());
    return sorted[0] + a + n;
  });
  EACH([a](int n) {
    std::vector<int> v(n, a);
    return v;
  });
  EACH([p = std::make_pair(a, who)](int n) { return p.first + int(p.second.size()) + n; });
  EACH([a](int n) {
    std::string s(n, 'x');
    std::reverse(s.begin(), s.end());
    return int(s.find('y')) + a;
  });
  EACH([x](int n) {
    float s = 0;
    for (int i = 0; i < n; ++i)
      s += float(x) * i;
    return s;
  });
  EACH([a, b, x, who](int n) { return who + std::to_string(a + b + n) + std::to_string(x); });
  return int(sum) & 1;
}
