// Where [[roam::live("name")]] can't stand, and what functions marked so can't be.
#include <roam/roam.h>
#include <string>
#include <thread>

[[roam::live]] int nameless(); // expected-error {{'roam::live' takes the name that the function is called by: one string of letters, digits and . _ - / like [[roam::live("pricing.convert")]]}}
[[roam::live("")]] int empty(); // expected-error {{'roam::live' takes the name}}
[[roam::live("a b")]] int spaced(); // expected-error {{'roam::live' takes the name}}
[[roam::live(3)]] int numbered(); // expected-error {{'roam::live' takes the name}}
[[roam::live("a", "b")]] int twoNames(); // expected-error {{attribute takes no more than 1 argument}}
[[live("a")]] int unscoped();

[[roam::live("variable")]] int variable; // expected-error {{'roam::live' is for functions with a name}}
struct [[roam::live("class")]] Class {}; // expected-error {{'roam::live' is for functions with a name}}
auto lambda = [] [[roam::live("lambda")]] (int x) { return x; }; // expected-error {{'roam::live' is for functions with a name}}

template <class T>
[[roam::live("template")]] T same(T x) { return x; } // expected-error {{'roam::live' cannot be on a template, which is many functions: mark a function that calls it with the types it is meant for}}
template <class T>
struct Shape {
  [[roam::live("of.template")]] static int area() { return 1; } // expected-error {{'roam::live' cannot be on a template}}
};
struct Account {
  [[roam::live("method")]] int balance() { return 1; } // expected-error {{'roam::live' cannot be on a member function that needs an object: mark a static one, or a function that takes the object as an argument}}
  [[roam::live("static")]] static int count(int more) { return more + 1; }
  static int outside(std::string name);
};
[[roam::live("outside")]] int Account::outside(std::string name) { return int(name.size()); }
[[roam::live("variadic")]] int variadic(int, ...) { return 1; } // expected-error {{'roam::live' cannot be on a function with '...': arguments travel by their types, and these have none; take a std::vector}}
[[roam::live("consteval")]] consteval int early() { return 1; } // expected-error {{'roam::live' cannot be on a consteval function, which is called by the compiler alone: make it constexpr}}

[[roam::live("twice")]] int first() { return 1; } // expected-note {{this is the other}}
[[roam::live("twice")]] int second() { return 2; } // expected-error {{two functions have the live name 'twice': a name is bound to one function}}

[[roam::live("change")]] void change(std::string& text) { text += "!"; } // expected-error {{a function marked 'roam::live' cannot take 'text' as a reference: what it would change is a copy on another machine; take it as 'std::string' (aka 'basic_string<char>'), and return what changed}}
[[roam::live("pointer")]] int pointer(const int* p) { return *p; } // expected-error {{'const int *' cannot travel to another machine: it is a raw pointer ('const int *')}} expected-note {{}}
[[roam::live("thread")]] std::thread start() { return {}; } // expected-error {{'std::thread' cannot travel to another machine: it is bound to threads of this process}} expected-note {{wait for its result and send that}}

namespace {
[[roam::live("hidden")]] int hidden(const std::string& text, int&& moved) { return int(text.size()) + moved; }
} // namespace
[[roam::live("declared")]] int declared(int);
int declared(int x) { return x; }
[[roam::live("elsewhere")]] int elsewhere(int);
