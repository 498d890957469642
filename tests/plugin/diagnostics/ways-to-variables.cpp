// Every way on which code gets to a variable. The error is where the code touches it.
#include "ship.h"
#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
// expected-note@* 0+ {{is used here}}
// expected-note@* 0+ {{in this lambda}}

// An initialiser.
int v0 = 0; // expected-note {{'v0' is declared here}}
int f0() { return ++v0; } // expected-error {{'v0' is a variable of this program}}
const int c0 = f0(); // expected-note {{in what initialises 'c0', which other machines run, too}}
void ship0() { ship([] { return c0; }); }

// The initialiser of what an initialiser uses.
int v1 = 0; // expected-note {{'v1' is declared here}}
int f1() { return ++v1; } // expected-error {{'v1' is a variable of this program}}
const std::string d1(std::size_t(f1()), 'x'); // expected-note {{in what initialises 'd1'}}
const std::string c1 = d1 + d1; // expected-note {{in what initialises 'c1'}}
void ship1() { ship([] { return c1.size(); }); }

// The initialiser of a member of a template.
int v2 = 0; // expected-note {{'v2' is declared here}}
template <class T> struct S2 { static const T c; };
int f2() { return ++v2; } // expected-error {{'v2' is a variable of this program}}
template <class T> const T S2<T>::c = f2(); // expected-note {{in what initialises 'S2<int>::c'}}
void ship2() { ship([] { return S2<int>::c; }); }

// An initialiser that keeps count elsewhere.
int v3 = 0; // expected-note {{'v3' is declared here}}
struct S3 { explicit S3(int id) : id(id) { ++v3; } int id; }; // expected-error {{'v3' is a variable of this program}}
const S3 c3(1); // expected-note {{in what initialises 'c3'}}
void ship3() { ship([] { return c3.id; }); }

// The destructor of a constant.
int v4 = 0; // expected-note {{'v4' is declared here}}
struct S4 { int id = int(std::string(1, 48).size()); ~S4() { ++v4; } }; // expected-error {{'v4' is a variable of this program}}
const S4 c4; // expected-note 0+ {{in what initialises 'c4'}}
void ship4() { ship([] { return c4.id; }); }

// A default argument.
int v5 = 0; // expected-note {{'v5' is declared here}}
int f5(int a = ++v5) { return a; } // expected-error {{'v5' is a variable of this program}}
void ship5() { ship([] { return f5(); }); }

// A default member initialiser.
int v6 = 0; // expected-note {{'v6' is declared here}}
struct S6 { int a = ++v6; }; // expected-error {{'v6' is a variable of this program}}
void ship6() { ship([] { return S6().a; }); }

// The destructor of a temporary.
int v7 = 0; // expected-note {{'v7' is declared here}}
struct S7 { int a = 1; ~S7() { ++v7; } }; // expected-error {{'v7' is a variable of this program}}
void ship7() { ship([] { return S7().a; }); }

// The destructor of a member.
int v8 = 0; // expected-note {{'v8' is declared here}}
struct M8 { ~M8() { ++v8; } }; // expected-error {{'v8' is a variable of this program}}
struct S8 { M8 m; int a = 1; };
void ship8() { ship([] { S8 s; return s.a; }); }

// The destructor of a base.
int v9 = 0; // expected-note {{'v9' is declared here}}
struct M9 { ~M9() { ++v9; } }; // expected-error {{'v9' is a variable of this program}}
struct S9 : M9 { int a = 1; };
void ship9() { ship([] { S9 s; return s.a; }); }

// A delegating constructor.
int v10 = 0; // expected-note {{'v10' is declared here}}
struct S10 { int a; explicit S10(int a) : a(a) { ++v10; } S10() : S10(1) {} }; // expected-error {{'v10' is a variable of this program}}
void ship10() { ship([] { return S10().a; }); }

// An inherited constructor.
int v11 = 0; // expected-note {{'v11' is declared here}}
struct M11 { int a; explicit M11(int a) : a(a) { ++v11; } }; // expected-error {{'v11' is a variable of this program}}
struct S11 : M11 { using M11::M11; };
void ship11() { ship([] { return S11(1).a; }); }

// A virtual function.
int v12 = 0; // expected-note {{'v12' is declared here}}
struct M12 { virtual ~M12() = default; virtual int f() { return 0; } };
struct S12 : M12 { int f() override { return ++v12; } }; // expected-error {{'v12' is a variable of this program}}
M12* make12() { return new S12; }
void ship12() { ship([] { std::unique_ptr<M12> m(make12()); return m->f(); }); }

// A table of functions.
int v13 = 0; // expected-note {{'v13' is declared here}}
int f13(int) { return ++v13; } // expected-error {{'v13' is a variable of this program}}
int (*const t13[])(int) = {f13}; // expected-note {{in what initialises 't13'}}
void ship13() { ship([] { return t13[0](1); }); }

// A pointer to a function.
int v14 = 0; // expected-note {{'v14' is declared here}}
int f14() { return ++v14; } // expected-error {{'v14' is a variable of this program}}
int call14(int (*f)()) { return f(); }
void ship14() { ship([] { return call14(f14); }); }

// A pointer to a member function.
int v15 = 0; // expected-note {{'v15' is declared here}}
struct S15 { int f() { return ++v15; } }; // expected-error {{'v15' is a variable of this program}}
void ship15() { ship([] { auto f = &S15::f; S15 s; return (s.*f)(); }); }

// A loop over a range.
int v16 = 0; // expected-note {{'v16' is declared here}}
struct I16 { int at; int operator*() const { return at; } I16& operator++() { ++v16; ++at; return *this; } bool operator!=(const I16& o) const { return at != o.at; } }; // expected-error {{'v16' is a variable of this program}}
struct S16 { I16 begin() const { return {0}; } I16 end() const { return {3}; } };
void ship16() { ship([] { int sum = 0; for (int i : S16()) sum += i; return sum; }); }

// An operator and a conversion.
int v17 = 0; // expected-note {{'v17' is declared here}}
struct S17 { operator int() const { return ++v17; } }; // expected-error {{'v17' is a variable of this program}}
void ship17() { ship([] { return 1 + S17(); }); }

// A literal.
int v18 = 0; // expected-note {{'v18' is declared here}}
int operator""_w18(unsigned long long a) { return int(a) + ++v18; } // expected-error {{'v18' is a variable of this program}}
void ship18() { ship([] { return 5_w18; }); }

// A comparison given to an algorithm.
int v19 = 0; // expected-note {{'v19' is declared here}}
struct S19 { bool operator()(int a, int b) const { ++v19; return a > b; } }; // expected-error {{'v19' is a variable of this program}}
void ship19() { ship([] { std::vector<int> v{1, 2}; std::sort(v.begin(), v.end(), S19()); return v[0]; }); }

// Std::function.
int v20 = 0; // expected-note {{'v20' is declared here}}
int f20(int a) { return a + ++v20; } // expected-error {{'v20' is a variable of this program}}
void ship20() { ship([] { std::function<int(int)> f = f20; return f(1); }); }

// A generic lambda.
int v21 = 0; // expected-note {{'v21' is declared here}}
inline constexpr auto f21 = [](auto a) { return a + ++v21; }; // expected-error {{'v21' is a variable of this program}} expected-note 0+ {{in what initialises 'f21'}}
void ship21() { ship([] { return f21(1); }); }

// The initialiser of a static variable.
int v22 = 0; // expected-note {{'v22' is declared here}}
int f22() { static const int a = ++v22; return a; } // expected-error {{'v22' is a variable of this program}}
void ship22() { ship([] { return f22(); }); }

// What is thrown.
int v23 = 0; // expected-note {{'v23' is declared here}}
struct S23 { S23() = default; S23(const S23&) { ++v23; } int a = 1; }; // expected-error {{'v23' is a variable of this program}}
int f23(const S23& s) { try { throw s; } catch (const S23& caught) { return caught.a; } }
void ship23() { ship([] { return f23(S23()); }); }

// Operator new of a class.
int v24 = 0; // expected-note {{'v24' is declared here}}
struct S24 { int a = 1; void* operator new(std::size_t n) { ++v24; return ::operator new(n); } void operator delete(void* p) { ::operator delete(p); } }; // expected-error {{'v24' is a variable of this program}}
void ship24() { ship([] { std::unique_ptr<S24> s(new S24); return s->a; }); }

// A structured binding.
int v25 = 0; // expected-note {{'v25' is declared here}}
struct S25 { template <std::size_t I> int get() const { return ++v25; } }; // expected-error {{'v25' is a variable of this program}}
template <> struct std::tuple_size<S25> { static constexpr int value = 1; };
template <> struct std::tuple_element<0, S25> { using type = int; };
void ship25() { ship([] { auto [a] = S25(); return a; }); }

// A function defined further down.
int v26 = 0; // expected-note {{'v26' is declared here}}
int f26();
void ship26() { ship([] { return f26(); }); }
int f26() { return ++v26; } // expected-error {{'v26' is a variable of this program}}
