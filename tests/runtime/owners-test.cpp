// The archive's smart pointers, objects with virtual functions, and containers whose order or hash
// has state. Fields of aggregates are given by hand, as the plugin gives them to programs.
#include "encoding-check.h"
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <memory_resource>
#include <queue>
#include <set>
#include <string>
#include <unordered_map>
#include <valarray>
#include <vector>

using namespace std::string_literals;
using roam::Field;
using roam::Fields;
using roam::Kind;
using roam::Reader;
using roam::test::check;
using roam::test::encoded;

namespace {

struct Person {
  std::string name;
  std::weak_ptr<Person> boss;
  std::vector<std::shared_ptr<Person>> reports;
};
struct Shape {
  int sides = 0;
  virtual ~Shape() = default;
  virtual std::string text() const = 0;
};
struct NeverDeleted {
  virtual int number() const = 0;
};
struct Polygon : Shape {
  std::string name;
  int lengths[3] = {};
  std::string text() const override {
    return name + std::to_string(sides) + std::to_string(lengths[2]);
  }
};
struct Star : Polygon {};
/// Orders by the distance to a centre.
struct Nearest {
  int centre;
  bool operator()(long a, long b) const { return std::abs(a - centre) < std::abs(b - centre); }
};
struct Salted {
  std::string salt;
  std::size_t operator()(const std::string& text) const {
    return std::hash<std::string>()(salt + text);
  }
};
struct Free {
  void operator()(int* at) const { delete at; }
};

} // namespace

#pragma clang diagnostic ignored "-Winvalid-offsetof" // clang knows these layouts

template <>
struct roam::reflect<Person> {
  using type = Fields<Field<std::string, offsetof(Person, name), 0>,
                      Field<std::weak_ptr<Person>, offsetof(Person, boss), 0>,
                      Field<std::vector<std::shared_ptr<Person>>, offsetof(Person, reports), 0>>;
};
template <>
struct roam::reflect<Shape> {
  using type = Fields<Field<int, offsetof(Shape, sides), 0>>;
  using polymorphic = Shape;
};
template <>
struct roam::reflect<Polygon> {
  using type = Fields<Field<Shape, 0, fieldBase>, Field<std::string, offsetof(Polygon, name), 0>,
                      Field<int[3], offsetof(Polygon, lengths), 0>>;
  using polymorphic = Polygon;
};
template <>
struct roam::reflect<Nearest> {
  using type = Fields<Field<int, 0, 0>>;
};
template <>
struct roam::reflect<Salted> {
  using type = Fields<Field<std::string, 0, 0>>;
};

namespace {

template <class T>
std::string encodedWhole(const T& x) {
  roam::Buffer out;
  roam::saveWhole(out, x);
  return std::string(out.view());
}
/// x after its travel.
template <class T>
T again(const T& x) {
  std::string bytes = encodedWhole(x);
  Reader in{bytes.data(), bytes.size()};
  T y = roam::loadWhole<T>(in);
  EXPECT_TRUE(in.finished());
  return y;
}

// --- several owners of one object ----------------------------------------------------------------

TEST(Sharing, IsEncodedAsItsHeaderSays) {
  auto seven = std::make_shared<int>(7);
  std::pair both(seven, seven);
  EXPECT_EQ(encodedWhole(both), "\1\7\0\0\0\2\0\0\0\0"s);
  EXPECT_EQ(encodedWhole(std::shared_ptr<int>()), "\0"s);
}

TEST(Sharing, LastsWithinOneValue) {
  auto text = std::make_shared<std::string>("text");
  std::shared_ptr<const std::string> fixed = text;
  auto [a, b, c, d] = again(std::tuple(text, fixed, text, std::make_shared<std::string>("text")));
  EXPECT_EQ(a, b);
  EXPECT_EQ(a, c);
  EXPECT_NE(a, d);
  EXPECT_EQ(*a, *d);
  EXPECT_EQ(a.use_count(), 3);
}

TEST(Sharing, IsNotConfusedByPartsAtTheSameAddress) {
  auto pair = std::make_shared<std::pair<int, int>>(1, 2);
  std::shared_ptr<int> first(pair, &pair->first);
  auto [p, f] = again(std::pair(pair, first));
  EXPECT_EQ(*f, 1);
  EXPECT_EQ(f.use_count(), 1) << "an aliasing pointer becomes the owner of a copy";
  EXPECT_EQ(*p, std::pair(1, 2));
}

TEST(Sharing, SurvivesCyclesAndWeakPointers) {
  auto boss = std::make_shared<Person>(Person{"Ada", {}, {}});
  for (const char* name : {"Bob", "Cyd"})
    boss->reports.push_back(std::make_shared<Person>(Person{name, boss, {}}));
  auto copy = again(boss);
  ASSERT_EQ(copy->reports.size(), 2u);
  EXPECT_EQ(copy->reports[1]->name, "Cyd");
  EXPECT_EQ(copy->reports[1]->boss.lock(), copy);
  EXPECT_TRUE(copy->boss.expired());
  std::weak_ptr<Person> watch = copy;
  copy = nullptr;
  EXPECT_TRUE(watch.expired());

  auto orphan = again(boss->reports[0]);
  EXPECT_TRUE(orphan->boss.expired()) << "nobody in this value owned it";

  boss->reports[0]->reports.push_back(boss); // a cycle of owners
  copy = again(boss);
  EXPECT_EQ(copy->reports[0]->reports[0], copy);
  copy->reports.clear();
  boss->reports.clear();
}

TEST(Sharing, OfManyObjectsKeepsEachApart) {
  std::vector<std::shared_ptr<int>> numbers;
  for (int i = 0; i < 5000; ++i)
    numbers.push_back(std::make_shared<int>(i));
  for (int i = 0; i < 5000; ++i)
    numbers.push_back(numbers[i * 7 % 5000]);
  auto copy = again(numbers);
  for (int i = 0; i < 5000; ++i) {
    EXPECT_EQ(*copy[i], i);
    EXPECT_EQ(copy[5000 + i], copy[i * 7 % 5000]);
  }
}

TEST(Sharing, RefusesNumbersOfNoObjectAndOfAnotherType) {
  using Two = std::pair<std::shared_ptr<int>, std::shared_ptr<float>>;
  for (std::string bytes : {"\2\0\0\0\0\0"s, "\1\7\0\0\0\2\0\0\0\0"s, "\3\0"s, "\0\1\1"s}) {
    Reader in{bytes.data(), bytes.size()};
    roam::Rebuilt<Two> two(in);
    EXPECT_FALSE(in.ok);
  }
}

TEST(Sharing, OutsideOfAWholeValueIsCopying) {
  auto text = std::make_shared<std::string>("text");
  std::pair both(text, text);
  check(both, [](auto& a, auto& b) {
    return *a.first == *b.first && *a.second == *b.second && b.first != b.second;
  });
}

// --- owners of other kinds -----------------------------------------------------------------------

TEST(Owners, WithADeleterWithoutStateTravel) {
  auto equal = [](auto& a, auto& b) { return !a ? !b : *a == *b; };
  check(std::unique_ptr<int, Free>(new int(3)), equal);
  check(std::unique_ptr<int, Free>(), equal);
  static_assert(roam::kindOf<std::unique_ptr<int, void (*)(int*)>>() == Kind::other);
  static_assert(roam::kindOf<std::unique_ptr<int[], Free>>() == Kind::other);
}

TEST(Owners, OfArraysTravel) {
  auto numbers = std::make_unique<double[]>(5);
  for (int i = 0; i < 5; ++i)
    numbers[i] = i;
  auto copy = again(numbers);
  EXPECT_TRUE(std::equal(numbers.get(), numbers.get() + 5, copy.get()));

  std::unique_ptr<std::string[]> texts(new std::string[2]{"a", std::string(100, 'b')});
  check(texts, [](auto& a, auto& b) { return !a ? !b : a[0] == b[0] && a[1] == b[1]; });
  check(std::unique_ptr<std::string[]>(), [](auto& a, auto& b) { return !a && !b; });
  EXPECT_EQ(encoded(texts).substr(0, 9), "\1\2\0\0\0\0\0\0\0"s);
}

// --- virtual functions ---------------------------------------------------------------------------

TEST(Polymorphic, ObjectsKeepTheirMembersAndFunctions) {
  Polygon triangle;
  triangle.sides = 3;
  triangle.name = "triangle";
  triangle.lengths[2] = 9;
  auto equal = [](const Shape& a, const Shape& b) { return a.text() == b.text(); };
  check(triangle, equal);
  EXPECT_EQ(again(std::make_shared<Polygon>(triangle))->text(), "triangle39");
  EXPECT_EQ(again(std::vector{triangle, triangle})[1].text(), "triangle39");
}

TEST(Polymorphic, ObjectsOfADerivedClassAreNotCutToTheirBase) {
  std::shared_ptr<Polygon> star = std::make_shared<Star>();
  try {
    encodedWhole(star);
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("4Star"), std::string::npos) << error.what();
  }
  static_assert(roam::kindOf<std::unique_ptr<Shape>>() == Kind::owner);
  static_assert(roam::kindOf<std::weak_ptr<Shape>>() == Kind::weak);
  static_assert(roam::kindOf<std::unique_ptr<NeverDeleted>>() == Kind::abstract);
}

// --- containers ----------------------------------------------------------------------------------

TEST(Containers, KeepAnOrderWithState) {
  check(std::set<int, Nearest>({1, 9, 5}, Nearest{6}), [](auto& a, auto& b) {
    return std::ranges::equal(a, b) && a.key_comp().centre == b.key_comp().centre;
  });
  std::multimap<int, std::string, Nearest> map({{1, "a"}, {9, "b"}, {11, "c"}}, Nearest{10});
  EXPECT_TRUE(std::ranges::equal(again(map), map));
  std::priority_queue<int, std::vector<int>, Nearest> queue(Nearest{4});
  for (int i : {1, 4, 9})
    queue.push(i);
  auto copy = again(queue);
  for (; !queue.empty(); queue.pop(), copy.pop())
    EXPECT_EQ(copy.top(), queue.top());
  EXPECT_TRUE(copy.empty());
}

TEST(Containers, KeepAHashWithState) {
  std::unordered_map<std::string, int, Salted> map(8, Salted{"salt"});
  map["a"] = 1;
  map["b"] = 2;
  auto copy = again(map);
  EXPECT_EQ(copy.size(), 2u);
  EXPECT_EQ(copy.at("b"), 2);
  EXPECT_EQ(copy.hash_function().salt, "salt");
}

TEST(Containers, OfAMemoryResourceAreRebuiltInTheDefaultOne) {
  char bytes[4000];
  std::pmr::monotonic_buffer_resource arena(bytes, sizeof bytes);
  std::pmr::vector<std::pmr::string> texts({"a", "b"}, &arena);
  auto copy = again(texts);
  EXPECT_EQ(copy, texts);
  EXPECT_EQ(copy.get_allocator().resource(), std::pmr::get_default_resource());
}

TEST(Containers, OfNumbersForArithmeticTravel) {
  check(std::valarray<double>{1, 2, 3}, [](auto& a, auto& b) {
    return std::equal(std::begin(a), std::end(a), std::begin(b), std::end(b));
  });
}

} // namespace
