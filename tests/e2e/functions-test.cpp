// Pointers to functions and to members travel: as the function of a call, and inside what is
// captured.
#include "tests/e2e/shared-peers.h"
#include <cmath>
#include <map>
#include <set>
#include <string>

namespace roam::e2e {
namespace {

class Functions : public SharedPeers {};

int hidden(int x) {
  return 3 * x;
}
inline int shown(int x) {
  return hidden(x) + 1;
}
template <int N>
int scaled(int x) {
  return N * x;
}
int hits = 0;
int counted(int x) {
  return ++hits + x;
}
bool descending(int a, int b) {
  return a > b;
}

struct Account {
  int cents = 0;
  std::string owner;
  int after(int more) const { return cents + more; }
  virtual int fee() const { return 1; }
  virtual ~Account() = default;
};
struct Savings : Account {
  int fee() const override { return 2; }
};

const std::vector<int> numbers = {1, 2, 3};

TEST_F(Functions, OfThisFileAreMapped) {
  EXPECT_EQ(cluster().map(numbers, &hidden), (std::vector{3, 6, 9}));
  EXPECT_EQ(cluster().map(numbers, hidden), (std::vector{3, 6, 9}));
  EXPECT_EQ(cluster().map(numbers, shown), (std::vector{4, 7, 10}));
  EXPECT_EQ(cluster().map(numbers, &scaled<7>), (std::vector{7, 14, 21}));
  EXPECT_EQ(cluster().async(shown, 4).get(), 13);
  auto add = [](int a, int b) { return a + b; };
  EXPECT_EQ(cluster().mapReduce(numbers, hidden, add, 0), 18);
}

TEST_F(Functions, OfSharedLibrariesAreMapped) {
  double (*root)(double) = &std::sqrt;
  EXPECT_EQ(cluster().map(std::vector{1.0, 4.0}, root), (std::vector{1.0, 2.0}));
  EXPECT_EQ(cluster().map(std::vector{-1, 4}, static_cast<int (*)(int)>(&std::abs)),
            (std::vector{1, 4}));
}

TEST_F(Functions, TravelInCaptures) {
  int (*none)(int) = nullptr;
  std::map<std::string, int (*)(int)> table = {
      {"hidden", &hidden}, {"shown", &shown}, {"seven", &scaled<7>}, {"again", &hidden}};
  std::set<int, bool (*)(int, int)> set({1, 2, 3}, &descending);
  auto all = [table, none, set](int x) {
    return 1000 * table.at("hidden")(x) + 100 * table.at("shown")(x) + table.at("seven")(x) +
           (table.at("again") == table.at("hidden")) + (none == nullptr) + *set.begin();
  };
  EXPECT_EQ(cluster().map(numbers, all), loop(numbers, all));
}

TEST_F(Functions, OfMembersTravel) {
  Account account;
  account.cents = 500;
  account.owner = "Ada";
  EXPECT_EQ(cluster().async(&Account::after, account, 20).get(), 520);
  EXPECT_EQ(cluster().async(&Account::owner, account).get(), "Ada");
  EXPECT_EQ(cluster().map(std::vector{Savings(), Savings()}, &Account::fee), (std::vector{2, 2}));
  auto pointers = [after = &Account::after, fee = &Account::fee, cents = &Account::cents](int x) {
    Savings savings;
    savings.*cents = x;
    return (savings.*after)(10) * 100 + (savings.*fee)();
  };
  EXPECT_EQ(cluster().map(numbers, pointers), loop(numbers, pointers));
}

const std::vector<int> fees = {5, 6, 7};
int feeOf(int x) {
  return fees[std::size_t(x) % fees.size()];
}

TEST_F(Functions, FindTheirConstantsBuilt) {
  EXPECT_EQ(cluster().map(numbers, [fee = &feeOf](int x) { return fee(x); }),
            (std::vector{6, 7, 5}));
}

struct Left {
  int left = 3;
};
struct Right {
  int right = 4;
  int minus(int x) const noexcept { return right - x; }
};
struct Both : Left, Right {};

TEST_F(Functions, OfMembersOfABaseTravelAsMembersOfTheDerivedClass) {
  int (Both::*minus)(int) const = &Right::minus;
  auto call = [minus, both = Both()](int x) { return (both.*minus)(x); };
  EXPECT_EQ(cluster().map(numbers, call), loop(numbers, call));
}

TEST_F(Functions, ThatCannotTravelAreRefusedByName) {
  try {
    (void)cluster().map(numbers, &counted);
    FAIL();
  } catch (const Refused& error) {
    EXPECT_NE(std::string(error.what()).find("counted"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("hits"), std::string::npos) << error.what();
  }
}

} // namespace
} // namespace roam::e2e
