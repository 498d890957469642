// Constants that are built when a program starts: closures take what builds them along.
#include "tests/e2e/shared-peers.h"
#include "tests/e2e/tables.h"
#include <array>
#include <cmath>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <future>
#include <iostream>
#include <locale>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <ranges>
#include <regex>
#include <thread>
#include <unistd.h>
#include <unordered_map>

namespace roam::e2e {
namespace {

class Globals : public SharedPeers {
 protected:
  /// f(0) ... f(count - 1) there equal those here.
  template <class F>
  static void runs(F f, int count = 20) {
    auto numbers = std::views::iota(0, count);
    EXPECT_EQ(cluster().map(numbers, f), loop(numbers, f));
  }
};

const std::string greeting = "good morning, and a text too long to lie in the object";
const std::map<int, std::string> names{{0, "none"}, {1, "one"}, {2, "a few"}};
const std::vector<std::string> words = {"alpha", "beta", "gamma"};
const std::unordered_map<std::string, int> lengths = [] {
  std::unordered_map<std::string, int> all;
  for (const std::string& word : words)
    all[word] = int(word.size());
  return all;
}();
const std::regex pattern("([a-z]+)-(\\d+)");

int compute(int x) {
  return int(std::pow(x, 3)) + x;
}
const int computed = compute(7);
const std::array<double, 16> roots = [] {
  std::array<double, 16> all;
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i] = std::sqrt(double(i));
  return all;
}();
const std::string& bound = greeting;
const std::string& kept = greeting + ", and more";
const std::function<int(int)> add = [](int x) { return x + computed; };
const std::unique_ptr<const std::string> owned = std::make_unique<std::string>("owned");

TEST_F(Globals, StringsMapsVectorsAndPatterns) {
  runs([](int x) { return greeting.substr(std::size_t(x)); });
  runs([](int x) { return names.at(x % 3) + words[std::size_t(x) % 3]; });
  runs([](int x) { return lengths.at(words[std::size_t(x) % 3]); });
  runs([](int x) {
    std::smatch match;
    std::string text = "item-" + std::to_string(x);
    return std::regex_match(text, match, pattern) ? match[2].str() : "none";
  });
}

TEST_F(Globals, ValuesThatAFunctionComputes) {
  runs([](int x) { return computed + x; });
  runs([](int x) { return roots[std::size_t(x) % 16]; });
}

TEST_F(Globals, ReferencesFunctionsAndPointers) {
  runs([](int x) { return bound.substr(std::size_t(x)) + kept.substr(std::size_t(x)); });
  runs([](int x) { return add(x); });
  runs([](int x) { return *owned + std::to_string(x); });
}

TEST_F(Globals, OfHeadersClassesAndTemplates) {
  runs([](int x) { return squares[std::size_t(x) % 20]; });
  runs([](int x) { return Units::metres.at(x % 2 ? "inch" : "mile") * x; });
  runs([](int x) { return Units::longest.substr(std::size_t(x)); });
  runs([](int x) {
    return Powers<double>::table[std::size_t(x) % 10] + double(Powers<int>::table[3]);
  });
  runs([](int x) { return steps<3>[std::size_t(x) % 10] + steps<4>[2]; });
}

std::string joined(const std::vector<std::string>& parts) {
  std::string all;
  for (const std::string& part : parts)
    all += part + "/";
  return all;
}
const std::string root = joined({"", "usr"});
const std::vector<std::string> folders = {root + "bin", root + "lib"};
const std::string path = joined(folders);
struct Settings {
  std::string home = path;
  int depth = int(folders.size());
};
const Settings settings;

TEST_F(Globals, ThatAreMadeOfOneAnother) {
  runs([](int x) { return path + std::to_string(x); });
  runs([](int x) { return settings.home + std::to_string(settings.depth + x); });
}

struct Animal {
  virtual ~Animal() = default;
  virtual std::string call() const = 0;
};
const std::string sound = joined({"miaow"});
struct Cat : Animal {
  std::string call() const override { return sound; }
};
struct Dog : Animal {
  std::string call() const override { return "woof"; }
};
const std::vector<std::shared_ptr<const Animal>> animals{std::make_shared<Cat>(),
                                                         std::make_shared<Dog>()};

TEST_F(Globals, WhoseClassesHaveVirtualFunctions) {
  runs([](int x) { return animals[std::size_t(x) % 2]->call(); });
}

struct Made {
  explicit Made(int number) : number(number), process(getpid()) {}
  int number;
  pid_t process;
};
const Made made(compute(2));

TEST_F(Globals, AreBuiltInTheWorkerItself) {
  for (bool there : cluster().map(std::views::iota(0, 20), [](int) {
         return made.process == getpid() && made.number == compute(2);
       }))
    EXPECT_TRUE(there);
}

TEST_F(Globals, OfSharedLibrariesAreThePeersOwn) {
  runs([](int x) {
    static std::once_flag flag;
    static int calls = 0;
    std::call_once(flag, [] { ++calls; });
    return calls + x;
  });
  runs([](int x) {
    std::promise<int> promise;
    std::thread([&] { promise.set_value(x); }).join();
    std::packaged_task<int(int)> task([](int y) { return y + 1; });
    auto made = task.get_future();
    task(x);
    return promise.get_future().get() + made.get() + std::async([x] { return x * 2; }).get();
  });
  runs([](int x) {
    errno = 0;
    int opened = open("/nowhere/at/all", O_RDONLY);
    return std::tuple(opened, errno == ENOENT, x);
  });
  runs([](int x) {
    std::pmr::vector<int> all(std::size_t(x), 1, std::pmr::get_default_resource());
    std::cout << std::flush;
    return std::pair(std::locale().name(), all.size());
  });
}

struct Leaving {
  std::string file;
  ~Leaving() {
    if (!file.empty())
      std::ofstream(file) << "left";
  }
};
const Leaving leaving{[] {
  const char* folder = getenv("ROAM_TEST_NOWHERE");
  return std::string(folder == nullptr ? "" : folder);
}()};

TEST_F(Globals, WithDestructors) {
  runs([](int x) { return leaving.file.size() + std::size_t(x); });
}

/// Throws in every process but this program.
const pid_t here = getpid();
std::string onlyInTests(int number) {
  if (program_invocation_short_name == std::string("roam-worker"))
    throw std::invalid_argument("no table " + std::to_string(number) + " on this machine");
  return "fine";
}
const std::string unlucky = onlyInTests(5);

TEST_F(Globals, WhoseInitialiserThrowsRefuseTheClosure) {
  try {
    cluster().map(std::views::iota(0, 3), [](int) { return unlucky; });
    FAIL() << "it ran";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("threw std::invalid_argument: no table 5 on this"),
              std::string::npos)
        << error.what();
  }
}

} // namespace
} // namespace roam::e2e
