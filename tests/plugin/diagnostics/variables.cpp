// Variables that lose their meaning on another machine.
#include "ship.h"
#include <map>
#include <string>

namespace app {
int hits = 0; // expected-note {{'app::hits' is declared here; make it const or constexpr, or capture its value, or make it a static variable inside the function if each machine may have its own}}
extern int elsewhere; // expected-note {{'app::elsewhere' is declared here}}
thread_local int perThread = 3; // expected-note {{'app::perThread' is declared here}}
inline std::map<std::string, int> registry; // expected-note {{'app::registry' is declared here}}
struct Counted {
  static int alive;
  Counted() = default;
  ~Counted() { --alive; } // expected-error {{'app::Counted::alive' is a variable of this program}}
};
struct Lazy {
  mutable int cached = 0;
  int get() const { return ++cached; }
};
const Lazy lazy; // expected-note {{'app::lazy' is declared here}}

int count(int x) { return ++hits + x; } // expected-error {{'app::hits' is a variable of this program; code that runs on other machines finds another one there}}
template <class T>
int viaTemplate(T t) {
  return count(t); // expected-note {{'app::count' is used here}}
}
} // namespace app

void all(int a) {
  ship([a] { return app::viaTemplate(a); }); // expected-note {{in this lambda}} expected-note {{'app::viaTemplate' is used here}}
  ship([a] { return app::elsewhere + a; }); // expected-error {{'app::elsewhere' is a variable}} expected-note {{in this lambda}}
  ship([a] { return app::perThread + a; }); // expected-error {{'app::perThread' is a variable}} expected-note {{in this lambda}}
  ship([] { return app::registry.size(); }); // expected-error {{'app::registry' is a variable}} expected-note {{in this lambda}}
  ship([] { app::Counted c; return 1; }); // expected-note {{in this lambda}} expected-note {{'app::Counted::~Counted' is used here}}
  ship([] { return app::lazy.get(); }); // expected-error {{'app::lazy' is a variable}} expected-note {{in this lambda}}
}
int app::Counted::alive = 0; // expected-note {{'app::Counted::alive' is declared here}}

std::string compute();
int enclosing(int a) {
  static int sum = 5; // expected-note {{'sum' is declared here; make it constexpr, or capture its value: '[sum = sum]', or make it a static variable inside the lambda if each machine may have its own}}
  static const std::string text = compute(); // expected-note {{'text' is declared here}}
  static thread_local int perThread = a; // expected-note {{'perThread' is declared here}}
  sum += a;
  ship([a] { return sum + a; }); // expected-error {{'sum' is a static variable of a function that stays here; code that runs on other machines does not find the value it has here}} expected-note {{in this lambda}}
  ship([a] { return int(text.size()) + a; }); // expected-error {{'text' is a static variable of a function that stays here}} expected-note {{in this lambda}}
  ship([a] { return perThread + a; }); // expected-error {{'perThread' is a static variable of a function that stays here}} expected-note {{in this lambda}}
  return sum;
}
