// Captures, arguments and results from outside: each kind of type is read from the same bytes; what
// could be read comes back the same when it is written and read again.
#include "roam/archive.h"
#include "roam/buffer.h"
#include "roam/wrapper.h"
#include <array>
#include <complex>
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
#include <vector>

namespace {

enum class Colour : short { red, green };

struct Empty {};

struct Point {
  double x;
  bool set;
  Colour colour;
};

struct Tree {
  int value;
  std::vector<Tree> children;
  std::unique_ptr<Tree> next;
};

class Money {
 public:
  template <class Ar>
  void serialize(Ar& ar) {
    ar(cents_, currency_);
  }

 private:
  long cents_ = 0;
  std::string currency_;
};

struct Shape {
  std::vector<int> sides;
  unsigned colour : 5, filled : 1;
  virtual ~Shape() = default;
};

struct Everything {
  std::string text;
  std::wstring wide;
  std::vector<bool> bits;
  std::array<Point, 2> points;
  std::optional<std::pair<int, std::string>> maybe;
  std::variant<int, std::string, std::vector<Empty>> either;
  std::map<std::string, std::vector<int>> table;
  std::unordered_map<int, Money> accounts;
  std::set<std::tuple<int, bool>> tuples;
  std::unordered_multiset<std::string> bag;
  std::list<std::deque<short>> lists;
  std::forward_list<char> forward;
  std::stack<int> stack;
  std::priority_queue<double> queue;
  std::vector<std::shared_ptr<Point>> shared;
  std::weak_ptr<Point> weak;
  std::unique_ptr<std::string[]> texts;
  Shape shape;
  std::filesystem::path path;
  std::complex<float> number;
  int grid[2][3];
  Tree tree;
};

template <class T>
void readAndWrite(const char* bytes, std::size_t size) {
  roam::Reader in{bytes, size};
  roam::Rebuilt<T> x(in);
  if (!in.ok)
    return;
  roam::Buffer once;
  roam::saveWhole(once, x.get());
  roam::Reader again{once.data, once.size};
  roam::Rebuilt<T> y(again);
  if (!again.finished())
    __builtin_trap();
  roam::Buffer twice;
  roam::saveWhole(twice, y.get());
  if (once.size != twice.size)
    __builtin_trap();
}

/// The entry of a closure with these captures, called on the bytes.
template <class T, class F>
void call(const F&, const char* bytes, std::size_t size) {
  if (size < 2)
    return;
  std::size_t captures = static_cast<unsigned char>(bytes[0]),
              count = static_cast<unsigned char>(bytes[1]);
  bytes += 2, size -= 2;
  captures = captures < size ? captures : size;
  roam::Buffer results;
  roam::MapShape<F, T>::run(bytes, captures, bytes + captures, size - captures, count, results);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto bytes = reinterpret_cast<const char*>(data);
  readAndWrite<Everything>(bytes, size);
  readAndWrite<Tree>(bytes, size);
  readAndWrite<std::vector<std::vector<std::string>>>(bytes, size);
  readAndWrite<std::map<int, std::variant<bool, Point, std::unique_ptr<Money>>>>(bytes, size);
  readAndWrite<std::vector<Empty>>(bytes, size);
  std::string prefix;
  std::vector<Point> points;
  call<std::string>(
      [=](const std::string& x) { return prefix + x + std::to_string(points.size()); }, bytes,
      size);
  unsigned n = 0;
  call<unsigned>([=](unsigned x) { return x + n; }, bytes, size);
  return 0;
}
