// The archive, kind by kind. Fields of aggregates are given by hand here, as the plugin gives them
// to programs.
#include "encoding-check.h"
#include <any>
#include <array>
#include <bitset>
#include <chrono>
#include <complex>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <forward_list>
#include <functional>
#include <limits>
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
#include <vector>

std::size_t roam::test::largestAllocation = 0;

void* operator new(std::size_t size) {
  roam::test::largestAllocation = std::max(roam::test::largestAllocation, size);
  if (void* at = std::malloc(size))
    return at;
  throw std::bad_alloc();
}
void operator delete(void* at) noexcept {
  std::free(at);
}
void operator delete(void* at, std::size_t) noexcept {
  std::free(at);
}

using namespace std::string_literals;
using roam::Field;
using roam::Fields;
using roam::Kind;
using roam::Raw;
using roam::Reader;
using roam::test::check;
using roam::test::encoded;

namespace {

enum class Colour : std::uint8_t { red, green };
enum Plain : short { one, two };

struct Point { // no gaps: copied as it is
  double x, y;
  bool operator==(const Point&) const = default;
};
struct Gapped { // a gap of 3 bytes, and a bool
  bool on;
  int n;
  bool operator==(const Gapped&) const = default;
};
struct Person : Gapped { // with a base, an array, and containers
  std::string name;
  std::string aliases[2];
  std::vector<Point> path;
  const int born;
  bool operator==(const Person&) const = default;
};
struct Nothing {
  bool operator==(const Nothing&) const = default;
  auto operator<=>(const Nothing&) const = default;
};
struct Node { // refers to itself
  int value;
  std::unique_ptr<Node> next;
};
struct Tree {
  std::vector<Tree> children;
  bool operator==(const Tree& o) const { return children == o.children; }
};

/// Private members, no default constructor: its bytes are its value.
class Money {
  long cents_;

 public:
  explicit Money(long cents) : cents_(cents) {}
  bool operator==(const Money&) const = default;
};

} // namespace

#pragma clang diagnostic ignored "-Winvalid-offsetof" // clang knows these layouts

template <>
struct roam::reflect<Point> {
  using type = Fields<Field<double, 0, 0>, Field<double, 8, 0>>;
};
template <>
struct roam::reflect<Gapped> {
  using type = Fields<Field<bool, 0, 0>, Field<int, 4, 0>>;
};
template <>
struct roam::reflect<Person> {
  using type = Fields<Field<Gapped, 0, fieldBase>, Field<std::string, offsetof(Person, name), 0>,
                      Field<std::string[2], offsetof(Person, aliases), 0>,
                      Field<std::vector<Point>, offsetof(Person, path), 0>,
                      Field<const int, offsetof(Person, born), 0>>;
};
template <>
struct roam::reflect<Nothing> {
  using type = Fields<>;
};
template <>
struct roam::reflect<Node> {
  using type = Fields<Field<int, 0, 0>, Field<std::unique_ptr<Node>, 8, 0>>;
};
template <>
struct roam::reflect<Tree> {
  using type = Fields<Field<std::vector<Tree>, 0, 0>>;
};

namespace {

TEST(Archive, EncodesAsItsHeaderSays) {
  EXPECT_EQ(encoded(7), "\7\0\0\0"s);
  EXPECT_EQ(encoded("hi"s), "\2\0\0\0\0\0\0\0hi"s);
  EXPECT_EQ(encoded(true), "\1"s);
  EXPECT_EQ(encoded(std::pair<char, bool>('a', false)), "a\0"s);
  EXPECT_EQ(encoded(Gapped{true, 2}), "\1\2\0\0\0"s);
  EXPECT_EQ(encoded(std::map<char, char>{{'k', 'v'}}), "\1\0\0\0\0\0\0\0kv"s);
  EXPECT_EQ(encoded(std::optional<char>()), "\0"s);
  EXPECT_EQ(encoded(std::optional<char>('x')), "\1x"s);
  EXPECT_EQ(encoded(std::variant<int, char>('x')), "\1\0x"s);
  EXPECT_EQ(encoded(std::vector<bool>{true, false}), "\2\0\0\0\0\0\0\0\1\0"s);
  EXPECT_EQ(encoded(Nothing()), ""s);
  EXPECT_EQ(encoded(std::plus<>()), ""s);
  EXPECT_EQ(encoded(std::vector<Nothing>(2)), "\2\0\0\0\0\0\0\0\0\0"s);
  EXPECT_EQ(encoded(std::array<std::uint16_t, 2>{1, 2}), "\1\0\2\0"s);
}

TEST(Archive, CarriesNumbersAndEnumerations) {
  check(std::int8_t(-3));
  check(std::numeric_limits<std::uint64_t>::max());
  check(-0.1);
  check(1.5f);
  check('x');
  check(u'\u20ac');
  check(true);
  check(false);
  check(Colour::green);
  check(two);
  check(std::byte{200});
  check(nullptr);
  check(&Person::born);
}

TEST(Archive, CarriesTriviallyCopyableClasses) {
  check(Money(501));
  check(std::complex<double>(1, -2));
  check(std::bitset<70>("1011"));
  check(std::chrono::milliseconds(1500));
  check(std::chrono::duration<double, std::ratio<60>>(1.5));
  check(std::chrono::system_clock::time_point(std::chrono::seconds(1700000000)));
}

TEST(Archive, CarriesStrings) {
  check(""s);
  check("roam"s);
  check(std::string(3000, '\0'));
  check(L"wide"s);
  check(u8"\u00fc"s);
  check(u"sixteen"s);
  check(U"thirty-two"s);
  check(std::filesystem::path("/usr/share/common-licenses"));
}

TEST(Archive, CarriesSequences) {
  check(std::vector<int>{});
  check(std::vector<int>{1, 2, 3});
  check(std::vector<double>(1000, 0.5));
  check(std::vector<bool>{true, false, true});
  check(std::vector<std::string>{"a", "", "ccc"});
  check(std::vector<std::vector<char>>{{'a'}, {}, {'b', 'c'}});
  check(std::vector<Money>{Money(1), Money(2)});
  check(std::vector<std::pair<int, std::string>>{{1, "one"}, {2, "two"}});
  check(std::vector<std::array<bool, 3>>{{true, false, true}});
  check(std::deque<int>{1, 2, 3});
  check(std::list<std::string>{"x", "y"});
  check(std::forward_list<int>{3, 1, 2});
  check(std::vector<Nothing>(5));
  check(std::vector<std::tuple<>>(3));
}

TEST(Archive, CarriesSetsAndMaps) {
  check(std::set<int>{3, 1, 2});
  check(std::multiset<std::string>{"a", "a", "b"});
  check(std::map<std::string, double>{{"pi", 3.14}, {"e", 2.72}});
  check(std::multimap<int, int>{{1, 1}, {1, 2}});
  check(std::map<int, std::map<int, std::string>>{{1, {{2, "three"}}}});
  check(std::set<int, std::greater<>>{3, 1, 2});
  check(std::map<Nothing, Nothing>{{Nothing(), Nothing()}});
  check(std::unordered_set<int>{7});
  check(std::unordered_map<std::string, int>{{"x", 1}});
}

TEST(Archive, CarriesEveryElementOfUnorderedContainers) {
  std::unordered_map<int, std::string> squares;
  std::unordered_multiset<int> numbers;
  for (int i = 0; i < 1000; ++i) {
    squares[i] = std::to_string(i * i);
    numbers.insert(i % 10);
  }
  std::string a = encoded(squares), b = encoded(numbers);
  Reader in{a.data(), a.size()};
  EXPECT_EQ((roam::load<std::unordered_map<int, std::string>>(in)), squares);
  EXPECT_TRUE(in.finished());
  in = {b.data(), b.size()};
  EXPECT_EQ(roam::load<std::unordered_multiset<int>>(in), numbers);
  EXPECT_TRUE(in.finished());
}

TEST(Archive, CarriesAdaptors) {
  std::stack<int> stack;
  std::queue<std::string> queue;
  for (int i : {1, 2, 3}) {
    stack.push(i);
    queue.push(std::to_string(i));
  }
  check(stack);
  check(queue);
  std::priority_queue<int, std::vector<int>, std::greater<>> smallestFirst;
  for (int i : {5, 1, 3})
    smallestFirst.push(i);
  check(smallestFirst, [](auto a, auto b) {
    for (; !a.empty() && !b.empty(); a.pop(), b.pop())
      if (a.top() != b.top())
        return false;
    return a.empty() && b.empty();
  });
}

TEST(Archive, CarriesPairsTuplesAndArrays) {
  check(std::pair(1, "one"s));
  check(std::tuple());
  check(std::tuple(1, 2.5, "three"s, true));
  check(std::tuple(std::tuple(std::tuple(1))));
  check(std::array<int, 3>{1, 2, 3});
  check(std::array<std::string, 2>{"a", "b"});
  check(std::array<bool, 2>{true, false});
  check(std::array<std::string, 0>{});
}

TEST(Archive, CarriesOneOfSeveral) {
  check(std::optional<std::string>("here"));
  check(std::optional<std::string>());
  check(std::optional<std::optional<int>>(std::optional<int>()));
  using Value = std::variant<Money, std::string, std::vector<int>, std::monostate>;
  check(Value(Money(3)));
  check(Value("text"));
  check(Value(std::vector<int>{1, 2}));
  check(Value(std::monostate()));
}

TEST(Archive, CarriesOwnedObjects) {
  auto equal = [](const auto& a, const auto& b) { return !a ? !b : b && *a == *b; };
  check(std::unique_ptr<int>(new int(3)), equal);
  check(std::unique_ptr<std::string>(), equal);
  check(std::make_shared<std::string>("shared"), equal);
  check(std::make_shared<const Person>(Person{{true, 1}, "n", {}, {}, 3}), equal);
}

TEST(Archive, CarriesAggregatesFieldByField) {
  check(Point{1, 2});
  check(Gapped{true, 3});
  check(std::vector<Gapped>{{true, 1}, {false, 2}});
  check(Person{{false, 7}, "Ada", {"Augusta", "Lovelace"}, {{1, 2}, {3, 4}}, 1815});
  check(Nothing());
  check(Tree{{Tree{{Tree()}}, Tree()}});
  Node list{1, std::make_unique<Node>(2, std::make_unique<Node>(3, nullptr))};
  check(list, [](const Node& a, const Node& b) {
    const Node *x = &a, *y = &b;
    for (; x && y; x = x->next.get(), y = y->next.get())
      if (x->value != y->value)
        return false;
    return !x && !y;
  });
}

TEST(Archive, CopiesWhatHasNoGapsInOnePiece) {
  static_assert(roam::raw<Point> == Raw::both);
  static_assert(roam::raw<std::array<Point, 4>> == Raw::both);
  static_assert(roam::raw<Point[2][3]> == Raw::both);
  static_assert(roam::raw<Gapped> == Raw::no);
  static_assert(roam::raw<bool> == Raw::saved);
  static_assert(roam::raw<std::array<bool, 4>> == Raw::saved);
  static_assert(roam::raw<std::string> == Raw::no);
  EXPECT_EQ(encoded(std::vector<Point>{{1, 2}}).size(), 8 + sizeof(Point));
}

TEST(Archive, RefusesABoolThatIsNeither) {
  for (int byte = 0; byte < 256; ++byte) {
    char c = static_cast<char>(byte);
    Reader in{&c, 1};
    EXPECT_EQ(roam::load<bool>(in), byte == 1);
    EXPECT_EQ(in.ok, byte < 2);
    in = {&c, 1};
    EXPECT_EQ((roam::load<std::array<bool, 1>>(in)[0]), byte == 1);
    EXPECT_EQ(in.ok, byte < 2);
    in = {&c, 1};
    EXPECT_FALSE(roam::load<std::optional<Nothing>>(in).has_value() && byte != 1);
    EXPECT_EQ(in.ok, byte < 2);
  }
}

TEST(Archive, RefusesAnUnknownAlternative) {
  for (std::uint16_t index : {2, 255, 0xFFFF}) {
    std::string bytes = encoded(index) + "12345678";
    Reader in{bytes.data(), bytes.size()};
    EXPECT_EQ((roam::load<std::variant<int, char>>(in)), (std::variant<int, char>(0)));
    EXPECT_FALSE(in.ok);
  }
}

template <class T>
void expectCountRefused() {
  for (std::uint64_t count : {std::uint64_t(9), std::uint64_t(1) << 32, ~std::uint64_t(0)}) {
    std::string bytes = encoded(count) + "12345678";
    roam::test::readExactly<T>(bytes, [](const Reader& in, const T& x) {
      EXPECT_FALSE(in.ok);
      EXPECT_TRUE(x.empty());
      EXPECT_LE(roam::test::largestAllocation, 600u);
    });
  }
}
TEST(Archive, RefusesCountsThatTheInputCannotHold) {
  expectCountRefused<std::vector<char>>();
  expectCountRefused<std::vector<double>>();
  expectCountRefused<std::vector<std::string>>();
  expectCountRefused<std::vector<bool>>();
  expectCountRefused<std::vector<Nothing>>();
  expectCountRefused<std::vector<Person>>();
  expectCountRefused<std::string>();
  expectCountRefused<std::u32string>();
  expectCountRefused<std::list<int>>();
  expectCountRefused<std::set<int>>();
  expectCountRefused<std::map<Nothing, Nothing>>();
  expectCountRefused<std::unordered_map<int, int>>();
  expectCountRefused<std::forward_list<int>>();
}

TEST(Archive, RefusesNestingThatWouldExhaustTheStack) {
  std::string bytes;
  for (int i = 0; i < 2000000; ++i)
    bytes += encoded(i) + "\1";
  Reader in{bytes.data(), bytes.size()};
  Node list = roam::load<Node>(in);
  EXPECT_FALSE(in.ok);

  bytes.clear();
  for (int i = 0; i < 1000000; ++i)
    bytes += encoded(std::uint64_t(1));
  in = {bytes.data(), bytes.size()};
  Tree tree = roam::load<Tree>(in);
  EXPECT_FALSE(in.ok);
}

TEST(Archive, ReadsUnalignedInput) {
  std::string bytes = "x" + encoded(std::pair(std::vector<double>{1, 2, 3}, Point{4, 5}));
  Reader in{bytes.data() + 1, bytes.size() - 1};
  auto [numbers, point] = roam::load<std::pair<std::vector<double>, Point>>(in);
  EXPECT_EQ(numbers, (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(point, (Point{4, 5}));
}

// --- rebuilding -------------------------------------------------------------------------------

/// Counts the living; throws when `fuse` reaches 0.
struct Mortal {
  static int living, fuse;
  Mortal() {
    if (fuse-- == 0)
      throw std::runtime_error("fuse");
    ++living;
  }
  Mortal(const Mortal&) = delete; // and so can't be moved
  ~Mortal() { --living; }
};
int Mortal::living = 0, Mortal::fuse = 0;

struct Crowd {
  Mortal first;
  Mortal rows[2][3];
  std::string name;
  std::array<Mortal, 2> last;
};
struct Outer {
  int n;
  Crowd crowd;
};

} // namespace

template <>
struct roam::Codec<Mortal> {
  static void save(Output& out, const Mortal&) { out.write("m", 1); }
  static void build(Reader& in, void* at) {
    in.take(1);
    ::new (at) Mortal();
  }
};
template <>
struct roam::reflect<Crowd> {
  using type = Fields<Field<Mortal, 0, 0>, Field<Mortal[2][3], 1, 0>,
                      Field<std::string, offsetof(Crowd, name), 0>,
                      Field<std::array<Mortal, 2>, offsetof(Crowd, last), 0>>;
};
template <>
struct roam::reflect<Outer> {
  using type = Fields<Field<int, 0, 0>, Field<Crowd, offsetof(Outer, crowd), 0>>;
};

namespace {

TEST(Rebuilt, BuildsWhatCanBeNeitherCopiedNorMoved) {
  Mortal::fuse = 100;
  std::string bytes;
  {
    Outer outer{4, {{}, {}, "a name that is too long for the small string", {}}};
    bytes = encoded(outer);
    Reader in{bytes.data(), bytes.size()};
    roam::Rebuilt<Outer> again(in);
    EXPECT_TRUE(in.finished());
    EXPECT_EQ(again.get().n, 4);
    EXPECT_EQ(again.get().crowd.name, outer.crowd.name);
    EXPECT_EQ(Mortal::living, 18);
  }
  EXPECT_EQ(Mortal::living, 0);
}

TEST(Rebuilt, TakesBackWhatWasBuiltWhenAFieldThrows) {
  Mortal::fuse = 100;
  std::string bytes = encoded(Outer{4, {{}, {}, std::string(50, 'x'), {}}});
  for (int fuse = 0; fuse < 9; ++fuse) {
    Mortal::fuse = fuse;
    Reader in{bytes.data(), bytes.size()};
    EXPECT_THROW(roam::Rebuilt<Outer>{in}, std::runtime_error);
    EXPECT_EQ(Mortal::living, 0);
  }
}

TEST(Rebuilt, HoldsEmptyValuesWhenTheInputEnds) {
  Mortal::fuse = 1000000;
  std::string bytes = encoded(Outer{4, {{}, {}, std::string(50, 'x'), {}}});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    {
      Reader in{bytes.data(), size};
      roam::Rebuilt<Outer> outer(in);
      EXPECT_FALSE(in.ok);
      EXPECT_EQ(Mortal::living, 9);
    }
    EXPECT_EQ(Mortal::living, 0);
  }
}

// --- types that encode themselves -------------------------------------------------------------

/// As cereal has it.
struct Cereal {
  int a = 0;
  std::string b;
  double c[2] = {};
  template <class Archive>
  void serialize(Archive& archive) {
    archive(a, b);
    archive(c);
  }
  bool operator==(const Cereal& o) const {
    return a == o.a && b == o.b && c[0] == o.c[0] && c[1] == o.c[1];
  }
};
/// As Boost has it, with a base class.
struct Boost : Cereal {
  std::map<std::string, int> d;
  template <class Archive>
  void serialize(Archive& ar, const unsigned int version) {
    EXPECT_EQ(version, 0u);
    Cereal::serialize(ar);
    ar& d;
  }
  bool operator==(const Boost&) const = default;
};
/// Split, with private members.
class Split {
  std::vector<std::string> words_;
  mutable int saved_ = 0;

 public:
  Split() = default;
  explicit Split(std::vector<std::string> words) : words_(std::move(words)) {}
  template <class Archive>
  void save(Archive& ar) const {
    ++saved_;
    ar << words_ << 'x';
  }
  template <class Archive>
  void load(Archive& ar) {
    char x = 0;
    ar >> words_ >> x;
  }
  bool operator==(const Split& o) const { return words_ == o.words_; }
};
/// Asks the archive for its direction.
struct Directed {
  int n = 0;
  template <class Archive>
  void serialize(Archive& ar) {
    int doubled = 2 * n;
    ar& doubled;
    if constexpr (Archive::is_loading::value)
      n = doubled / 2;
  }
  bool operator==(const Directed&) const = default;
};
/// The wrappers of both libraries around a member or a base.
template <class T>
struct CerealPair { // cereal::NameValuePair
  const char* name;
  T value;
};
template <class T>
struct BoostPair : std::pair<const char*, T*> { // boost::serialization::nvp
  const char* name() const { return this->first; }
  T& value() const { return *this->second; }
};
template <class T>
struct BaseClass { // cereal::base_class
  T* base_ptr;
};
struct Named : Cereal {
  int x = 0;
  std::string y;
  template <class Archive>
  void serialize(Archive& ar) {
    ar(BaseClass<Cereal>{this}, CerealPair<int&>{"x", x});
    BoostPair<std::string> pair;
    pair.first = "y";
    pair.second = &y;
    ar& pair;
  }
  bool operator==(const Named&) const = default;
};
struct Sneaky { // encodes to nothing
  template <class Archive>
  void serialize(Archive&) {}
  bool operator==(const Sneaky&) const = default;
};

TEST(Archive, LetsTypesEncodeThemselves) {
  check(Cereal{1, "two", {3, 4}});
  check(Boost{{1, "two", {3, 4}}, {{"five", 6}}});
  check(Split({"a", "b"}));
  check(Directed{21});
  check(Named{{1, "two", {3, 4}}, 5, "six"});
  check(std::vector<Cereal>{{1, "a", {}}, {2, "b", {}}});
  check(std::vector<Sneaky>(3));
  check(std::map<std::string, Boost>{{"k", {}}});
}

TEST(Archive, ReadsNamesAndWrappersAsWhatTheyWrap) {
  EXPECT_EQ(encoded(Named{{1, "", {3, 4}}, 5, "six"}),
            encoded(Cereal{1, "", {3, 4}}) + encoded(5) + encoded("six"s));
}

// --- what the compiler is told ----------------------------------------------------------------

static_assert(roam::kindOf<int*>() == Kind::pointer);
static_assert(roam::kindOf<int (*)(int)>() == Kind::function);
static_assert(roam::kindOf<int (Person::*)()>() == Kind::memberFunction);
static_assert(roam::kindOf<std::string_view>() == Kind::view);
static_assert(roam::kindOf<std::function<int()>>() == Kind::stdFunction);
static_assert(roam::kindOf<std::any>() == Kind::other);

} // namespace
