// Captures of every kind that the archive describes arrive as they were.
#include "tests/e2e/shared-peers.h"
#include <array>
#include <chrono>
#include <deque>
#include <filesystem>
#include <forward_list>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <stack>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <variant>

namespace roam::e2e {
namespace {

class Captures : public SharedPeers {
 protected:
  /// f(0) ... f(9) there equal those here.
  template <class F>
  static void arrive(F f) {
    std::vector<int> numbers = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    EXPECT_EQ(cluster().map(numbers, f), loop(numbers, f));
  }
};

enum class Colour : std::uint8_t { red, green };

struct Address {
  std::string street;
  int number = 0;
};
struct Person {
  std::string name;
  Address home;
  std::vector<Address> others;
  bool member = false;
  Colour colour = Colour::red;
  int codes[3] = {};
};
struct Employee : Person {
  double salary = 0;
};

/// Encodes itself as for cereal.
class Account {
 public:
  Account() = default;
  explicit Account(std::string owner)
      : owner_(std::move(owner)), cents_(long(owner_.size()) * 100) {}
  std::string text() const { return owner_ + " " + std::to_string(cents_); }
  template <class Archive>
  void serialize(Archive& ar) {
    ar(owner_, cents_);
  }

 private:
  std::string owner_;
  long cents_ = 0;
};

/// Encodes itself as for Boost.
class Ledger {
 public:
  Ledger() = default;
  explicit Ledger(std::vector<Account> accounts) : accounts_(std::move(accounts)) {}
  std::string text() const {
    std::string all;
    for (auto& account : accounts_)
      all += account.text() + ";";
    return all;
  }
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& accounts_& year_;
  }

 private:
  std::vector<Account> accounts_;
  int year_ = 2024;
};

/// A tree through unique_ptr.
struct Tree {
  int value = 0;
  std::unique_ptr<Tree> left, right;
  int sum() const { return value + (left ? left->sum() : 0) + (right ? right->sum() : 0); }
};

TEST_F(Captures, NumbersEnumerationsAndBoolsArrive) {
  char letter = 'q';
  Colour colour = Colour::green;
  bool yes = true;
  long double precise = 1.25L;
  __int128 wide = __int128(1) << 100;
  arrive([=](int x) {
    return std::to_string(letter + x) + std::to_string(int(colour)) + (yes ? "y" : "n") +
           std::to_string(double(precise)) + std::to_string(int(wide >> 98));
  });
}

TEST_F(Captures, StringsArrive) {
  std::string empty, brief = "brief", withZero("a\0b", 3), lengthy(100'000, 'z');
  std::u16string wide = u"wide";
  arrive([=](int x) {
    return empty + brief + withZero + lengthy.substr(99'990) +
           std::to_string(wide.size() + std::size_t(x));
  });
}

TEST_F(Captures, SequencesArrive) {
  std::vector<int> numbers = {1, 2, 3};
  std::vector<bool> bits = {true, false, true};
  std::vector<std::vector<std::string>> nested = {{"a"}, {}, {"b", "c"}};
  std::deque<long> deque = {4, 5};
  std::list<std::string> list = {"x", "y"};
  std::forward_list<int> forward = {6, 7};
  std::array<std::string, 2> array = {"p", "q"};
  int plain[2][2] = {{1, 2}, {3, 4}};
  arrive([=](int x) {
    std::string all = std::to_string(x);
    for (int n : numbers)
      all += std::to_string(n);
    for (bool bit : bits)
      all += bit ? "1" : "0";
    for (auto& inner : nested)
      for (auto& text : inner)
        all += text;
    for (long n : deque)
      all += std::to_string(n);
    for (auto& text : list)
      all += text;
    for (int n : forward)
      all += std::to_string(n);
    return all + array[0] + array[1] + std::to_string(plain[1][0]);
  });
}

TEST_F(Captures, SetsAndMapsArrive) {
  std::map<std::string, std::vector<int>> map = {{"a", {1}}, {"b", {2, 3}}};
  std::multimap<int, int> multimap = {{1, 2}, {1, 3}};
  std::unordered_map<std::string, double> unordered = {{"pi", 3.14}, {"e", 2.71}};
  std::set<std::string> set = {"s", "t"};
  std::multiset<int> multiset = {5, 5, 5};
  std::unordered_set<int> numbers = {8, 9};
  std::set<int, std::greater<int>> descending = {1, 2, 3};
  arrive([=](int x) {
    std::string all;
    for (auto& [key, values] : map)
      all += key + std::to_string(values.size());
    return all + std::to_string(unordered.at("pi") + unordered.at("e")) + *set.begin() +
           std::to_string(multiset.count(5) + numbers.count(x) + multimap.count(1)) +
           std::to_string(*descending.begin());
  });
}

TEST_F(Captures, AdaptorsArrive) {
  std::priority_queue<int> priorities;
  std::queue<int> queue;
  std::stack<int> stack;
  for (int i : {3, 9, 4}) {
    priorities.push(i);
    queue.push(i);
    stack.push(i);
  }
  arrive([=](int x) { return x + 100 * priorities.top() + 10 * queue.front() + stack.top(); });
}

TEST_F(Captures, OptionalsVariantsAndTuplesArrive) {
  std::optional<std::string> some = "some", none;
  std::variant<int, std::string, std::vector<double>> variant = std::vector<double>{1.5, 2.5};
  std::variant<std::monostate, int> nothing;
  std::tuple<int, std::string, std::optional<int>> tuple(1, "two", 3);
  std::pair<std::string, std::pair<int, int>> pair("p", {4, 5});
  arrive([=](int x) {
    return *some + (none ? "?" : "-") + std::to_string(std::get<2>(variant)[1]) +
           std::to_string(nothing.index()) + std::get<1>(tuple) +
           std::to_string(*std::get<2>(tuple)) + pair.first +
           std::to_string(pair.second.second + x);
  });
}

TEST_F(Captures, TimesAndPathsArrive) {
  std::chrono::milliseconds pause(1500);
  std::chrono::sys_seconds moment{std::chrono::seconds(1'700'000'000)};
  std::filesystem::path path = "/usr/share/doc";
  arrive([=](int x) {
    return path.filename().string() + std::to_string(pause.count() + x) +
           std::to_string(moment.time_since_epoch().count());
  });
}

TEST_F(Captures, AggregatesWithBasesArrive) {
  Employee employee;
  employee.name = "Ada";
  employee.home = {"Main Street", 7};
  employee.others = {{"Side Street", 1}, {"Back Alley", 2}};
  employee.member = true;
  employee.colour = Colour::green;
  employee.codes[2] = 33;
  employee.salary = 1.5;
  arrive([employee](int x) {
    return employee.name + employee.home.street + std::to_string(employee.others[1].number + x) +
           (employee.member ? "+" : "-") + std::to_string(int(employee.colour)) +
           std::to_string(employee.codes[2]) + std::to_string(employee.salary);
  });
}

TEST_F(Captures, ClosuresWithinClosuresArrive) {
  int base = 40;
  std::string unit = "km";
  auto add = [base](int x) { return base + x; };
  auto label = [add, unit](int x) { return std::to_string(add(x)) + unit; };
  arrive([label, again = std::vector{label, label}](int x) { return label(x) + again[1](x + 1); });
}

TEST_F(Captures, ClassesThatSerializeAsForCerealArrive) {
  Account account("Grace");
  arrive([account](int x) { return account.text() + std::to_string(x); });
}

TEST_F(Captures, ClassesThatSerializeAsForBoostArrive) {
  Ledger ledger({Account("Grace"), Account("Edsger")});
  arrive([ledger](int x) { return ledger.text() + std::to_string(x); });
}

TEST_F(Captures, AMoveOnlyClosureIsSentFromWhereItIs) {
  auto tree = std::make_unique<Tree>(1);
  tree->left = std::make_unique<Tree>(20);
  tree->left->right = std::make_unique<Tree>(300);
  auto addAll = [tree = std::move(tree)](int x) { return tree->sum() + x; };
  EXPECT_EQ(cluster().map(std::vector{0, 1}, addAll), (std::vector{321, 322}));
  EXPECT_EQ(addAll(0), 321) << "it still holds its capture";
}

TEST_F(Captures, SharedPointersArriveAsCopies) {
  auto shared = std::make_shared<std::string>("shared");
  std::shared_ptr<int> null;
  arrive([=](int x) { return *shared + (null ? "?" : "-") + std::to_string(x); });
}

TEST_F(Captures, ManyMegabytesArrive) {
  std::vector<double> table(1 << 19);
  for (std::size_t i = 0; i < table.size(); ++i)
    table[i] = double(i) / 3;
  arrive([table](int x) { return table[std::size_t(x) * 50'000]; });
}

TEST_F(Captures, OfConstantsNeedNotBeCaptured) {
  constexpr int factor = 3;
  static constexpr const char* prefix = "n";
  arrive([](int x) { return prefix + std::to_string(factor * x); });
}

} // namespace
} // namespace roam::e2e
