// Captures that are classes of the user's arrive as they were: smart pointers between them, virtual
// functions, orders and hashes with state, odd layouts.
#include "tests/e2e/shared-peers.h"
#include <complex>
#include <map>
#include <memory>
#include <memory_resource>
#include <optional>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <valarray>
#include <variant>

namespace roam::e2e {
namespace {

class Classes : public SharedPeers {
 protected:
  /// f(0) ... f(9) there equal those here.
  template <class F>
  static void arrive(F f) {
    std::vector<int> numbers = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    auto there = cluster().map(numbers, f);
    EXPECT_EQ(there, loop(numbers, std::move(f)));
  }
};

// --- several owners ------------------------------------------------------------------------------

struct Person {
  std::string name;
  std::weak_ptr<Person> boss;
  std::vector<std::shared_ptr<Person>> reports;
};

TEST_F(Classes, SharedObjectsStayShared) {
  auto count = std::make_shared<int>(5);
  arrive([a = count, b = std::vector{count, count}](int x) {
    int before = *a;
    *b[1] += x;
    int sum = *a + *b[0] + (a == b[0] ? 100 : 200);
    *a = before;
    return sum;
  });
}

TEST_F(Classes, TreesWithParentsStayTrees) {
  auto boss = std::make_shared<Person>(Person{"Ada", {}, {}});
  for (const char* name : {"Bob", "Cyd"})
    boss->reports.push_back(std::make_shared<Person>(Person{name, boss, {}}));
  arrive([boss](int x) {
    return boss->reports[x % 2]->name + boss->reports[x % 2]->boss.lock()->name +
           (boss->boss.expired() ? "-" : "?");
  });
}

TEST_F(Classes, SharingIsKeptInArgumentsAndResultsToo) {
  auto text = std::make_shared<std::string>("text");
  std::vector<std::pair<std::shared_ptr<std::string>, std::shared_ptr<std::string>>> pairs = {
      {text, text}, {text, std::make_shared<std::string>("text")}};
  auto swapped = cluster().map(pairs, [](auto pair) {
    *pair.first += "!";
    return std::tuple(pair.second, pair.first, pair.first == pair.second);
  });
  auto& [a, b, same] = swapped[0];
  EXPECT_TRUE(same);
  EXPECT_EQ(a, b);
  EXPECT_EQ(*a, "text!");
  EXPECT_FALSE(std::get<2>(swapped[1]));
  EXPECT_NE(std::get<0>(swapped[1]), std::get<1>(swapped[1]));
}

struct Free {
  void operator()(int* at) const { delete at; }
};

TEST_F(Classes, OwnersOfArraysAndWithDeletersArrive) {
  std::unique_ptr<int, Free> seven(new int(7));
  auto squares = std::make_unique<long[]>(10);
  for (int i = 0; i < 10; ++i)
    squares[i] = i * i;
  auto names = std::make_unique<std::string[]>(2);
  names[1] = "a name that is too long to be a short one";
  arrive([seven = std::move(seven), squares = std::move(squares), names = std::move(names)](int x) {
    return names[1] + std::to_string(*seven + squares[x]);
  });
}

struct Link {
  int value = 0;
  std::unique_ptr<Link> next;
};
std::unique_ptr<Link> chain(int length) {
  std::unique_ptr<Link> first;
  for (int i = 0; i < length; ++i)
    first = std::make_unique<Link>(Link{i, std::move(first)});
  return first;
}

TEST_F(Classes, ListsTravelUnlessTheyAreTooLongAndThenSaySo) {
  EXPECT_EQ(cluster().async([list = chain(900)] { return list->next->value; }).get(), 898);
  try {
    (void)cluster().async([list = chain(1100)] { return list->next->value; }).get();
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("nested too deep"), std::string::npos) << error.what();
  }
}

// --- virtual functions ---------------------------------------------------------------------------

struct Shape {
  std::string name;
  virtual ~Shape() {}
  virtual double area() const = 0;
  std::string text() const { return name + std::to_string(area()); }
};
struct Circle : Shape {
  double radius = 0;
  double area() const override { return 3 * radius * radius; }
};
struct Ring : Circle {
  Circle hole;
  double area() const override { return Circle::area() - hole.area(); }
};
class Counter {
 public:
  virtual ~Counter() = default;
  virtual int next() { return ++at_; }
  template <class Ar>
  void serialize(Ar& ar) {
    ar(at_);
  }

 private:
  int at_ = 5;
};

TEST_F(Classes, VirtualFunctionsOfCapturedObjectsWork) {
  Circle circle;
  circle.name = "circle";
  circle.radius = 2;
  Ring ring;
  ring.name = "ring";
  ring.radius = 4;
  ring.hole = circle;
  arrive([circle, ring, owned = std::make_shared<Ring>(ring), many = std::vector{ring, ring},
          counter = Counter()](int x) {
    const Shape* shapes[] = {&circle, &ring, owned.get(), &many[1]};
    return shapes[x % 4]->text() + std::to_string(Counter(counter).next());
  });
}

TEST_F(Classes, ADerivedObjectBehindAPointerToItsBaseIsNoArgument) {
  std::shared_ptr<Circle> circle = std::make_shared<Ring>();
  try {
    cluster().async([](std::shared_ptr<Circle> c) { return c->area(); }, circle).get();
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("Ring"), std::string::npos) << error.what();
  }
}

// --- order and hash ------------------------------------------------------------------------------

TEST_F(Classes, OrdersAndHashesWithStateArrive) {
  auto nearest = [centre = 6](int a, int b) { return std::abs(a - centre) < std::abs(b - centre); };
  std::set<int, decltype(nearest)> set({1, 9, 5}, nearest);
  std::priority_queue<int, std::vector<int>, decltype(nearest)> queue(nearest);
  queue.push(4);
  queue.push(5);
  auto hash = [salt = std::string("s")](int x) { return std::hash<std::string>()(salt) + x; };
  std::unordered_map<int, int, decltype(hash)> map(8, hash);
  map[3] = 4;
  arrive([=](int x) { return *set.begin() * 100 + queue.top() * 10 + map.at(3) + x; });
}

TEST_F(Classes, ContainersOfAMemoryResourceArrive) {
  std::pmr::monotonic_buffer_resource arena;
  std::pmr::map<std::pmr::string, std::pmr::vector<int>> map(&arena);
  map["a"] = {1, 2, 3};
  arrive([map](int x) { return map.at("a")[x % 3]; });
}

// --- closures in everything ----------------------------------------------------------------------

TEST_F(Classes, ClosuresInContainersArrive) {
  int base = 40;
  std::string unit = "km";
  auto label = [base, unit](int x) { return std::to_string(base + x) + unit; };
  auto plain = [](int x) { return x + 1; };
  std::optional optional(label);
  std::variant<decltype(plain), decltype(label)> variant(label);
  std::tuple tuple(plain, label);
  std::map<std::string, decltype(label)> map{{"k", label}};
  auto owned = [p = std::make_unique<int>(3)](int x) { return *p + x; };
  auto several = std::make_unique<std::pair<decltype(label), int>>(label, 2);
  arrive([=, owned = std::move(owned), several = std::move(several)](int x) {
    return (*optional)(x) + std::get<1>(variant)(x) + std::to_string(std::get<0>(tuple)(x)) +
           map.at("k")(x) + std::to_string(owned(x)) + several->first(x);
  });
}

struct Scale {
  int by = 3;
  std::string unit = "m";
  auto copy() const {
    return [*this](int x) { return std::to_string(x * by) + unit; };
  }
};
struct Functor {
  std::vector<int> table;
  int operator()(int x) const { return table[std::size_t(x) % table.size()]; }
};

TEST_F(Classes, ClosuresOfEveryFormArrive) {
  arrive(Scale().copy());
  arrive(Functor{{5, 6, 7}});
  auto [a, b] = std::pair(std::string("bound"), 2);
  arrive([a, b](int x) { return a + std::to_string(b + x); });
  arrive([n = a + "!"](auto x) { return n + std::to_string(x); });
  auto pack = []<class... T>(T... t) {
    return [... values = t](int x) { return (values + ... + x); };
  }(1, 2L, 3.5);
  arrive(pack);
  const std::string fixed = "fixed";
  arrive([fixed](int x) mutable { return fixed + std::to_string(x); });
}

// --- layouts -------------------------------------------------------------------------------------

struct Empty {};
struct alignas(64) Wide {
  char letter = 'w';
  bool odd() const { return reinterpret_cast<std::uintptr_t>(this) % 64 != 0; }
};
struct Packed {
  char before = 'b';
  int low : 3 = -2, : 5, high : 7 = 40;
  bool flag : 1 = true;
  std::string text = "packed";
};
struct Overlapping {
  [[no_unique_address]] Empty empty;
  int number = 3;
  [[no_unique_address]] std::less<> order;
};
struct Base {
  int a = 1;
  char b = 'b';
};
struct Tail : Base { // c may lie in the padding of Base
  char c = 'c';
};
class Hidden {
  char letter_ = 'h';
  double number_ = 1.5;
  unsigned bits_ : 5 = 17;

 public:
  std::string text() const { return letter_ + std::to_string(number_ + bits_); }
};

TEST_F(Classes, OddLayoutsArrive) {
  volatile int changing = 4;
  arrive([=, wide = Wide(), packed = Packed(), overlapping = Overlapping(), tail = Tail(),
          hidden = Hidden(), empty = Empty()](int x) {
    (void)empty;
    return std::string{wide.letter, wide.odd() ? '!' : '-', packed.before, tail.b, tail.c} +
           packed.text + std::to_string(packed.low) + std::to_string(packed.high) +
           (packed.flag ? "y" : "n") + std::to_string(overlapping.number) + hidden.text() +
           std::to_string(changing + x);
  });
}

TEST_F(Classes, NumbersOfTheLibraryArrive) {
  std::mt19937 random(7);
  random.discard(11);
  std::normal_distribution<double> normal(3, 2);
  normal(random);
  std::complex<long double> complex(1, 2);
  std::valarray<float> numbers = {1, 2, 3};
  arrive([=](int x) mutable {
    auto engine = random;
    auto distribution = normal;
    return std::to_string(distribution(engine)) + std::to_string(double(complex.imag())) +
           std::to_string((numbers * float(x)).sum());
  });
}

} // namespace
} // namespace roam::e2e
