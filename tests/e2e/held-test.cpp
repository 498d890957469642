// Types that are hidden where they are sent travel: what a std::function holds, objects of derived
// classes behind pointers to their base, lambdas that became function pointers.
#include "tests/e2e/shared-peers.h"
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace shapes {

struct Shape {
  virtual ~Shape() = default;
  virtual double area() const = 0;
};
struct Square : Shape {
  double side = 0;
  double area() const override { return side * side; }
};
struct Group : Shape {
  std::vector<std::shared_ptr<Shape>> parts;
  double area() const override {
    double sum = 0;
    for (auto& part : parts)
      sum += part->area();
    return sum;
  }
};

} // namespace shapes

namespace nodes {

struct Node : std::enable_shared_from_this<Node> {
  int number = 0;
  std::vector<std::shared_ptr<Node>> next;
  std::weak_ptr<Node> before;
};

} // namespace nodes

namespace counters {

struct Counter {
  int n = 1;
  virtual ~Counter() = default;
  virtual int next() { return ++n; }
};
struct Secretive : Counter {
  explicit Secretive(int* at) : at(at) {}
  int* at;
};

} // namespace counters

namespace roam::e2e {
namespace {

class Held : public SharedPeers {};

const std::vector<int> numbers = {1, 2, 3};

int tripled(int x) {
  return 3 * x;
}
int hits = 0;

std::string refusalOf(const auto& call) {
  try {
    call();
  } catch (const Refused& error) {
    return error.what();
  }
  return "nothing";
}

// --- std::function ------------------------------------------------------------------------------

TEST_F(Held, ByAStdFunctionTravels) {
  int n = 7;
  std::function<int(int)> scale = [n](int x) { return n * x; };
  EXPECT_EQ(cluster().map(numbers, [scale](int x) { return scale(x) + 1; }),
            (std::vector{8, 15, 22}));
}

TEST_F(Held, BySeveralStdFunctionsTravels) {
  std::function<int(int)> none, pointer = &tripled, plain = [](int x) { return x + 1; };
  std::function<int(int)> nested = [pointer, plain](int x) { return pointer(plain(x)); };
  std::map<std::string, std::function<int(int)>> table = {
      {"none", none}, {"pointer", pointer}, {"plain", plain}, {"nested", nested}};
  std::function<std::string(const std::string&, int)> repeat =
      [suffix = std::string("!")](const std::string& s, int n) {
        std::string all;
        for (int i = 0; i < n; ++i)
          all += s + suffix;
        return all;
      };
  auto all = [table, repeat](int x) {
    std::string text = table.at("none") ? "some" : "none";
    for (auto& [name, f] : table)
      if (f)
        text += " " + name + "=" + std::to_string(f(x));
    return text + repeat("a", x);
  };
  EXPECT_EQ(cluster().map(numbers, all), loop(numbers, all));
}

TEST_F(Held, SharesObjectsWithTheClosure) {
  auto count = std::make_shared<int>(0);
  std::function<int()> next = [count] { return ++*count; };
  std::function<int()> again = [count] { return ++*count; };
  auto run = [=](int) { return next() * 100 + again() * 10 + *count; };
  EXPECT_EQ(cluster().async(run, 0).get(), 122);
}

TEST_F(Held, ByAStdFunctionIsRefusedByName) {
  int local = 0;
  std::function<int(int)> reference = [&local](int x) { return local += x; };
  std::string why =
      refusalOf([&] { (void)cluster().map(numbers, [reference](int x) { return reference(x); }); });
  EXPECT_NE(why.find("std::function<int (int)>"), std::string::npos) << why;
  EXPECT_NE(why.find("ByAStdFunctionIsRefusedByName"), std::string::npos) << why;

  std::function<int(int)> counting = [](int x) { return hits += x; };
  why = refusalOf([&] { (void)cluster().map(numbers, [counting](int x) { return counting(x); }); });
  EXPECT_NE(why.find("hits"), std::string::npos) << why;
}

// --- derived classes ----------------------------------------------------------------------------

using namespace shapes;

std::shared_ptr<Square> square(double side) {
  auto made = std::make_shared<Square>();
  made->side = side;
  return made;
}

TEST_F(Held, ByAnOwnerOfAnAbstractClassTravels) {
  std::vector<std::unique_ptr<Shape>> shapes;
  for (int i = 0; i < 3; ++i) {
    auto made = std::make_unique<Square>();
    made->side = i;
    shapes.push_back(std::move(made));
  }
  shapes.push_back(nullptr);
  auto sum = [shapes = std::move(shapes)](int x) {
    double sum = x;
    for (auto& shape : shapes)
      sum += shape ? shape->area() : 100;
    return sum;
  };
  EXPECT_EQ(cluster().map(numbers, sum), (std::vector{106.0, 107.0, 108.0}));
}

TEST_F(Held, BySharedOwnersOfAnAbstractClassStaysShared) {
  std::shared_ptr<Shape> one = square(2);
  auto group = std::make_shared<Group>();
  group->parts = {one, one, square(3)};
  std::shared_ptr<Shape> all = group;
  auto look = [one, all](int) {
    auto& parts = dynamic_cast<const Group&>(*all).parts;
    return std::pair(all->area(), parts[0] == one && parts[1] == one && parts[2] != one);
  };
  EXPECT_EQ(cluster().async(look, 0).get(), std::pair(17.0, true));
}

using counters::Counter;
using counters::Secretive;
struct Stepping : Counter {
  int step = 5;
  int next() override { return n += step; }
};

TEST_F(Held, ByAnOwnerOfAConcreteBaseTravels) {
  std::shared_ptr<Counter> plain = std::make_shared<Counter>(),
                           stepping = std::make_shared<Stepping>();
  EXPECT_EQ(cluster().async([=](int) { return plain->next() * 100 + stepping->next(); }, 0).get(),
            206);
}

TEST_F(Held, ByAnOwnerIsRefusedByName) {
  std::shared_ptr<Counter> secretive = std::make_shared<Secretive>(nullptr);
  std::string why =
      refusalOf([&] { (void)cluster().async([=](int) { return secretive->next(); }, 0).get(); });
  EXPECT_NE(why.find("Secretive"), std::string::npos) << why;
}

TEST_F(Held, ByItselfKnowsItsOwner) {
  auto first = std::make_shared<nodes::Node>();
  first->next = {std::make_shared<nodes::Node>(), first};
  first->next[0]->number = 7;
  first->next[0]->before = first;
  auto look = [first](int x) {
    auto &second = first->next[0], &cycle = first->next[1];
    return first->shared_from_this() == first && cycle == first &&
                   second->shared_from_this() == second && second->before.lock() == first
               ? second->number + x
               : -1;
  };
  EXPECT_EQ(cluster().map(numbers, look), (std::vector{8, 9, 10}));
  first->next.clear();
}

// --- lambdas that became functions --------------------------------------------------------------

TEST_F(Held, ByAFunctionPointerTravels) {
  int (*twice)(int) = [](int x) { return 2 * x; };
  std::vector<int (*)(int)> all = {twice, [](int x) { return x - 1; }, &tripled};
  auto call = [twice, all](int x) {
    int sum = twice(x);
    for (auto f : all)
      sum = 10 * sum + f(x);
    return sum;
  };
  EXPECT_EQ(cluster().map(numbers, call), loop(numbers, call));
  EXPECT_EQ(cluster().map(numbers, twice), (std::vector{2, 4, 6}));
}

} // namespace
} // namespace roam::e2e
