// What roam::reflect says of closures and aggregates, seen from inside a program compiled with the
// plugin.
#include "roam/wrapper.h"
#include <algorithm>
#include <array>
#include <complex>
#include <cstdlib>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <random>
#include <string>

namespace {

template <class F>
using FieldsOf = typename roam::reflect<F>::type;
template <class F, class... Expected>
concept HasFields = std::is_same_v<FieldsOf<F>, roam::Fields<Expected...>>;
using roam::Field;

struct Point {
  double x, y;
};
struct Named : Point {
  std::string name;
  mutable int uses = 0;
};
struct Empty {};
struct Both : Empty, Point {
  int z;
};
struct WithConstructor {
  int a;
  explicit WithConstructor(int a) : a(a) {}
};
class Private {
  [[maybe_unused]] int a_ = 0;
};
struct Owner {
  int* p = nullptr;
  ~Owner() { delete p; }
};
struct Virtual {
  virtual ~Virtual() = default;
};
struct Circle : Virtual {
  double radius;
  ~Circle() override {}
};
struct VirtualWithDuty {
  virtual ~VirtualWithDuty() { std::abort(); }
};
struct Bits {
  char before;
  int a : 3, : 2, b : 7;
  short between;
  bool c : 1;
};
class Padded {
  [[maybe_unused]] char a_ = 0;
  [[maybe_unused]] int b_ = 0;
  [[maybe_unused]] unsigned c_ : 4 = 0;
};
struct Overlap {
  [[no_unique_address]] Empty e;
  int a;
};
struct Custom {
  template <class Ar>
  void serialize(Ar&) {}
};
template <class T>
struct Pair {
  T first, second;
};

TEST(Closures, ShowTheirCapturesInTheOrderOfMemory) {
  char c = 'c';
  double d = 1;
  std::string s = "s";
  auto f = [c, d, s, n = 3] { return c + d + s.size() + n; };
  static_assert(HasFields<decltype(f), Field<char, 0, 0>, Field<double, 8, 0>,
                          Field<std::string, 16, 0>, Field<int, 48, roam::fieldInitCapture>>);
  static_assert(roam::ClosureType<decltype(f)>);
  static_assert(std::is_same_v<roam::reflect<decltype(f)>::closure, decltype(f)>);
}

TEST(Closures, OfEveryFormAreReflected) {
  auto none = [] {};
  static_assert(HasFields<decltype(none)>);
  int x = 1;
  auto generic = [x](auto y) { return x + y; };
  static_assert(HasFields<decltype(generic), Field<int, 0, 0>>);
  auto changing = [x]() mutable { return ++x; };
  static_assert(HasFields<decltype(changing), Field<int, 0, 0>>);
  auto moving = [p = std::make_unique<int>(3)] { return *p; };
  static_assert(
      HasFields<decltype(moving), Field<std::unique_ptr<int>, 0, roam::fieldInitCapture>>);
  auto outer = [none, generic] {
    none();
    return generic(1);
  };
  static_assert(FieldsOf<decltype(outer)>::size == 2);
  int grid[2][3] = {};
  auto array = [grid] { return grid[0][0]; };
  static_assert(HasFields<decltype(array), Field<int[2][3], 0, 0>>);
  auto [p, q] = Point{1, 2};
  auto bound = [p, q] { return p + q; };
  static_assert(HasFields<decltype(bound), Field<double, 0, 0>, Field<double, 8, 0>>);
  auto pack = []<class... T>(T... t) { return [... values = t] { return (values + ...); }; }(1, 2L);
  static_assert(HasFields<decltype(pack), Field<int, 0, roam::fieldInitCapture>,
                          Field<long, 8, roam::fieldInitCapture>>);
  const int fixed = std::rand();
  auto constant = [fixed] { return fixed; };
  static_assert(HasFields<decltype(constant), Field<const int, 0, 0>>);
  struct Here {
    int a = 4;
    auto copy() {
      return [*this] { return a; };
    }
  };
  static_assert(HasFields<decltype(Here().copy()), Field<Here, 0, roam::fieldThis>>);
}

TEST(Closures, ThatReferToThingsSaySo) {
  int x = 1;
  auto f = [&x] { return x; };
  static_assert(HasFields<decltype(f), Field<int*, 0, roam::fieldReference>>);
  EXPECT_EQ(f(), 1);
}

TEST(Aggregates, ShowBasesThenMembers) {
  static_assert(HasFields<Named, Field<Point, 0, roam::fieldBase>, Field<std::string, 16, 0>,
                          Field<int, 48, roam::fieldMutable>>);
  static_assert(HasFields<Both, Field<Point, 0, roam::fieldBase>, Field<int, 16, 0>>);
  static_assert(HasFields<Pair<short>, Field<short, 0, 0>, Field<short, 2, 0>>);
  static_assert(HasFields<WithConstructor, Field<int, 0, 0>>);
  static_assert(HasFields<Overlap, Field<Empty, 0, 0>, Field<int, 0, 0>>);
  static_assert(!roam::ClosureType<Named>);
}

TEST(Aggregates, ShowBitFieldsAsTheBytesTheyLieIn) {
  static_assert(HasFields<Bits, Field<char, 0, 0>, Field<roam::BitFields<0xE7, 0x0F>, 1, 0>,
                          Field<short, 4, 0>, Field<roam::BitFields<0x01>, 6, 0>>);
}

TEST(Aggregates, WithVirtualFunctionsSaySo) {
  static_assert(HasFields<Circle, Field<Virtual, 0, roam::fieldBase>, Field<double, 8, 0>>);
  static_assert(roam::PolymorphicType<Circle>);
  static_assert(!roam::PolymorphicType<Named>);
}

TEST(OtherTypes, ShowTheirPadding) {
  static_assert(std::is_same_v<
                roam::reflect<Padded>::gaps,
                roam::Gaps<roam::Gap<1, 0>, roam::Gap<2, 0>, roam::Gap<3, 0>, roam::Gap<8, 0x0F>,
                           roam::Gap<9, 0>, roam::Gap<10, 0>, roam::Gap<11, 0>>>);
  static_assert(!roam::HasGaps<std::mt19937>);
  static_assert(!roam::HasGaps<Private>);
  static_assert(roam::HasGaps<std::complex<long double>>);
}

TEST(OtherTypes, ShowNothing) {
  static_assert(!roam::Reflected<Private>);
  static_assert(!roam::Reflected<Owner>);
  static_assert(!roam::Reflected<VirtualWithDuty>);
  static_assert(!roam::Reflected<std::string>);
  static_assert(!roam::Reflected<std::array<int, 3>>);
  static_assert(!roam::Reflected<std::plus<>>);
  static_assert(!roam::Reflected<int>);
  static_assert(!roam::Reflected<int (*)(int)>);
}

TEST(Shippable, SaysWhetherObjectsMayBeShared) {
  auto shared = [p = std::make_shared<int>(3)] { return *p; };
  auto nested = [v = std::vector{shared}] { return v[0](); };
  auto owned = [p = std::make_unique<std::vector<std::string>>()] { return p->size(); };
  static_assert(roam::Shippable<decltype(shared)>::shares);
  static_assert(roam::Shippable<decltype(nested)>::shares);
  static_assert(!roam::Shippable<decltype(owned)>::shares);
  static_assert(!roam::Shippable<std::map<std::string, Named>>::shares);
  static_assert(roam::Shippable<std::weak_ptr<int>>::shares);
  static_assert(roam::Shippable<Custom>::shares); // what it hands to the archive is not seen
}

TEST(Shippable, IsAConstantOfTheType) {
  auto f = [x = 1] { return x; };
  static_assert(roam::Shippable<decltype(f)>::value);
  static_assert(roam::Shippable<std::plus<>>::value);
  const bool& address = roam::Shippable<decltype(f)>::value;
  EXPECT_TRUE(address);
}

template <class F>
auto makesEntry(const F&) -> decltype(roam::recordOf<roam::CallShape<F>>()) {
  return roam::recordOf<roam::CallShape<F>>();
}

TEST(Entries, AreDifferentForDifferentClosures) {
  auto one = [x = 1] { return x; };
  auto two = [x = 1] { return x + 1; };
  EXPECT_NE(makesEntry(one), nullptr);
  EXPECT_EQ(makesEntry(one), makesEntry(one));
  EXPECT_NE(makesEntry(one), makesEntry(two));
}

TEST(Entries, RunInThisProcessToo) {
  int x = 20;
  std::string name = "abc";
  auto f = [x, name](int y) mutable { return x++ + y + int(name.size()); };
  using Shape = roam::MapShape<decltype(f), int>;
  ASSERT_NE(roam::recordOf<Shape>(), nullptr);
  roam::Output captures, results;
  auto grow = [](roam::Output* out, std::size_t more) {
    out->capacity = (out->size + more) * 2;
    out->data = static_cast<char*>(std::realloc(out->data, out->capacity));
  };
  captures.grow = results.grow = grow;
  roam::saveClosure(captures, f);
  int arguments[] = {1, 2, 3};
  auto done = roam::Code<Shape>::entry(captures.data, captures.size,
                                       reinterpret_cast<const char*>(arguments), sizeof arguments,
                                       3, &results);
  EXPECT_EQ(done, roam::Outcome::done);
  ASSERT_EQ(results.size, 3 * sizeof(int));
  int got[3];
  std::copy_n(results.data, sizeof got, reinterpret_cast<char*>(got));
  EXPECT_EQ(got[0], 24);
  EXPECT_EQ(got[1], 26);
  EXPECT_EQ(got[2], 28);
  std::free(captures.data);
  std::free(results.data);
}

} // namespace
