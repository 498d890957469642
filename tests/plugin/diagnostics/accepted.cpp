// What may travel, and what code on other machines may use.
// expected-no-diagnostics
#include "ship.h"
#include <array>
#include <chrono>
#include <cmath>
#include <deque>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <unordered_map>
#include <variant>

int twice(int);
constexpr int table[] = {1, 2, 3};
const int seven = 7;
const char* const names[] = {"a", "b"};
const struct { int a; double b; } settings = {1, 2};
struct Constants {
  static constexpr double pi = 3.14;
  static const int three = 3;
};
int neverUsed = 1;
struct Point {
  double x, y;
  bool operator<(const Point& o) const { return x < o.x; }
};
struct Named : Point {
  std::string name;
};
struct Tree {
  int value = 0;
  std::vector<Tree> children;
};
struct Packed {
  unsigned low : 3, high : 5;
};
struct Total {
  int sum = 0;
  int operator()() { return ++sum; }
};

void all(int a) {
  std::map<std::string, std::vector<Point>> map;
  std::tuple<int, std::optional<Point>, std::variant<int, std::string>> tuple;
  std::unordered_map<int, std::unique_ptr<Named>> unordered;
  std::set<Point> set;
  std::array<std::deque<bool>, 2> array;
  std::chrono::seconds seconds(3);
  auto now = std::chrono::system_clock::now();
  ship([map, tuple, set, array, seconds, now] { return map.size() + set.size(); });
  ship([u = std::move(unordered)] { return u.size(); });
  ship([t = Tree{}] { return t.value; });
  ship([p = std::make_unique<int>(3)]() mutable { return ++*p; });
  ship([s = std::make_shared<Named>()] { return s->x; });
  ship([a](auto... none) { return a + sizeof...(none); });
  ship(Total{});
  ship([packed = Packed{1, 2}] { return packed.low + packed.high; });
  ship([a] { return table[a] + seven + Constants::pi + Constants::three + settings.b; });
  ship([a] { return names[a][0]; });
  ship([a] { static int n = a; static const std::map<int, int> squares{{1, 1}}; return ++n + squares.at(1); });
  ship([a] { static thread_local int m = 3; return m += a; });
  ship([a] { std::cout << a << std::endl; std::cerr << std::sqrt(a); return 0; });
  ship([a] { std::ostringstream o; o << a; return o.str(); });
  ship([] { return sizeof neverUsed; });
  ship([] { return noexcept(neverUsed = 1); });
  auto [p, q] = Point{1, 2};
  ship([p, q] { return p + q; });
  ship([f = &twice, m = &Total::operator()] { Total total; return f(1) + (total.*m)(); });
  ship([table = std::map<int, int (*)(int)>{{1, &twice}}] { return table.at(1)(2); });
}

int twice(int a) { return 2 * a; }
int ofCallee(int a) {
  static int calls = 0;
  static const std::string text = std::to_string(a);
  return ++calls + int(text.size());
}
int enclosing(int a) {
  static const int limit = 7;
  static const char* const words[] = {"a", "b"};
  static int (*const functions[])(int) = {&twice};
  static constexpr double pi = 3.14;
  static int unused = a;
  ship([a] { return words[limit % a][0] + functions[0](a) + pi; });
  ship([a] { return ofCallee(a); });
  ship([a] { static int mine = a; return [] { return ++mine; }(); });
  ship([] { return sizeof unused; });
  return unused;
}
int again(int n) {
  static int depth = 0;
  auto inner = [n] { return ++depth + (n ? again(n - 1) : 0); };
  ship(inner);
  return inner();
}

struct Table {
  static const std::map<std::string, int> numbers;
  inline static const std::string title = "a title of more than a few letters";
};
const std::map<std::string, int> Table::numbers{{"one", 1}};
template <class T>
const std::vector<T> ones(10, T(1));
const std::vector<int> primes{2, 3, 5};
const std::string& name = Table::title;
const std::string copied = Table::title + name;
const int computed = twice(int(primes.size()));
const std::unordered_map<int, int> hashed{{1, 2}}; // its mutable member is the library's own
void builtWhenTheProgramStarts(int a) {
  ship([a] { return Table::numbers.at("one") + primes[a] + ones<int>[a] + computed; });
  ship([] { return name + copied; });
  ship([a] { return hashed.at(a); });
}
