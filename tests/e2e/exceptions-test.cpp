// What a lambda throws on a peer is what the caller catches.
#include "tests/e2e/shared-peers.h"
#include <any>
#include <filesystem>
#include <functional>
#include <future>
#include <ios>
#include <memory>
#include <new>
#include <optional>
#include <ranges>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <typeinfo>
#include <variant>

namespace app {

struct BadRate : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct Spectrum {
  int wavelength = 0;
};
struct Unsendable {
  int value = 0;
  template <class Archive>
  void serialize(Archive& ar) {
    if (value == 3)
      throw std::domain_error("not three");
    ar(value);
  }
};

struct Ulysses : std::runtime_error {
  using std::runtime_error::runtime_error;
};
template <class T>
struct Wrapped : std::runtime_error {
  using std::runtime_error::runtime_error;
};
namespace {
struct Hidden : std::runtime_error {
  using std::runtime_error::runtime_error;
};
} // namespace

} // namespace app

namespace roam::e2e {
namespace {

class Exceptions : public SharedPeers {};

/// Everything of an exception that a program can ask for.
struct Portrait {
  std::string type, what, category, path1, path2;
  int code = 0;
  bool operator==(const Portrait&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Portrait& p) {
  return out << p.type << ": " << p.what << " [" << p.category << " " << p.code << "] " << p.path1
             << " " << p.path2;
}

template <class F>
Portrait portraitOfWhatIsThrownBy(const F& f) {
  try {
    f();
  } catch (const std::filesystem::filesystem_error& error) {
    return {typeid(error).name(), error.what(),  error.code().category().name(),
            error.path1(),        error.path2(), error.code().value()};
  } catch (const std::system_error& error) {
    return {typeid(error).name(), error.what(), error.code().category().name(), "", "",
            error.code().value()};
  } catch (const std::future_error& error) {
    return {typeid(error).name(), error.what(), error.code().category().name(), "", "",
            error.code().value()};
  } catch (const std::regex_error& error) {
    return {typeid(error).name(), error.what(), "", "", "", int(error.code())};
  } catch (const std::exception& error) {
    return {typeid(error).name(), error.what(), "", "", "", 0};
  }
  return {"nothing"};
}

/// f throws the same there as here.
template <class F>
void sameThere(Cluster& cluster, const F& f) {
  Portrait there = portraitOfWhatIsThrownBy([&] { cluster.async(f).get(); });
  Portrait here = portraitOfWhatIsThrownBy(f);
  EXPECT_NE(here, Portrait{"nothing"});
  EXPECT_EQ(there, here);
}

TEST_F(Exceptions, WithATextOfTheirOwnComeBackWithIt) {
  sameThere(cluster(), [] { throw std::logic_error("logic"); });
  sameThere(cluster(), [] { throw std::domain_error("domain"); });
  sameThere(cluster(), [] { throw std::invalid_argument(""); });
  sameThere(cluster(), [] { throw std::length_error("a: b: c"); });
  sameThere(cluster(), [] { throw std::out_of_range(std::string(5000, 'r')); });
  sameThere(cluster(), [] { throw std::runtime_error("runtime"); });
  sameThere(cluster(), [] { throw std::range_error("range"); });
  sameThere(cluster(), [] { throw std::overflow_error("overflow"); });
  sameThere(cluster(), [] { throw std::underflow_error("\xC3\xBC"); });
}

TEST_F(Exceptions, WithoutATextOfTheirOwnComeBack) {
  sameThere(cluster(), [] { throw std::exception(); });
  sameThere(cluster(), [] { throw std::bad_exception(); });
  sameThere(cluster(), [] { throw std::bad_alloc(); });
  sameThere(cluster(), [] { throw std::bad_array_new_length(); });
  sameThere(cluster(), [] { throw std::bad_cast(); });
  sameThere(cluster(), [] { throw std::bad_typeid(); });
}

TEST_F(Exceptions, OfTheLibraryItselfComeBack) {
  sameThere(cluster(), [] { return std::vector<int>().at(3); });
  sameThere(cluster(), [] { return std::stoi("no number"); });
  sameThere(cluster(), [] { return std::any_cast<int>(std::any("text")); });
  sameThere(cluster(), [] { std::function<void()>()(); });
  sameThere(cluster(), [] { return std::optional<int>().value(); });
  sameThere(cluster(), [] { std::shared_ptr<int> made{std::weak_ptr<int>()}; });
  sameThere(cluster(), [] { return std::get<int>(std::variant<bool, int>(true)); });
}

TEST_F(Exceptions, OfValuelessVariantsComeBack) {
  struct Bomb {
    std::string fuse;
    explicit Bomb(int number) { throw number; }
  };
  auto valueless = [] {
    std::variant<std::string, Bomb> variant;
    try {
      variant.emplace<1>(1);
    } catch (int) {
    }
    return variant;
  };
  sameThere(cluster(), [=] { return std::get<std::string>(valueless()); });
  sameThere(cluster(), [=] { return std::visit([](auto&&) { return 0; }, valueless()); });
}

TEST_F(Exceptions, WithAnErrorCodeComeBackWithIt) {
  sameThere(cluster(), [] { throw std::system_error(2, std::generic_category(), "opening it"); });
  sameThere(cluster(), [] { throw std::system_error(13, std::system_category()); });
  sameThere(cluster(),
            [] { throw std::system_error(std::make_error_code(std::errc::timed_out), "a: b"); });
  sameThere(cluster(), [] { throw std::system_error(std::error_code(), "no error"); });
  sameThere(cluster(), [] { throw std::ios_base::failure("reading", std::io_errc::stream); });
  sameThere(cluster(), [] {
    throw std::ios_base::failure("writing", std::error_code(28, std::system_category()));
  });
  sameThere(cluster(), [] { throw std::future_error(std::future_errc::no_state); });
  sameThere(cluster(), [] {
    std::future<int> broken = std::promise<int>().get_future();
    return broken.get();
  });
}

TEST_F(Exceptions, OfStreamsComeBack) {
  sameThere(cluster(), [] {
    std::istringstream in("");
    in.exceptions(std::ios::eofbit | std::ios::failbit);
    int value = 0;
    in >> value;
    return value;
  });
}

TEST_F(Exceptions, OfRegularExpressionsComeBackWithTheirCode) {
  sameThere(cluster(), [] { std::regex pattern("[a"); });
  sameThere(cluster(), [] { std::regex pattern("(a"); });
  sameThere(cluster(), [] { std::regex pattern("a{2,1}"); });
  sameThere(cluster(), [] { std::regex pattern("*"); });
  sameThere(cluster(), [] { throw std::regex_error(std::regex_constants::error_stack); });
}

TEST_F(Exceptions, OfTheFileSystemComeBackWithTheirPaths) {
  sameThere(cluster(), [] { return std::filesystem::file_size("/does/not/exist"); });
  sameThere(cluster(), [] { std::filesystem::rename("/does/not/exist", "/nor [this]"); });
  sameThere(cluster(), [] { std::filesystem::create_directory("/proc/none"); });
  sameThere(cluster(), [] {
    throw std::filesystem::filesystem_error("no path: at all",
                                            std::error_code(2, std::generic_category()));
  });
}

TEST_F(Exceptions, WithACategoryOfTheProgramsOwnAreRemoteErrors) {
  struct Own : std::error_category {
    const char* name() const noexcept override { return "own"; }
    std::string message(int) const override { return "own message"; }
  };
  try {
    cluster()
        .async([] {
          static const Own own;
          throw std::system_error(3, own, "text");
        })
        .get();
    FAIL() << "it throws";
  } catch (const RemoteError& error) {
    EXPECT_EQ(error.typeName(), "std::system_error");
    EXPECT_EQ(error.message(), "text: own message");
  }
}

/// The type that the caller is told of.
template <class F>
std::string typeThrownBy(Cluster& cluster, const F& f) {
  try {
    cluster.async(f).get();
  } catch (const RemoteError& error) {
    return error.typeName();
  }
  return "no RemoteError";
}

TEST_F(Exceptions, OfTypesThatOtherFilesCannotNameComeBackWithTheirOwnName) {
  struct Here {
    int value = 0;
  };
  EXPECT_EQ(typeThrownBy(cluster(), [] { throw app::Ulysses("u"); }), "app::Ulysses");
  EXPECT_EQ(typeThrownBy(cluster(), [] { throw app::Hidden("h"); }), "Hidden");
  EXPECT_EQ(typeThrownBy(cluster(), [] { throw Here{3}; }), "Here");
  EXPECT_EQ(typeThrownBy(cluster(), [] { throw app::Wrapped<Here>("w"); }), "Wrapped");
}

/// The digest that `roam inspect` of this program gives for the lambda at the line of this file.
std::string digestByInspect(int line) {
  Ended inspected = run({builtProgram("roam"), "inspect", builtProgram("roam-e2e-exceptions")});
  std::istringstream lines(inspected.output);
  std::string digest, place = "exceptions-test.cpp:" + std::to_string(line) + ":";
  for (std::string text; std::getline(lines, text);) {
    if (!text.starts_with(" "))
      digest = text;
    else if (text.find(place) != std::string::npos)
      return digest;
  }
  return "no entry at " + place + "\n" + inspected.output + inspected.errors;
}

TEST_F(Exceptions, OfOnesOwnAreRemoteErrorsThatSayWhatAndWhere) {
  int line = __LINE__ + 1;
  auto f = [](int x) {
    if (x == 30)
      throw app::BadRate("rate of " + std::to_string(x));
    return x;
  };
  try {
    cluster().map(std::views::iota(0, 100), f);
    FAIL() << "it throws";
  } catch (const RemoteError& error) {
    EXPECT_EQ(error.typeName(), "app::BadRate");
    EXPECT_EQ(error.message(), "rate of 30");
    EXPECT_EQ(error.element(), 30u);
    EXPECT_EQ(error.digest(), digestByInspect(line));
    std::set<std::string> names = {cluster().peers()[0].name, cluster().peers()[1].name};
    EXPECT_TRUE(names.contains(error.peer())) << error.peer();
    std::string all = error.what();
    for (std::string part :
         {std::string("app::BadRate"), std::string("rate of 30"), std::string("30"), error.peer()})
      EXPECT_NE(all.find(part), std::string::npos) << part << " in: " << all;
  }
}

TEST_F(Exceptions, ThatAreNoExceptionsAreRemoteErrors) {
  auto typeAndMessage = [](auto f) {
    try {
      cluster().async(f).get();
    } catch (const RemoteError& error) {
      return error.typeName() + "|" + error.message();
    }
    return std::string("nothing");
  };
  EXPECT_EQ(typeAndMessage([] { throw 42; }), "int|an exception of type int");
  EXPECT_EQ(typeAndMessage([] { throw "words"; }), "char const*|words");
  EXPECT_EQ(typeAndMessage([] { throw app::Spectrum{300}; }),
            "app::Spectrum|an exception of type app::Spectrum");
  EXPECT_TRUE(typeAndMessage([] { throw std::string("a string"); }).ends_with("|a string"));
}

TEST_F(Exceptions, AtTheLowestIndexWinEveryTime) {
  Options oneEach;
  oneEach.chunk = 1;
  for (int round = 0; round < 10; ++round)
    try {
      cluster().map(
          std::views::iota(0, 1000),
          [](int x) {
            if (x >= 300 && x % 2 == 0)
              throw std::runtime_error(std::to_string(x));
            return x;
          },
          oneEach);
      FAIL() << "it throws";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "300");
    }
}

TEST_F(Exceptions, OfTheOriginsOwnEncodingComeAtOnce) {
  std::vector<app::Unsendable> values = {{1}, {2}, {3}};
  EXPECT_THROW(cluster().map(values, [](const app::Unsendable& u) { return u.value; }),
               std::domain_error);
}

TEST_F(Exceptions, LeaveThePeerAbleToRunTheNextCall) {
  for (int i = 0; i < 100; ++i)
    EXPECT_THROW(cluster().async([] { throw std::runtime_error("again"); }).get(),
                 std::runtime_error);
  EXPECT_EQ(cluster().async([] { return 1; }).get(), 1);
  EXPECT_EQ(peers()[0].counters().workersLost + peers()[1].counters().workersLost, 0u);
}

} // namespace
} // namespace roam::e2e
