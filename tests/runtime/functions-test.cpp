// How the archive carries pointers to functions: by their places in a list.
#include "encoding-check.h"
#include <stdexcept>
#include <string>
#include <utility>

using namespace std::string_literals;
using roam::Reader;

namespace {

/// The functions that the peer has, as slices know them.
const void* targets[2];

int twice(int x) {
  return 2 * x;
}
int half(int x) {
  return x / 2;
}
struct Base {
  int a = 1;
  virtual ~Base() = default;
  virtual int virtualOne() const { return 10; }
  int plainOne() const { return a; }
};
struct Left {
  int l = 2;
  int ofLeft() const { return l; }
};
struct Both : Base, Left {
  int virtualOne() const override { return 20; }
};

/// The encoding, with the functions it points to put where the peer finds them.
template <class T>
std::string encodedWithFunctions(const T& x) {
  roam::FunctionList list;
  roam::Buffer out;
  out.functions = &list;
  roam::save(out, x);
  EXPECT_LE(list.size(), 2u);
  for (std::uint32_t i = 0; i < list.size(); ++i)
    targets[i] = list.begin()[i].address;
  return std::string(out.view());
}
template <class T>
T again(const T& x) {
  std::string bytes = encodedWithFunctions(x);
  Reader in{bytes.data(), bytes.size()};
  T y = roam::load<T>(in);
  EXPECT_TRUE(in.finished());
  return y;
}

} // namespace

extern "C" const void* roamTarget(unsigned index) noexcept {
  return index < 2 ? targets[index] : nullptr;
}

namespace {

TEST(FunctionPointers, AreEncodedByTheirPlaces) {
  EXPECT_EQ(encodedWithFunctions(std::pair(&twice, std::pair(&half, &twice))),
            "\1\0\0\0\2\0\0\0\1\0\0\0"s);
  using Function = int (*)(int);
  EXPECT_EQ(encodedWithFunctions(Function()), "\0\0\0\0"s);
}

TEST(FunctionPointers, ComeBack) {
  auto [first, second] = again(std::pair(&half, &twice));
  EXPECT_EQ(first(8), 4);
  EXPECT_EQ(second(8), 16);
  EXPECT_EQ(again(static_cast<int (*)(int)>(nullptr)), nullptr);
}

TEST(FunctionPointers, ToMembersComeBack) {
  Both both;
  EXPECT_EQ((both.*again(&Base::plainOne))(), 1);
  EXPECT_EQ((both.*again(&Base::virtualOne))(), 20);
  int (Both::*adjusted)() const = &Left::ofLeft;
  EXPECT_EQ((both.*again(adjusted))(), 2);
  EXPECT_EQ(again(static_cast<int (Both::*)() const>(nullptr)), nullptr);
}

TEST(FunctionPointers, TravelInCapturesOnly) {
  roam::Buffer out;
  EXPECT_THROW(roam::save(out, &twice), std::invalid_argument);
}

TEST(FunctionPointers, ThatAreInNoListAreRefused) {
  for (std::string bytes : {"\3\0\0\0"s, "\xff\xff\xff\xff"s, "\1\0"s}) {
    Reader in{bytes.data(), bytes.size()};
    EXPECT_EQ(roam::load<int (*)(int)>(in), nullptr);
    EXPECT_FALSE(in.ok);
  }
  std::string address = "\0\0\0\0"s + "\x10\0\0\0\0\0\0\0"s + std::string(8, '\0');
  Reader in{address.data(), address.size()};
  (void)roam::load<int (Base::*)() const>(in);
  EXPECT_FALSE(in.ok) << "an address from outside is never taken for one of ours";
}

} // namespace
