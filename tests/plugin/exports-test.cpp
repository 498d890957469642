// Function slices: which definitions of a file get one, what changes it, and what is said of those
// that can't travel.
#include "tests/plugin/workspace.h"
#include <algorithm>
#include <gtest/gtest.h>
#include <set>

namespace roam::plugin::testing {
namespace {

using Functions = std::map<std::string, ManifestEntry>; // by mangled name

/// The function slices of one file of ordinary code. The slices themselves are gone.
Functions compile(const std::string& source, const std::string& flags = "-O2",
                  const std::string& file = "prices.cpp") {
  Workspace workspace;
  workspace.write(file, source);
  Ran ran = workspace.clang(flags + " -w -c '" + file + "' -o object.o");
  EXPECT_TRUE(ran.ok()) << ran.output;
  Functions functions;
  if (!ran.ok())
    return functions;
  std::string object = workspace.read("object.o");
  for (ManifestEntry& function : readFunctions(object)) {
    bool isNew = functions.emplace(function.description.symbol, function).second;
    EXPECT_TRUE(isNew) << function.description.symbol << " twice";
  }
  return functions;
}

std::set<std::string> namesOf(const Functions& functions) {
  std::set<std::string> names;
  for (auto& [name, function] : functions)
    names.insert(name);
  return names;
}

std::set<std::string> changed(const Functions& before, const Functions& after) {
  std::set<std::string> names;
  for (auto& [name, function] : before)
    if (auto found = after.find(name);
        found == after.end() || found->second.digest != function.digest)
      names.insert(name);
  return names;
}

/// `before`, `constant` and `type` vary.
std::string prices(const std::string& before = "", const std::string& constant = "5",
                   const std::string& type = "double") {
  return before + R"(
#include <map>
#include <stdexcept>
#include <string>
#include <vector>
extern "C" double rateOf(const char* country);
namespace { struct Missing { int code; }; double scaled(double x) { return x * )" +
         constant + R"(; } }
extern const int table[3];
const int table[3] = {1, 2, 3};
struct Shape { virtual ~Shape(); virtual double area() const; virtual int corners() const { return 4; } };
Shape::~Shape() {}
double Shape::area() const { return table[1]; }
struct Account { Account(int); ~Account(); std::string owner; };
Account::Account(int n) : owner(n, 'x') {}
Account::~Account() {}
double price(double x) { return scaled(x) + rateOf("de"); }
int words(const std::vector<std::string>& all) {
  std::map<std::string, int> m;
  for (auto& w : all) ++m[w];
  return m.size();
}
int guarded(int x) { try { if (x < 0) throw Missing{x}; return x; } catch (Missing& m) { return m.code; } }
bool odd(unsigned n);
bool even(unsigned n) { return n == 0 || odd(n - 1); }
bool odd(unsigned n) { return n != 0 && even(n - 1); }
long factorial(long n) { return n < 2 ? 1 : n * factorial(n - 1); }
template <class T> T twice(T x) { return x + x; }
template )" +
         type + R"( twice()" + type + R"();
)";
}

const Functions& reference() {
  static const Functions functions = compile(prices());
  return functions;
}

TEST(FunctionSlices, AreMadeOfWhatOtherFilesCanCall) {
  std::set<std::string> expected{"table",           "_ZN5ShapeD0Ev",     "_ZN5ShapeD1Ev",
                                 "_ZN5ShapeD2Ev",   "_ZNK5Shape4areaEv", "_ZTV5Shape",
                                 "_ZTI5Shape",      "_ZN7AccountC1Ei",   "_ZN7AccountC2Ei",
                                 "_ZN7AccountD1Ev", "_ZN7AccountD2Ev",   "_Z5priced",
                                 "_Z7guardedi",     "_Z4evenj",          "_Z3oddj",
                                 "_Z9factoriall",   "_Z5twiceIdET_S0_"};
  std::set<std::string> names = namesOf(reference());
  std::erase_if(names, [](auto& name) { return name.starts_with("_Z5wordsR"); });
  EXPECT_EQ(names, expected);
  EXPECT_EQ(reference().size(), expected.size() + 1);
}

TEST(FunctionSlices, SayWhereTheyComeFromAndWhatTheyNeed) {
  const ManifestEntry& price = reference().at("_Z5priced");
  EXPECT_EQ(price.description.file, "prices.cpp");
  EXPECT_EQ(price.description.line, 16u);
  EXPECT_EQ(price.needs, std::vector<std::string>{"rateOf"});
  EXPECT_EQ(reference().at("_Z9factoriall").needs, std::vector<std::string>{});
  EXPECT_EQ(reference().at("_Z4evenj").needs, std::vector<std::string>{"_Z3oddj"});
  EXPECT_EQ(reference().at("_ZNK5Shape4areaEv").needs, std::vector<std::string>{}); // was folded
  auto& needs = reference().at("_ZTV5Shape").needs;
  for (const char* name : {"_ZTI5Shape", "_ZN5ShapeD0Ev", "_ZNK5Shape4areaEv"})
    EXPECT_NE(std::ranges::find(needs, name), needs.end()) << name;
}

TEST(FunctionSlices, AreTheSameHoweverTheyAreCompiled) {
  for (const char* flags : {"-O0", "-O0 -g", "-O3 -fPIC -fvisibility=hidden", "-Os"})
    EXPECT_EQ(changed(reference(), compile(prices(), flags)), std::set<std::string>{}) << flags;
  EXPECT_EQ(changed(reference(), compile(prices(), "-O2", "a folder/other.cc")),
            std::set<std::string>{});
}

TEST(FunctionSlices, AreTheSameBesideOtherCode) {
  std::string before = R"(
#include <cstdio>
#include <functional>
#include <set>
namespace { struct Other { virtual int f() { return 1; } int a; }; }
int unrelated(int x) {
  static std::set<int> s;
  s.insert(x);
  auto l = [&] { return s.size(); };
  Other o;
  return l() + o.f();
}
void prints() { std::printf("%d\n", unrelated(3)); struct Missing { int v; }; throw Missing{1}; }
extern const char* const words2[]; const char* const words2[] = {"a", "b"};
)";
  EXPECT_EQ(changed(reference(), compile(prices(before))), std::set<std::string>{});
}

TEST(FunctionSlices, ChangeWithTheirOwnCodeOnly) {
  EXPECT_EQ(changed(reference(), compile(prices("", "6"))), std::set<std::string>{"_Z5priced"});
}

TEST(FunctionSlices, ThatCannotTravelAreNoErrorAndSayWhy) {
  Functions functions = compile(R"(#include <cstdlib>
namespace app { int counter; extern thread_local int perThread; }
static const char* const home = std::getenv("HOME");
int bump() { return ++app::counter; }
int deep() { return bump() + 1; }
const char* where() { return home; }
int fine(int x) { static int calls; return x + ++calls; }
int elsewhere() { return app::perThread; }
__attribute__((weak)) int mayBeReplaced() { return 1; }
__attribute__((target_clones("avx2", "default"))) int cloned(int x) { return x * 3; }
)");
  auto refusal = [&](const char* name) { return functions.at(name).description.refusal; };
  EXPECT_EQ(refusal("_Z4bumpv"), "uses the variable 'app::counter' of this program (prices.cpp:2)");
  EXPECT_EQ(functions.at("_Z4bumpv").slice.size(), 0u);
  EXPECT_EQ(refusal("_Z4deepv"), refusal("_Z4bumpv")) << "it was inlined";
  EXPECT_EQ(refusal("_Z5wherev"), "") << "its initialiser travels";
  EXPECT_EQ(refusal("_Z4finei"), "");
  EXPECT_NE(refusal("_Z9elsewherev").find("app::perThread"), std::string::npos);
  EXPECT_NE(refusal("_Z13mayBeReplacedv").find("weak"), std::string::npos);
  EXPECT_NE(refusal("_Z6clonedi").find("several CPUs"), std::string::npos);
}

TEST(FunctionSlices, LeaveOutWhatProgramsReplaceForThemselves) {
  Functions functions = compile(R"(#include <cstdlib>
#include <new>
void* operator new(std::size_t size) { if (void* p = std::malloc(size)) return p; throw std::bad_alloc(); }
void operator delete(void* p) noexcept { std::free(p); }
extern "C" void abort() { for (;;); }
int kept() { return 1; }
int main() { return kept(); }
)");
  EXPECT_EQ(namesOf(functions), std::set<std::string>{"_Z4keptv"});
}

TEST(FunctionSlices, CanBeSwitchedOff) {
  EXPECT_EQ(compile(prices(), "-fplugin-arg-roam-exports=none").size(), 0u);
}

TEST(FunctionSlices, DoNotChangeTheClosuresOfTheirFile) {
  std::string source = R"(#include "ship.h"
struct Shape { virtual ~Shape(); virtual double area() const; };
Shape::~Shape() {}
double Shape::area() const { return 2; }
int stepped(int x) { return x < 3 ? x : stepped(x - 1) + 1; }
extern const int table[2]; const int table[2] = {4, 5};
const roam::EntryRecord* one(int a) {
  return ship([a] { Shape s; const Shape& r = s; return stepped(a) + table[a % 2] + r.area(); });
}
)";
  std::set<Digest> digests;
  for (const char* flags : {"-O2", "-O2 -fplugin-arg-roam-exports=none"}) {
    Workspace workspace;
    workspace.write("program.cpp", source);
    ASSERT_TRUE(workspace.clang(std::string(flags) + " -c program.cpp -o object.o").ok());
    std::string object = workspace.read("object.o");
    auto entries = readManifest(object);
    ASSERT_EQ(entries.size(), 1u);
    digests.insert(entries[0].digest);
    auto& needs = entries[0].needs;
    EXPECT_EQ(std::ranges::count(needs, "_Z7steppedi"), 0) << "what is here is inside";
  }
  EXPECT_EQ(digests.size(), 1u);
}

TEST(FunctionSlices, OfStaticLibrariesAreLinkedThoughOnlyALambdaCallsThem) {
  Workspace workspace;
  workspace.write("library.cpp", "long inLibrary(long x) { return x + 1; }\n");
  workspace.write("program.cpp", R"(#include "ship.h"
long inLibrary(long);
int main() { long a = 1; return ship([a] { return inLibrary(a); }) == nullptr; }
)");
  ASSERT_TRUE(workspace.clang("-O2 -c library.cpp -o library.o").ok());
  ASSERT_TRUE(workspace.clang("-O2 -c program.cpp -o program.o").ok());
  ASSERT_TRUE(workspace.run("ar rc library.a library.o").ok());
  for (const char* flags : {"", "-fuse-ld=" ROAM_TEST_LLD " -Wl,--gc-sections -s"}) {
    Ran linked =
        workspace.clangWithoutPlugin(std::string(flags) + " program.o library.a -o program");
    ASSERT_TRUE(linked.ok()) << linked.output;
    std::string program = workspace.read("program");
    auto functions = readFunctions(program);
    ASSERT_EQ(functions.size(), 1u) << flags;
    EXPECT_EQ(functions[0].description.symbol, "_Z9inLibraryl");
  }
}

// --- functions that pointers may point to
// ----------------------------------------------------------

/// Sends a pointer to a function; `more` is said in the same function.
std::string sendsPointer(const std::string& more = "", const std::string& factor = "3") {
  return R"(
#include "ship.h"
static int hidden(int x) { return )" +
         factor + R"( * x; }
inline int shown(int x) { return hidden(x) + 1; }
static int never(int x) { return x; }
static long other(long x) { return x; }
int elsewhere(int x);
static int called(int x) { return x + hidden(x); }
const void* use(int n) {
  int (*f)(int) = n ? &hidden : n > 1 ? &shown : &elsewhere;
  )" + more +
         R"(
  return called(never(n)) ? ship([f] { return f(1); }) : nullptr;
}
)";
}

std::set<std::string> shipped(const Functions& functions) {
  std::set<std::string> names;
  for (const std::string& name : namesOf(functions))
    names.insert(name.substr(0, name.find('.')));
  return names;
}

TEST(FunctionsPointedTo, HaveSlicesThoughOtherFilesCannotNameThem) {
  EXPECT_EQ(shipped(compile(sendsPointer())),
            (std::set<std::string>{"_ZL6hiddeni", "_Z5showni", "_Z3usei"}));
}

TEST(FunctionsPointedTo, AreOnlyThoseOfTheTypesThatAreSent) {
  auto more = shipped(compile(sendsPointer("long (*g)(long) = &other; n += g(n) > 0;")));
  EXPECT_EQ(more.count("_ZL5otherl"), 0u);
}

TEST(FunctionsPointedTo, AreNamedByTheirDigests) {
  auto before = compile(sendsPointer()), after = compile(sendsPointer("", "4"));
  auto hidden = [](const Functions& functions) {
    return functions.lower_bound("_ZL6hiddeni.")->first;
  };
  EXPECT_NE(hidden(before), hidden(after));
  EXPECT_EQ(hidden(before), hidden(compile(sendsPointer("int (*g)(int) = &never; n += g(n);"))));
}

// --- what is behind something that travels ------------------------------------------------------

/// `ship` that also encodes the captures, as a call does.
const std::string sending = R"(
#include "roam/wrapper.h"
#include <functional>
namespace roam {
template <class F> const EntryRecord* ship(const F& f) {
  Buffer out;
  saveClosure(out, f);
  return recordOf<CallShape<F>>();
}
}
using roam::ship;
)";

/// Sends a std::function, an owner of a base class and a function pointer; `more` stands in the
/// same file.
std::string sendsHolders(const std::string& more = "", const std::string& factor = "3") {
  return sending + R"(
#include <memory>
namespace {
struct Shape { virtual ~Shape() = default; virtual int area() const = 0; };
struct Square : Shape { int side = 2; int area() const override { return side * side; } };
}
)" + more +
         R"(
static const void* use(int n) {
  std::function<int(int)> f = [n](int x) { return )" +
         factor + R"( * x + n; };
  std::shared_ptr<Shape> shape = std::make_shared<Square>();
  int (*g)(int) = [](int x) { return x - 1; };
  return ship(/*all*/ [f, shape, g] { return f(1) + shape->area() + g(2); });
}
const void* other = use(1);
)";
}

std::set<std::string> held(const Functions& functions) {
  std::set<std::string> names;
  for (const std::string& name : namesOf(functions))
    if (name.starts_with("roam.held."))
      names.insert(name);
  return names;
}

const std::string moreToHold = R"(
namespace { struct Circle : Shape { int r = 1; int area() const override { return 3 * r * r; } }; }
static int unrelated(std::function<int(int)> f) {
  Circle c;
  int (*g)(int) = [](int x) { return x / 7; };
  return f(c.area()) + g(3);
}
int more = unrelated([](int x) { return x + 9; });
)";

TEST(Held, IsASliceOfItsOwnForEachTypeAndKnownByItsDigest) {
  auto names = held(compile(sendsHolders()));
  EXPECT_EQ(names.size(), 3u);
  EXPECT_EQ(names, held(compile(sendsHolders(), "-O0 -g")));
  EXPECT_EQ(names, held(compile(sendsHolders(), "-O2", "elsewhere.cpp")));
}

TEST(Held, ChangesAloneWithItsCode) {
  auto before = held(compile(sendsHolders())), after = held(compile(sendsHolders("", "4")));
  std::vector<std::string> same;
  std::ranges::set_intersection(before, after, std::back_inserter(same));
  EXPECT_EQ(same.size(), 2u);
  EXPECT_EQ(after.size(), 3u);
}

TEST(Held, LeavesTheClosureAloneThatSendsIt) {
  auto closure = [](const std::string& source) {
    Workspace workspace;
    workspace.write("holders.cpp", source);
    Ran ran = workspace.clang("-O2 -w -c holders.cpp -o object.o");
    EXPECT_TRUE(ran.ok()) << ran.output;
    return digestsByName(workspace.read("object.o"), source).at("all");
  };
  Digest digest = closure(sendsHolders());
  EXPECT_EQ(digest, closure(sendsHolders(moreToHold)));
  EXPECT_EQ(digest, closure(sendsHolders("", "4")));
  auto before = held(compile(sendsHolders())), more = held(compile(sendsHolders(moreToHold)));
  EXPECT_TRUE(std::ranges::includes(more, before));
  EXPECT_EQ(more.size(), 6u);
}

TEST(Held, IsNotMadeOfWhatIsNotSent) {
  EXPECT_TRUE(held(compile(sending + R"(
#include <regex>
static int call(std::function<int(int)> f) { return f(1); }
int used = call([](int x) { return x; });
const void* sent = ship([n = used] { return std::regex_match("a", std::regex("a")) + n; });
)"))
                  .empty());
}

} // namespace
} // namespace roam::plugin::testing
