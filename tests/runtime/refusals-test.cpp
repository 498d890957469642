// What cannot travel: one error each, that says what to do. Compiled by clang's -verify, not run.
#include "roam/wrapper.h"
#include <functional>
#include <map>
#include <memory>
#include <string_view>

namespace roam { // as the templates of the public headers do: errors then point to the program
template <class F, class T>
void ship(const F& f, const T& x) {
  using Shape = MapShape<F, T>;
  if constexpr (shippable<F, AsPassed<T>, AsPassed<typename Shape::Result>>) {
    auto* entry = &Code<Shape>::entry;
    (void)entry;
    Buffer out;
    saveClosure(out, f);
    save<T>(out, x);
    Reader in{out.data, out.size};
    (void)load<typename Shape::Result>(in);
  }
}
} // namespace roam
using roam::ship;

#ifdef WITHOUT_PLUGIN

void withoutPlugin() {
  // expected-error@roam/wrapper.h:* {{compiled without Roam's compiler plugin: link the target with roam::roam in CMake}}
  ship([](int x) { return x; }, 1);
}

#else

struct Label {
  int n;
  const char* text; // the plugin's note points here
};
class Iterator {
  int* at_;

public:
  int operator*() const { return *at_; }
};
class Hidden {
  std::string text_;

public:
  int size() const { return 1; }
};
struct Abstract {
  virtual ~Abstract() = default;
  virtual int value() const = 0;
};
struct NeedsNumber {
  int n;
  explicit NeedsNumber(int n) : n(n) {}
  virtual ~NeedsNumber() {}
};
struct Unbuildable {
  explicit Unbuildable(int);
  template <class Ar>
  void serialize(Ar&) {}
};

void seenByThePlugin(Label label, Iterator iterator, std::string_view view) {
  // expected-error@+1 {{'Label' cannot travel to another machine: it holds a raw pointer ('const char *') in 'text'}}
  ship([](const Label& l) { return l.n; }, label);
  // expected-error@+1 {{'Iterator' cannot travel to another machine: it holds a raw pointer ('int *') in 'at_'}}
  ship([](const Iterator& i) { return *i; }, iterator);
  // expected-error@+1 {{cannot travel to another machine: it is a std::string_view}}
  ship([](std::string_view s) { return s.size(); }, view);
  // expected-error@+1 {{'const char *' cannot travel to another machine: it is a raw pointer}}
  ship([](int) { return "literal"; }, 1);
  // expected-error@+1 {{capture 'label' cannot travel to another machine: it holds a raw pointer}}
  ship([label](int) { return label.n; }, 1);
}

void onlyCaptured(std::map<int, std::function<int()>> functions, int (*f)(int)) {
  // expected-error@+1 {{it holds a 'std::function<int ()>', which can travel only inside what a closure captures in '[...]'}}
  ship([](const std::map<int, std::function<int()>>&) { return 1; }, functions);
  // expected-error@+1 {{'int (*)(int)' cannot travel to another machine: it is a function pointer ('int (*)(int)'), which can travel only inside what a closure captures}}
  ship([f](int) { return f; }, 1);
  ship([f, functions](int x) { return f(x) + functions.at(x)(); }, 1);
}

void seenByBoth() { // the headers know the kind of a type, the plugin where it stands
  // expected-error@+1 {{it is an object of the class 'Hidden', which has members that are not public}}
  ship([](const Hidden& h) { return h.size(); }, Hidden());
  // expected-error@+1 {{it is a 'std::shared_ptr<Abstract>', which can travel only inside what a closure captures}}
  ship([](const std::shared_ptr<Abstract>&) { return 1; }, std::shared_ptr<Abstract>());
  // expected-error@+1 {{it is an object of the class 'NeedsNumber', which has no public default constructor}}
  ship([](const NeedsNumber&) { return 1; }, NeedsNumber(1));
  // expected-error@+1 {{it is an object of the class 'Unbuildable', which has no public default constructor}}
  ship([](const Unbuildable&) { return 1; }, Unbuildable(1));
}

void seenByTheCall() {
  // expected-error@+1 {{the function takes 'x' as a reference, but what it would change is a copy on another machine}}
  ship([](int& x) { return ++x; }, 1);
  // expected-error@+1 {{the function that is sent cannot be called with 'int'}}
  ship([](const std::string& s) { return s.size(); }, 1);
}

#endif
