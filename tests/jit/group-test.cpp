// Slice groups in a session: members are one code, libraries are loaded, targets have addresses.
#include "jit/session.h"
#include "jit/slice/slice-group.h"
#include "slices.h"
#include <gtest/gtest.h>

namespace roam::jit {
namespace {

/// A slice written as LLVM's text.
/// Slices by name, the entry's under "".
struct Group {
  std::vector<std::pair<std::string, std::string>> slices;
  std::vector<SliceGroup::Library> libraries = {};
  std::vector<std::string> targets = {};

  std::string bytes() const {
    SliceGroup group{libraries, {}, targets};
    for (auto& [name, text] : slices)
      group.members.push_back({name, text});
    return group.write();
  }
};

int run(const Group& group) {
  MemorySource source;
  auto session = Session::open(source);
  return reinterpret_cast<int (*)()>(session->entry(source.add(group.bytes())))();
}

std::string complaint(const Group& group) {
  try {
    run(group);
    return {};
  } catch (const BadSlice& error) {
    return error.what();
  }
}

const std::string callsTwice = assembled(R"(
  declare i32 @_Z5twicei(i32)
  define internal i32 @f0(i32 %x) { %y = add i32 %x, 1  ret i32 %y }
  define i32 @roam.root() { %x = call i32 @f0(i32 19) %y = call i32 @_Z5twicei(i32 %x) ret i32 %y })");
const std::string twice = assembled(R"(
  @g1 = internal constant i32 2
  define internal i32 @f0(i32 %x) { %two = load i32, ptr @g1 %y = mul i32 %x, %two ret i32 %y }
  define i32 @roam.root(i32 %x) { %y = call i32 @f0(i32 %x) ret i32 %y })");

TEST(Groups, CallAcrossTheirMembers) {
  EXPECT_EQ(run({{{"", callsTwice}, {"_Z5twicei", twice}}}), 40);
}

TEST(Groups, MayHaveFunctionsThatCallEachOther) {
  auto calls = [](const std::string& other, int end) {
    return assembled(
        "declare i32 @" + other + "(i32)\n" +
        "define i32 @roam.root(i32 %n) { %done = icmp eq i32 %n, 0 "
        "br i1 %done, label %end, label %next next: %m = sub i32 %n, 1 %r = call i32 @" +
        other + "(i32 %m) ret i32 %r end: ret i32 " + std::to_string(end) + " }");
  };
  std::string entry =
      assembled("declare i32 @even(i32)\n"
                "define i32 @roam.root() { %r = call i32 @even(i32 7) ret i32 %r }");
  EXPECT_EQ(run({{{"", entry}, {"even", calls("odd", 10)}, {"odd", calls("even", 20)}}}), 20);
}

TEST(Groups, HaveVariablesAmongTheirMembers) {
  std::string entry = assembled(R"(
    @table = external constant [3 x i32]
    define i32 @roam.root() {
      %third = getelementptr i32, ptr @table, i64 2 %x = load i32, ptr %third ret i32 %x })");
  std::string table = assembled("@roam.root = constant [3 x i32] [i32 5, i32 6, i32 7]");
  EXPECT_EQ(run({{{"", entry}, {"table", table}}}), 7);
}

// "t0" here and "t1" there are both the class Point: were the numbers believed, the store in `set`
// could not change what is loaded after it.
TEST(Groups, DoNotBelieveNumbersOfTypesThatWereGivenToEachMemberAlone) {
  auto types = [](const std::string& number) {
    return "!0 = !{!\"Simple C++ TBAA\"} !1 = !{!\"omnipotent char\", !0, i64 0} "
           "!2 = !{!\"int\", !1, i64 0} !3 = !{!\"" +
           number + "\", !2, i64 0, !2, i64 4} !4 = !{!3, !2, i64 0}";
  };
  Group group{{{"", assembled(R"(
    declare void @set(ptr)
    define i32 @roam.root(ptr %p, ptr %q) {
      store i32 1, ptr %p, !tbaa !4
      call void @set(ptr %q)
      %x = load i32, ptr %p, !tbaa !4
      ret i32 %x } )" + types("t0"))},
               {"set", assembled("define void @roam.root(ptr %p) { store i32 42, ptr %p, !tbaa !4 "
                                 "ret void } " +
                                 types("t1"))}}};
  MemorySource source;
  auto session = Session::open(source);
  auto* entry = reinterpret_cast<int (*)(int*, int*)>(session->entry(source.add(group.bytes())));
  int point[2];
  EXPECT_EQ(entry(point, point), 42);
}

TEST(Groups, GiveTheAddressesOfTheirTargets) {
  std::string entry = assembled(R"(
    declare ptr @roamTarget(i32)
    define i32 @roam.root() {
      %twice = call ptr @roamTarget(i32 1)
      %x = call i32 %twice(i32 4)
      %abs = call ptr @roamTarget(i32 0)
      %y = call i32 %abs(i32 -100)
      %none = call ptr @roamTarget(i32 2)
      %isNone = icmp eq ptr %none, null
      %z = zext i1 %isNone to i32
      %xy = add i32 %x, %y
      %all = add i32 %xy, %z
      ret i32 %all })");
  EXPECT_EQ(run({{{"", entry}, {"_Z5twicei", twice}}, {}, {"abs", "_Z5twicei"}}), 8 + 100 + 1);
}

TEST(Groups, LoadTheirLibrariesAlsoWhenTheObjectIsAlreadyThere) {
  std::string entry = assembled(R"(
    declare i64 @compressBound(i64)
    define i32 @roam.root() {
      %x = call i64 @compressBound(i64 0) %y = trunc i64 %x to i32 ret i32 %y })");
  Group group{{{"", entry}}, {{"libz.so.1", "compressBound"}}};
  int bound = run(group);
  EXPECT_GT(bound, 0);

  MemorySource source;
  Digest digest = source.add(group.bytes());
  Session::open(source)->entry(digest);
  source.giveObject(digest, source.objectOf(digest));
  auto session = Session::open(source);
  EXPECT_EQ(reinterpret_cast<int (*)()>(session->entry(digest))(), bound);
  EXPECT_EQ(source.compilations, 1);
}

TEST(Groups, ThatNeedALibraryWhichIsNotHereSayWhatToInstall) {
  std::string entry = assembled("declare i32 @_Z4drawv()\n"
                                "define i32 @roam.root() { %x = call i32 @_Z4drawv() ret i32 %x }");
  std::string text = complaint({{{"", entry}}, {{"libnothere.so.3", "_Z4drawv"}}});
  for (const char* part : {"needs the library libnothere.so.3 for 'draw()'", "cannot open",
                           "apt-file search libnothere.so.3"})
    EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST(Groups, WithPartsThatDoNotFitAreRefused) {
  std::string noRoot = assembled("define i32 @other() { ret i32 1 }");
  EXPECT_NE(complaint({{{"", callsTwice}, {"_Z5twicei", noRoot}}}).find("_Z5twicei"),
            std::string::npos);
  EXPECT_NE(complaint({{{"", callsTwice}, {"_Z5twicei", "no bitcode"}}}), "");
  EXPECT_NE(complaint({{{"", noRoot}}}), "");
  EXPECT_NE(complaint({{{"", callsTwice}}}).find("twice(int)"), std::string::npos);
  std::string otherMachine = "target datalayout = \"E-p:32:32\"\n";
  EXPECT_NE(complaint({{{"", callsTwice},
                        {"_Z5twicei", assembled(otherMachine +
                                                "define i32 @roam.root(i32 %x) { ret i32 %x }")}}})
                .find("another machine"),
            std::string::npos);
}

TEST(Groups, ThatAreCutShortAreRefused) {
  std::string bytes = Group{{{"", callsTwice}, {"_Z5twicei", twice}}}.bytes();
  MemorySource source;
  auto session = Session::open(source);
  for (std::size_t size : {std::size_t(8), std::size_t(20), bytes.size() - 1})
    EXPECT_THROW(session->entry(source.add(bytes.substr(0, size))), BadSlice) << size;
}

} // namespace
} // namespace roam::jit
