// The corpus: what has disturbed digests before (exceptions, virtual functions, static variables,
// library declarations that others declare first, recursion), and plain code.
#include "tests/plugin/corpus.h"

namespace roam::plugin::testing {
namespace {

constexpr char prelude[] = R"(#include "ship.h"
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>
inline int scaled(int x) { return x * x + OFFSET; }
struct Figure { virtual ~Figure() = default; virtual double area() const = 0; };
struct Square : Figure { double a; Square(double x) : a(x) {} double area() const override { return a * a; } };
struct Circle : Figure {
  double r;
  Circle(double x) : r(x) {}
  double area() const override { return 3.14159 * r * r; }
};
struct Failure { int code; };
namespace {
struct Hidden { int v; Hidden operator+(int k) const { return {v + k}; } };
int unhide(Hidden h) { return (h + 5).v * 3; }
}
namespace { struct HiddenFailure : std::runtime_error { using runtime_error::runtime_error; }; }
struct Ulysses : std::runtime_error { using runtime_error::runtime_error; };
static int blanks(const char* s) { int n = 0; while (*s) n += *s++ == ' '; return n; }
struct Guard { int& r; ~Guard() { r += 100; } };
inline int parity(int n);
inline int otherParity(int n) { std::string s(n, 'x'); return n == 0 ? 1 : parity(int(s.size()) - 1); }
inline int parity(int n) { std::vector<int> v(n); return n == 0 ? 0 : otherParity(int(v.size()) - 1); }
inline int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
int mayThrow(int); struct Undo { int* p; ~Undo() { *p = mayThrow(*p); } };
#define STEP(k) if (r % k == 3) r ^= n * k; if (r % (k + 2) == 5) r = r * r - k * n;
inline int steps(int n) {
  int r = 0;
  for (int i = 0; i < n; ++i) {
    STEP(7) STEP(11) STEP(13) STEP(17) STEP(19) STEP(23) STEP(29) STEP(31) STEP(37) STEP(41) STEP(43) STEP(47)
  }
  return r;
}
inline int walk(int n) {
  int r = steps(n);
  STEP(3) STEP(5) STEP(9) STEP(15) STEP(25) STEP(33) STEP(57) STEP(77) STEP(91) STEP(101)
  return r;
}
template <class G> inline int apply(G* g, int a) { return g(a); }
inline bool later(double a, double b) { return a > b; }
struct Walker { virtual ~Walker() = default; virtual int go(int n) { return walk(n) + 2; } };
struct Runner : Walker { int go(int n) override { return walk(n) * 2; } };
int odd(int n);
inline int even(int n) { return n == 0 ? 1 : odd(n - 1); }
inline int odd(int n) { return n == 0 ? 0 : even(n - 1); }
)";

} // namespace

const std::vector<CorpusClosure>& corpus() {
  static const std::vector<CorpusClosure> closures = {
      {"arithmetic", "[a, b] { return a * b + scaled(a) + 42; }"},
      {"string",
       "[who, a] { std::string s = \"hello \"; s += who; for (int i = 0; i < a; ++i) s += "
       "std::to_string(i) + \",\"; return s; }"},
      {"sort",
       "[a] { std::vector<double> v; for (int i = 0; i < 99; ++i) v.push_back((i * 79 + a) % "
       "101 * 0.5); std::sort(v.begin(), v.end()); return v[10] + v[50]; }"},
      {"print",
       "[a, x] { char text[64]; std::snprintf(text, sizeof text, \"%d %.3f\", a, x); return "
       "std::string(text); }"},
      {"catch",
       "[a] { int r = 0; try { if (a >= 0) throw Failure{a}; } catch (Failure& f) { r = "
       "f.code + 1; } try { throw std::runtime_error(\"boom\"); } catch (std::exception& e) { "
       "r += e.what()[0]; } return r; }"},
      {"throw", "[a] { if (a >= 0) throw std::runtime_error(\"from afar\"); return 0; }"},
      {"virtual",
       "[x] { std::vector<std::unique_ptr<Figure>> v; v.push_back(std::make_unique<Square>(x)); "
       "v.push_back(std::make_unique<Circle>(x)); double s = 0; for (auto& p : v) s += "
       "p->area(); return s; }"},
      {"math", "[x] { return std::sin(x) * std::exp(x / 10) + std::pow(x, 1.5) + x * x + x; }"},
      {"function",
       "[a] { std::function<int(int)> f = [a](int z) { return z + a; }; auto g = f; return "
       "g(10); }"},
      {"hidden", "[a] { return unhide(Hidden{a}) + blanks(\"a b c\"); }"},
      {"recursion", "[a] { return fib(10 + a % 2) + even(a); }"},
      {"static",
       "[] { static int n = 0; static std::string s = std::string(\"init\") + \"x\"; s += 'y'; "
       "return int(s.size()) * 100 + ++n; }"},
      {"local type",
       "[a] { struct Here { int v; }; try { throw Here{a}; } catch (Here& h) { return h.v; } }"},
      {"atomic", "[a] { std::atomic<int> n{a}; for (int i = 0; i < 9; ++i) n.fetch_add(i); return "
                 "n.load(); }"},
      {"rethrow",
       "[a] { int r = 0; try { Guard guard{r}; if (a > 5) throw std::out_of_range(\"far\"); } "
       "catch "
       "(std::out_of_range&) { try { throw; } catch (std::exception&) { ++r; } } return r; }"},
      {"mutual recursion", "[a] { return parity(a); }"},
      {"call", "[a] { return walk(a) + 1; }"},
      {"by address", "[a] { int n = a; Undo undo{&n}; return apply(&walk, a) + 1; }"},
      {"comparator", "[a, x] { std::vector<double> v(a, x); std::sort(v.begin(), v.end(), &later); "
                     "return v[0]; }"},
      {"virtual callee",
       "[a] { int n = a; Undo undo{&n}; Runner runner; Walker& walker = runner; return "
       "walker.go(a); }"},
      {"call of a virtual one", "[a] { return Runner().Runner::go(a) + later(a, 2); }"},
      {"local type in a template",
       "[a] { struct Here { int v; }; auto p = std::make_shared<Here>(Here{a}); return p->v; }"},
      {"captured local type",
       "[here] { auto p = std::make_shared<decltype(here)>(here); return p->v; }"},
      {"thrown hidden type", "[a] { if (a) throw HiddenFailure(\"hidden\"); return 1; }"},
      {"thrown named type", "[a] { if (a) throw Ulysses(\"named\"); return 1; }"},
      {"map",
       "[who] { std::map<std::string, int> m; for (char c : who) ++m[std::string(1, c)]; return "
       "int(m.size()); }"},
  };
  return closures;
}

std::string CorpusProgram::text() const {
  std::string text = prelude;
  text.replace(text.find("OFFSET"), 6, offset);
  text += before;
  text += "void " + enclosing + "(int a, int b, double x, std::string who) {\n";
  text += "  struct There { int v; } here{a}; (void)here;\n";
  text += "  (void)a; (void)b; (void)x; (void)who; (void)unhide; (void)blanks;\n";
  for (const CorpusClosure& closure : closures)
    text += "  /*" + closure.name + "*/ ship(" + closure.lambda + ");\n";
  return text + "}\n";
}

} // namespace roam::plugin::testing
