// std::expected, which only C++23 has.
#include "roam/archive.h"
#include "roam/buffer.h"
#include <expected>
#include <gtest/gtest.h>
#include <string>

extern "C" const void* roamTarget(unsigned) noexcept {
  return nullptr;
}

namespace {

template <class T>
T again(const T& x) {
  roam::Buffer out;
  roam::save(out, x);
  roam::Reader in{out.data, out.size};
  T y = roam::load<T>(in);
  EXPECT_TRUE(in.finished());
  return y;
}

TEST(Expected, ValuesAndErrorsTravel) {
  using Number = std::expected<int, std::string>;
  EXPECT_EQ(again(Number(7)), Number(7));
  EXPECT_EQ(again(Number(std::unexpected("none"))), Number(std::unexpected("none")));
  using Done = std::expected<void, int>;
  EXPECT_TRUE(again(Done()).has_value());
  EXPECT_EQ(again(Done(std::unexpected(3))).error(), 3);
}

} // namespace
