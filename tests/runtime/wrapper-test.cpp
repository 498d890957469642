// The shapes of entries, run in this process: compiled with the plugin, whose view of the captures
// they use.
#include "encoding-check.h"
#include "roam/wrapper.h"
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

namespace {

using roam::Buffer;
using roam::CallShape;
using roam::Code;
using roam::LiveShape;
using roam::MapShape;
using roam::Outcome;
using roam::Reader;
using roam::ReduceShape;

template <class... F>
Buffer captured(const F&... f) {
  Buffer out;
  roam::saveClosure(out, f...);
  return out;
}
template <class T>
Buffer encodedEach(const std::vector<T>& xs) {
  Buffer out;
  for (const T& x : xs)
    roam::save<T>(out, x);
  return out;
}
template <class Shape>
Outcome run(const Buffer& captures, const Buffer& arguments, std::uint64_t count, Buffer& results) {
  return Code<Shape>::entry(captures.data, captures.size, arguments.data, arguments.size, count,
                            &results);
}
template <class R>
std::vector<R> decodedEach(const Buffer& results, std::size_t count) {
  Reader in{results.data, results.size};
  std::vector<R> decoded;
  for (std::size_t i = 0; i < count; ++i)
    decoded.push_back(roam::load<R>(in));
  EXPECT_TRUE(in.finished());
  return decoded;
}

/// f over xs, through bytes.
template <class T, class F>
auto mapped(const std::vector<T>& xs, const F& f) {
  using Shape = MapShape<F, T>;
  Buffer results;
  EXPECT_EQ(run<Shape>(captured(f), encodedEach(xs), xs.size(), results), Outcome::done);
  return decodedEach<typename Shape::Result>(results, xs.size());
}

TEST(MapShape, RunsOverNumbers) {
  std::vector<long> xs(1000);
  std::iota(xs.begin(), xs.end(), -500);
  std::vector<long> expected;
  for (long x : xs)
    expected.push_back(x * x + 7);
  long offset = 7;
  EXPECT_EQ(mapped(xs, [=](long x) { return x * x + offset; }), expected);
  EXPECT_EQ(mapped(std::vector<long>(), [=](long x) { return x + offset; }), std::vector<long>());
}

TEST(MapShape, RunsOverWhatHasNoFixedSize) {
  std::string suffix = "!";
  std::vector<std::string> words{"a", "", "ccc"};
  auto shout = [=](const std::string& s) { return s + suffix; };
  EXPECT_EQ(mapped(words, shout), (std::vector<std::string>{"a!", "!", "ccc!"}));
  auto length = [](const std::string& s) { return s.size(); };
  EXPECT_EQ(mapped(words, length), (std::vector<std::size_t>{1, 0, 3}));
  auto repeat = [](int n) { return std::string(n, 'x'); };
  EXPECT_EQ(mapped(std::vector{0, 2}, repeat), (std::vector<std::string>{"", "xx"}));
  EXPECT_EQ(mapped(std::vector{1, 2}, [](int n) { return n > 1; }),
            (std::vector<bool>{false, true}));
  EXPECT_EQ(mapped(std::vector<bool>{false, true}, [](bool b) { return !b; }),
            (std::vector<bool>{true, false}));
}

TEST(MapShape, TakesArgumentsInEveryWayThatIsNotAReferenceToChange) {
  std::vector<std::string> xs{"one", "two"};
  EXPECT_EQ(mapped(xs, [](std::string s) { return s; }), xs);
  EXPECT_EQ(mapped(xs, [](const std::string& s) { return s; }), xs);
  EXPECT_EQ(mapped(xs, [](std::string&& s) { return std::move(s); }), xs);
  EXPECT_EQ(mapped(xs, [](auto s) { return s; }), xs);
  EXPECT_EQ(mapped(xs, [](auto&& s) { return s; }), xs);
  EXPECT_EQ(mapped(xs, [](const auto& s) -> const std::string& { return s; }), xs);
  static_assert(roam::CallableOnlyWithLvalues<decltype([](std::string&) {}), std::string>);
  static_assert(roam::CallableOnlyWithLvalues<decltype([](auto&) {}), std::string>);
}

TEST(MapShape, TakesFunctionObjectsWithoutState) {
  EXPECT_EQ(mapped(std::vector{1, -2}, std::negate<>()), (std::vector{-1, 2}));
}

TEST(MapShape, KeepsWhatAMutableLambdaChangesUntilTheChunkEnds) {
  auto count = [n = 0](int) mutable { return ++n; };
  EXPECT_EQ(mapped(std::vector{9, 9, 9}, count), (std::vector{1, 2, 3}));
  EXPECT_EQ(mapped(std::vector{9}, count), (std::vector{1}));
}

TEST(MapShape, GivesNoBytesForNoResult) {
  auto nothing = [](int) {};
  Buffer results;
  using Shape = MapShape<decltype(nothing), int>;
  EXPECT_EQ(run<Shape>(captured(nothing), encodedEach(std::vector{1, 2}), 2, results),
            Outcome::done);
  EXPECT_EQ(results.size, 0u);
}

/// Neither default constructor nor assignment.
struct Rate {
  const double factor;
};
TEST(MapShape, TakesTypesWithoutDefaultConstructorOrAssignment) {
  std::vector<Rate> rates{{1.5}, {2}};
  EXPECT_EQ(mapped(rates, [](Rate r) { return r.factor * 2; }), (std::vector<double>{3, 4}));
  auto made = mapped(std::vector<double>{1, 2}, [](double x) { return Rate{x}; });
  EXPECT_EQ(made[1].factor, 2);
}

TEST(MapShape, SaysWhichElementThrew) {
  auto inverse = [](int x) { return x ? 1 / x : throw std::domain_error("zero"); };
  auto named = [](const std::string& s) { return std::stoi(s); };
  Buffer results;
  using Numbers = MapShape<decltype(inverse), int>;
  EXPECT_THROW(run<Numbers>(captured(inverse), encodedEach(std::vector{1, 2, 0, 3}), 4, results),
               std::domain_error);
  EXPECT_EQ(results.element, 2u);
  using Words = MapShape<decltype(named), std::string>;
  EXPECT_THROW(
      run<Words>(captured(named), encodedEach(std::vector<std::string>{"1", "x"}), 2, results),
      std::invalid_argument);
  EXPECT_EQ(results.element, 1u);
}

// --- damaged input ----------------------------------------------------------------------------

Buffer copyOf(std::string_view bytes) {
  Buffer copy;
  copy.write(bytes.data(), bytes.size());
  return copy;
}

/// Captures cut short or with bytes added are refused before anything runs: `f` throws if it is
/// called.
template <class Shape, class... F>
void expectWholeCapturesOnly(const Buffer& arguments, std::uint64_t count, const F&... f) {
  Buffer captures = captured(f...);
  std::string longer = std::string(captures.view()) + "x";
  for (std::size_t size = 0; size <= longer.size(); ++size) {
    Buffer results;
    if (size == captures.size)
      EXPECT_THROW(run<Shape>(captures, arguments, count, results), std::logic_error);
    else
      EXPECT_EQ(run<Shape>(copyOf(longer.substr(0, size)), arguments, count, results),
                Outcome::badCaptures);
  }
}

TEST(Shapes, RunNothingOnDamagedCaptures) {
  auto number = [s = std::string("abc"), v = std::vector{1, 2}](int x) {
    return x > 0 ? throw std::logic_error(s) : v[0];
  };
  auto text = [n = 3](const std::string& x) { return n > 0 ? throw std::logic_error("ran") : x; };
  auto op = [n = 3](int x, int y) { return n + x + y; };
  Buffer numbers = encodedEach(std::vector{1, 2, 3}), one = encodedEach(std::vector{1});
  Buffer words = encodedEach(std::vector<std::string>{"a", "bb"});
  expectWholeCapturesOnly<MapShape<decltype(number), int>>(numbers, 3, number);
  expectWholeCapturesOnly<MapShape<decltype(text), std::string>>(words, 2, text);
  expectWholeCapturesOnly<CallShape<decltype(number), int>>(one, 1, number);
  expectWholeCapturesOnly<LiveShape<decltype(number), int>>(numbers, 3, number);
  expectWholeCapturesOnly<ReduceShape<decltype(number), decltype(op), int>>(numbers, 3, number, op);
}

/// Arguments cut short, with bytes added, or fewer or more than the count says are refused.
template <class Shape, class... F>
void expectWholeArgumentsOnly(const Buffer& arguments, std::uint64_t count, const F&... f) {
  Buffer captures = captured(f...);
  std::string longer = std::string(arguments.view()) + "x";
  for (std::size_t size = 0; size <= longer.size(); ++size) {
    Buffer results;
    EXPECT_EQ(run<Shape>(captures, copyOf(longer.substr(0, size)), count, results),
              size == arguments.size ? Outcome::done : Outcome::badArguments);
  }
  for (std::uint64_t wrong : {count - 1, count + 1, std::uint64_t(1) << 61, ~std::uint64_t(0)}) {
    Buffer results;
    EXPECT_EQ(run<Shape>(captures, arguments, wrong, results), Outcome::badArguments);
  }
}

TEST(Shapes, RefuseDamagedArguments) {
  auto number = [n = 3](int x) { return x + n; };
  auto text = [s = std::string("abc")](const std::string& x) { return s + x; };
  auto both = [n = 3](int x, const std::string& y) { return y + std::to_string(x + n); };
  Buffer numbers = encodedEach(std::vector{1, 2, 3});
  Buffer words = encodedEach(std::vector<std::string>{"a", "bb"});
  Buffer pair = encodedEach(std::vector<std::pair<int, std::string>>{{2, "bb"}});
  expectWholeArgumentsOnly<MapShape<decltype(number), int>>(numbers, 3, number);
  expectWholeArgumentsOnly<MapShape<decltype(text), std::string>>(words, 2, text);
  expectWholeArgumentsOnly<CallShape<decltype(both), int, std::string>>(pair, 1, both);
  expectWholeArgumentsOnly<LiveShape<decltype(number), int>>(numbers, 3, number);
  expectWholeArgumentsOnly<LiveShape<decltype(both), int, std::string>>(pair, 1, both);
  expectWholeArgumentsOnly<ReduceShape<decltype(number), std::plus<>, int>>(numbers, 3, number,
                                                                            std::plus<>());
  expectWholeArgumentsOnly<ReduceShape<decltype(text), std::plus<>, std::string>>(words, 2, text,
                                                                                  std::plus<>());
}

// --- calls ------------------------------------------------------------------------------------

template <class F, class... A>
auto called(const F& f, const A&... a) {
  using Shape = CallShape<F, A...>;
  Buffer arguments, results;
  (roam::save<A>(arguments, a), ...);
  EXPECT_EQ(run<Shape>(captured(f), arguments, 1, results), Outcome::done);
  Reader in{results.data, results.size};
  auto result = roam::load<typename Shape::Result>(in);
  EXPECT_TRUE(in.finished());
  return result;
}

TEST(CallShape, PassesAnyNumberOfArguments) {
  EXPECT_EQ(called([] { return 7; }), 7);
  std::string greeting = "hello";
  EXPECT_EQ(
      called([=](const std::string& name, int n) { return greeting + name + std::to_string(n); },
             std::string(" you "), 2),
      "hello you 2");
  EXPECT_EQ(called([](int a, int b, int c) { return a * 100 + b * 10 + c; }, 1, 2, 3), 123);
}

TEST(CallShape, MakesExactlyOneCall) {
  auto add = [](int a, int b) { return a + b; };
  Buffer results;
  using Shape = CallShape<decltype(add), int, int>;
  EXPECT_EQ(run<Shape>(captured(add), encodedEach(std::vector{1, 2, 3, 4}), 2, results),
            Outcome::badArguments);
  EXPECT_EQ(results.size, 0u);
}

TEST(CallShape, GivesNoBytesForNoResult) {
  auto nothing = [] {};
  Buffer results;
  EXPECT_EQ(run<CallShape<decltype(nothing)>>(captured(nothing), Buffer(), 1, results),
            Outcome::done);
  EXPECT_EQ(results.size, 0u);
}

// --- what names are bound to ------------------------------------------------------------------

TEST(LiveShape, MakesAnyNumberOfCalls) {
  std::string greeting = "hello ";
  auto greet = [=](const std::string& name, int n) { return greeting + name + std::to_string(n); };
  using Shape = LiveShape<decltype(greet), std::string, int>;
  Buffer arguments, results;
  for (int i = 0; i < 3; ++i) {
    roam::save<std::string>(arguments, std::string(std::size_t(i), 'x'));
    roam::save<int>(arguments, i);
  }
  EXPECT_EQ(run<Shape>(captured(greet), arguments, 3, results), Outcome::done);
  EXPECT_EQ(decodedEach<std::string>(results, 3),
            (std::vector<std::string>{"hello 0", "hello x1", "hello xx2"}));
  Buffer none;
  EXPECT_EQ(run<Shape>(captured(greet), Buffer(), 0, none), Outcome::done);
  EXPECT_EQ(none.size, 0u);
}

TEST(LiveShape, GivesWhatAMapAndACallGive) {
  auto square = [offset = 7](long x) { return x * x + offset; };
  std::vector<long> xs{0, -3, 1L << 20};
  Buffer results;
  using Shape = LiveShape<decltype(square), long>;
  EXPECT_EQ(run<Shape>(captured(square), encodedEach(xs), xs.size(), results), Outcome::done);
  EXPECT_EQ(decodedEach<long>(results, xs.size()), mapped(xs, square));
  Buffer one;
  EXPECT_EQ(run<Shape>(captured(square), encodedEach(std::vector<long>{5}), 1, one), Outcome::done);
  EXPECT_EQ(decodedEach<long>(one, 1).front(), called(square, 5L));
}

TEST(LiveShape, KeepsWhatAMutableLambdaChangesUntilTheChunkEnds) {
  auto count = [n = 0](int) mutable { return ++n; };
  using Shape = LiveShape<decltype(count), int>;
  for (int chunk = 0; chunk < 2; ++chunk) {
    Buffer results;
    EXPECT_EQ(run<Shape>(captured(count), encodedEach(std::vector{9, 9, 9}), 3, results),
              Outcome::done);
    EXPECT_EQ(decodedEach<int>(results, 3), (std::vector{1, 2, 3}));
  }
}

TEST(LiveShape, SaysWhichCallThrew) {
  auto inverse = [](int x) { return x ? 1 / x : throw std::domain_error("zero"); };
  using Shape = LiveShape<decltype(inverse), int>;
  Buffer results;
  EXPECT_THROW(run<Shape>(captured(inverse), encodedEach(std::vector{1, 2, 0, 3}), 4, results),
               std::domain_error);
  EXPECT_EQ(results.element, 2u);
}

TEST(LiveShape, GivesNoBytesForNoResult) {
  auto nothing = [] {};
  Buffer results;
  EXPECT_EQ(run<LiveShape<decltype(nothing)>>(captured(nothing), Buffer(), 3, results),
            Outcome::done);
  EXPECT_EQ(results.size, 0u);
}

// --- reductions -------------------------------------------------------------------------------

template <class T, class F, class Op>
auto reduced(const std::vector<T>& xs, const F& f, const Op& op) {
  using Shape = ReduceShape<F, Op, T>;
  Buffer results;
  EXPECT_EQ(run<Shape>(captured(f, op), encodedEach(xs), xs.size(), results), Outcome::done);
  return decodedEach<typename Shape::Result>(results, 1).front();
}

TEST(ReduceShape, FoldsFromLeftToRight) {
  EXPECT_EQ(reduced(
                std::vector{1, 2, 3}, [k = 2](int x) { return x * k; }, std::plus<>()),
            12);
  std::string comma = ",";
  EXPECT_EQ(reduced(
                std::vector{1, 2, 3}, [](int x) { return std::to_string(x); },
                [=](const std::string& a, const std::string& b) { return a + comma + b; }),
            "1,2,3");
  using Counts = std::map<std::string, int>;
  Counts counts = reduced(
      std::vector<std::string>{"a", "b", "a"},
      [](const std::string& s) {
        return Counts{{s, 1}};
      },
      [](Counts a, const Counts& b) {
        for (auto& [word, n] : b)
          a[word] += n;
        return a;
      });
  EXPECT_EQ(counts, (Counts{{"a", 2}, {"b", 1}}));
}

TEST(ReduceShape, HasNoResultForNoElements) {
  auto same = [](int x) { return x; };
  Buffer results;
  using Shape = ReduceShape<decltype(same), std::plus<>, int>;
  EXPECT_EQ(run<Shape>(captured(same, std::plus<>()), Buffer(), 0, results), Outcome::badArguments);
}

TEST(ReduceShape, SaysWhichElementThrew) {
  auto checked = [](int x) { return x < 3 ? x : throw std::range_error("3"); };
  Buffer results;
  using Shape = ReduceShape<decltype(checked), std::plus<>, int>;
  EXPECT_THROW(
      run<Shape>(captured(checked, std::plus<>()), encodedEach(std::vector{1, 2, 3}), 3, results),
      std::range_error);
  EXPECT_EQ(results.element, 2u);
}

// --- closures, as the plugin sees them --------------------------------------------------------

/// f() here and f() of the closure rebuilt from bytes.
template <class F>
void expectSameResult(F f) {
  EXPECT_EQ(called(f), f());
}

struct Base {
  int id = 1;
};
struct Settings : Base {
  std::string name = "n";
  std::map<std::string, std::vector<double>> table{{"a", {1, 2}}};
  bool on = true;
};
struct Account {
  std::string owner;
  int sum = 0;
  auto statement() const {
    return [*this] { return owner + std::to_string(sum); };
  }
};

TEST(Closures, AreRebuiltWithTheirCaptures) {
  int i = 3, grid[2][3] = {{1, 2, 3}, {4, 5, 6}};
  std::string names[2] = {"a name that is long enough for the heap", "b"};
  std::vector<std::string> words{"x", "y"};
  std::optional<std::string> maybe = "z";
  Settings settings;
  const std::string constant = "c";
  auto inner = [=] { return i + static_cast<int>(words.size()); };
  auto [first, second] = std::pair(10, std::string("s"));

  expectSameResult([=] { return i; });
  expectSameResult([=] { return grid[1][2]; });
  expectSameResult([=] { return names[0] + names[1] + constant; });
  expectSameResult([=] { return words.at(1) + *maybe; });
  expectSameResult([=] {
    return settings.name + std::to_string(settings.id + settings.on) +
           std::to_string(settings.table.at("a")[1]);
  });
  expectSameResult([=] { return inner() + i; });
  expectSameResult([inner, j = i * 2] { return inner() * j; });
  expectSameResult([=] { return first + static_cast<int>(second.size()); });
  expectSameResult([p = std::make_shared<std::string>("shared")] { return *p; });
  expectSameResult(Account{"me", 5}.statement());
}

TEST(Closures, MayHoldWhatCannotBeCopied) {
  auto owner = [p = std::make_unique<int>(41)] { return *p + 1; };
  EXPECT_EQ(called(owner), 42);
  auto nested = [owner = std::move(owner)] { return owner() + 1; };
  EXPECT_EQ(called(nested), 43);
}

} // namespace
