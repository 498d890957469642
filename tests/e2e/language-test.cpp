// What a lambda may do inside: the language and the standard library, on a peer that was built
// without it.
#include "tests/e2e/shared-peers.h"
#include <algorithm>
#include <any>
#include <atomic>
#include <cmath>
#include <functional>
#include <iomanip>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <random>
#include <ranges>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>

namespace roam::e2e {
namespace {

class Language : public SharedPeers {
 protected:
  /// f(0) ... f(count - 1) there equal those here.
  template <class F>
  static void runs(F f, int count = 50) {
    auto numbers = std::views::iota(0, count);
    EXPECT_EQ(cluster().map(numbers, f), loop(numbers, f));
  }
};

struct Multiply {
  int factor;
  int operator()(int x) const { return factor * x; }
};

class Shape {
 public:
  virtual ~Shape() = default;
  virtual double area() const = 0;
  virtual std::string name() const { return "shape"; }
};
class Square : public Shape {
 public:
  explicit Square(double side) : side_(side) {}
  double area() const override { return side_ * side_; }
  std::string name() const override { return "square of " + Shape::name(); }

 private:
  double side_;
};
class Circle final : public Shape {
 public:
  explicit Circle(double radius) : radius_(radius) {}
  double area() const override { return 3 * radius_ * radius_; }

 private:
  double radius_;
};

inline int fibonacci(int n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}
bool isOdd(unsigned n);
bool isEven(unsigned n) {
  return n == 0 || isOdd(n - 1);
}
bool isOdd(unsigned n) {
  return n != 0 && isEven(n - 1);
}

template <class T>
T cubed(T x) {
  return x * x * x;
}

struct Odd : std::runtime_error {
  explicit Odd(int n) : std::runtime_error("odd: " + std::to_string(n)), n(n) {}
  int n;
};

TEST_F(Language, GenericLambdas) {
  runs([](auto x) { return cubed(x) + 1; });
  auto twice = [](auto x) { return x + x; };
  EXPECT_EQ(cluster().map(std::vector<std::string>{"a", "b"}, twice),
            (std::vector<std::string>{"aa", "bb"}));
  EXPECT_EQ(cluster().map(std::vector{1.5, 2.5}, twice), (std::vector{3.0, 5.0}));
}

TEST_F(Language, MutableLambdasStartAfreshInEachChunk) {
  Options oneEach;
  oneEach.chunk = 1;
  auto count = [calls = 0](int x) mutable { return 100 * x + ++calls; };
  EXPECT_EQ(cluster().map(std::vector{1, 2, 3}, count, oneEach), (std::vector{101, 201, 301}));
  Options allAtOnce;
  allAtOnce.chunk = 3;
  EXPECT_EQ(cluster().map(std::vector{1, 2, 3}, count, allAtOnce), (std::vector{101, 202, 303}));
}

TEST_F(Language, FunctionObjects) {
  runs(Multiply{7});
  runs(std::negate<>());
}

TEST_F(Language, Recursion) {
  runs([](int x) { return fibonacci(x % 20); });
  runs([](int x) { return isEven(unsigned(x)); });
  runs([](int x) {
    std::function<int(int)> sumTo = [&](int n) { return n == 0 ? 0 : n + sumTo(n - 1); };
    return sumTo(x);
  });
}

TEST_F(Language, RegularExpressions) {
  runs([](int x) {
    static const std::regex pattern("(\\w+)-(\\d+)");
    std::smatch match;
    std::string text = "item-" + std::to_string(x * 37);
    return std::regex_match(text, match, pattern) ? match[2].str() + match[1].str() : "none";
  });
}

TEST_F(Language, RandomNumbersFromASeed) {
  runs([](int x) {
    std::mt19937_64 engine{std::uint64_t(x)};
    std::normal_distribution<double> normal(0, 1);
    std::uniform_int_distribution<int> uniform(1, 6);
    return normal(engine) + uniform(engine);
  });
}

TEST_F(Language, SortingAndAlgorithms) {
  runs([](int x) {
    std::vector<int> numbers(std::size_t(x) + 10);
    for (std::size_t i = 0; i < numbers.size(); ++i)
      numbers[i] = int(i * 7919 % 101);
    std::sort(numbers.begin(), numbers.end(), std::greater<>());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    return numbers;
  });
}

TEST_F(Language, StreamsAndFormatting) {
  runs([](int x) {
    std::ostringstream out;
    out << std::setw(8) << std::setfill('*') << x << std::hex << x * 255 << std::fixed
        << std::setprecision(3) << x / 7.0;
    std::istringstream in(out.str());
    std::string word;
    in >> word;
    return word;
  });
}

TEST_F(Language, ExceptionsThatAreCaughtInside) {
  runs([](int x) -> std::string {
    try {
      if (x % 3 == 0)
        throw std::out_of_range("three");
      if (x % 2 == 1)
        throw Odd(x);
      return std::to_string(std::vector<int>{1, 2}.at(std::size_t(x)));
    } catch (const Odd& odd) {
      return odd.what() + std::to_string(odd.n);
    } catch (const std::out_of_range& error) {
      return error.what();
    }
  });
}

TEST_F(Language, DestructorsRunWhenAnExceptionPasses) {
  struct Count {
    int& at;
    ~Count() { ++at; }
  };
  runs([](int x) {
    int destroyed = 0;
    try {
      Count first{destroyed}, second{destroyed};
      if (x % 2)
        throw x;
    } catch (int thrown) {
      return 100 * thrown + destroyed;
    }
    return destroyed;
  });
}

TEST_F(Language, VirtualCallsAndDynamicCasts) {
  runs([](int x) {
    std::vector<std::unique_ptr<Shape>> shapes;
    shapes.push_back(std::make_unique<Square>(x));
    shapes.push_back(std::make_unique<Circle>(x));
    std::string all;
    for (auto& shape : shapes) {
      const Shape& each = *shape;
      all += each.name() + std::to_string(each.area()) +
             (dynamic_cast<const Circle*>(&each) ? "round" : "cornered") +
             (typeid(each) == typeid(Square) ? "=" : "~");
    }
    return all;
  });
}

TEST_F(Language, AStaticOfAFunctionIsOneForAWorker) {
  auto name = [](int) {
    static const std::string made = std::to_string(getpid());
    return made == std::to_string(getpid());
  };
  for (bool own : cluster().map(std::views::iota(0, 100), name))
    EXPECT_TRUE(own);
  auto count = [] {
    static int calls = 0;
    return ++calls;
  };
  Member first = cluster().peers()[0];
  EXPECT_EQ(cluster().on(first, count), 1);
  EXPECT_EQ(cluster().on(first, count), 2);
}

TEST_F(Language, ThreadLocals) {
  runs([](int x) {
    thread_local std::vector<int> scratch;
    scratch.clear();
    for (int i = 0; i < x; ++i)
      scratch.push_back(i);
    return std::accumulate(scratch.begin(), scratch.end(), 0);
  });
}

TEST_F(Language, ThreadsInsideALambda) {
  runs(
      [](int x) {
        std::atomic<int> sum = 0;
        std::mutex mutex;
        std::vector<int> seen;
        std::vector<std::thread> threads;
        for (int i = 0; i < 3; ++i)
          threads.emplace_back([&, i] {
            sum += i * x;
            std::lock_guard lock(mutex);
            seen.push_back(i);
          });
        for (auto& thread : threads)
          thread.join();
        return sum + int(seen.size());
      },
      10);
}

TEST_F(Language, FunctionsAnysAndSharedPointersMadeInside) {
  runs([](int x) {
    std::function<std::string(int)> twice = [prefix = std::string("x")](int y) {
      return prefix + std::to_string(2 * y);
    };
    std::any any = twice(x);
    auto shared = std::make_shared<std::map<int, std::string>>();
    (*shared)[x] = std::any_cast<std::string>(any);
    std::weak_ptr weak = shared;
    return weak.lock()->at(x);
  });
}

TEST_F(Language, PointersToFunctionsAndMembers) {
  runs([](int x) {
    int (*function)(int) = &fibonacci;
    double (Shape::*area)() const = &Shape::area;
    Square square(x);
    double (*library)(double) = &std::sqrt;
    return function(10) + int((square.*area)()) + int(library(x));
  });
}

TEST_F(Language, SwitchesAndTablesOfConstants) {
  runs([](int x) -> std::string {
    static constexpr const char* names[] = {"zero", "one", "two", "three"};
    switch (x % 6) {
    case 0:
      return "none";
    case 1:
      return names[x % 4];
    case 2:
      return "two";
    case 3:
      return names[3];
    case 4:
      return std::string(names[1]) + names[2];
    default:
      return "many";
    }
  });
}

TEST_F(Language, RangesPipelines) {
  runs([](int x) {
    int sum = 0;
    for (int y : std::views::iota(0, x) | std::views::filter([](int n) { return n % 3 == 1; }) |
                     std::views::transform([x](int n) { return n * x; }))
      sum += y;
    return sum;
  });
}

} // namespace
} // namespace roam::e2e
