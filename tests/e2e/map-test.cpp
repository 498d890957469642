// map(range, f) is the loop over f, in order, whatever the range holds and whatever f gives.
#include "tests/e2e/shared-peers.h"
#include <deque>
#include <list>
#include <map>
#include <numeric>
#include <optional>
#include <ranges>
#include <set>
#include <string>

namespace roam::e2e {
namespace {

class Map : public SharedPeers {
 protected:
  template <class Range, class F>
  static void equalsTheLoop(const Range& range, F f) {
    EXPECT_EQ(cluster().map(range, f), loop(range, f));
  }
};

struct Point {
  double x = 0, y = 0;
  std::string name;
  bool operator==(const Point&) const = default;
};

/// Has no default constructor.
class Celsius {
 public:
  explicit Celsius(double degrees) : degrees_(degrees) {}
  double degrees() const { return degrees_; }
  bool operator==(const Celsius&) const = default;

 private:
  double degrees_;
};

/// An aggregate that can't be made from nothing.
struct Reading {
  const int sensor;
  Celsius value;
  bool operator==(const Reading&) const = default;
};

std::vector<int> firstNumbers(int count) {
  std::vector<int> numbers(std::size_t(count), 0);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

TEST_F(Map, OfAMillionNumbersEqualsTheLoop) {
  std::vector<std::int64_t> numbers(1'000'000);
  std::iota(numbers.begin(), numbers.end(), -500'000);
  equalsTheLoop(numbers, [](std::int64_t x) { return x * x + 7; });
}

TEST_F(Map, OfNothingIsNothing) {
  EXPECT_TRUE(cluster().map(std::vector<int>(), [](int x) { return x; }).empty());
}

TEST_F(Map, OfOneElementIsOneResult) {
  EXPECT_EQ(cluster().map(std::vector{20}, [](int x) { return x + 1; }), std::vector{21});
}

TEST_F(Map, OfStringsEqualsTheLoop) {
  std::vector<std::string> words;
  for (int i = 0; i < 3000; ++i)
    words.push_back(std::string(std::size_t(i % 50), 'a') + std::to_string(i));
  equalsTheLoop(words, [](const std::string& word) { return word + "/" + word; });
}

TEST_F(Map, OfVectorsOfAggregatesEqualsTheLoop) {
  std::vector<std::vector<Point>> polygons;
  for (int i = 0; i < 500; ++i)
    polygons.emplace_back(std::size_t(i % 7), Point{double(i), 0.5, "p" + std::to_string(i)});
  equalsTheLoop(polygons, [](std::vector<Point> polygon) {
    for (Point& point : polygon) {
      std::swap(point.x, point.y);
      point.name += "'";
    }
    return polygon;
  });
}

TEST_F(Map, GivesResultsThatHaveNoDefaultConstructor) {
  equalsTheLoop(firstNumbers(1000), [](int x) { return Celsius(x / 2.0); });
  auto readings = cluster().map(firstNumbers(100), [](int x) { return Reading{x, Celsius(x)}; });
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(readings[std::size_t(i)], (Reading{i, Celsius(i)}));
}

TEST_F(Map, GivesBools) {
  equalsTheLoop(firstNumbers(10'000), [](int x) { return x % 3 == 0; });
}

TEST_F(Map, GivesOptionalsAndTuples) {
  equalsTheLoop(firstNumbers(1000), [](int x) {
    return std::tuple(x % 2 ? std::optional(x) : std::nullopt, std::to_string(x), 1.5f * float(x));
  });
}

TEST_F(Map, TakesBoolsFromAVectorOfBool) {
  std::vector<bool> bits;
  for (int i = 0; i < 1000; ++i)
    bits.push_back(i % 3 == 0);
  equalsTheLoop(bits, [](bool bit) { return !bit; });
}

TEST_F(Map, TakesAMap) {
  std::map<std::string, int> ages;
  for (int i = 0; i < 500; ++i)
    ages["name " + std::to_string(i)] = i;
  equalsTheLoop(ages, [](const std::pair<const std::string, int>& each) {
    return each.first + ":" + std::to_string(each.second);
  });
}

TEST_F(Map, TakesListsSetsAndDeques) {
  std::vector<int> numbers = firstNumbers(777);
  equalsTheLoop(std::list<int>(numbers.begin(), numbers.end()), [](int x) { return x * 2; });
  equalsTheLoop(std::set<int>(numbers.begin(), numbers.end()), [](int x) { return x * 3; });
  equalsTheLoop(std::deque<int>(numbers.begin(), numbers.end()), [](int x) { return x * 4; });
}

TEST_F(Map, TakesViews) {
  equalsTheLoop(std::views::iota(0, 5000), [](int x) { return x ^ 21; });
  auto lengths = std::views::iota(0, 300) |
                 std::views::transform([](int x) { return std::string(std::size_t(x), 'x'); });
  equalsTheLoop(lengths, [](const std::string& text) { return text.size(); });
  std::vector<int> numbers = firstNumbers(300);
  equalsTheLoop(std::views::reverse(numbers), [](int x) { return -x; });
}

TEST_F(Map, TakesAnArrayOfTheLanguage) {
  int numbers[] = {3, 1, 4, 1, 5};
  equalsTheLoop(numbers, [](int x) { return x * 10; });
}

TEST_F(Map, MovesDataOfSomeMegabytes) {
  std::vector<std::vector<double>> blocks(8, std::vector<double>(1 << 18, 1.25));
  for (std::size_t i = 0; i < blocks.size(); ++i)
    blocks[i][i] = double(i);
  equalsTheLoop(blocks, [](std::vector<double> block) {
    for (double& x : block)
      x *= 2;
    return block;
  });
}

} // namespace
} // namespace roam::e2e
