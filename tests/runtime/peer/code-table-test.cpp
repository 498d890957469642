// What a peer knows of code, and what it forgets first.
#include "net/limits.h"
#include "runtime/peer/code-table.h"
#include <gtest/gtest.h>
#include <string>

namespace roam::peer {
namespace {

Digest nth(int i) {
  return Digest::of(std::to_string(i));
}

void hold(CodeTable& table, int i, std::size_t bytes) {
  table.hold(nth(i), net::Rung::compiled, kj::heapArray<const kj::byte>(bytes), {});
}

TEST(CodeTable, ForgetsWhatWasNotUsedForLongest) {
  CodeTable table(3 * (1000 + limits::codeKnown));
  for (int i = 0; i < 3; ++i)
    hold(table, i, 1000);
  EXPECT_EQ(table.at(nth(0)).state, Code::State::object); // and was used now
  hold(table, 3, 1000);
  EXPECT_EQ(table.find(nth(1)), nullptr);
  for (int i : {0, 2, 3})
    EXPECT_NE(table.find(nth(i)), nullptr) << i;
}

TEST(CodeTable, CountsAlsoWhatIsKnownWithoutAnObject) {
  CodeTable table(100 * limits::codeKnown);
  for (int i = 0; i < 1000; ++i)
    table.refuse(nth(i), "why");
  EXPECT_EQ(table.find(nth(899)), nullptr);
  EXPECT_NE(table.find(nth(900)), nullptr);
}

TEST(CodeTable, ForgetsNothingThatIsComing) {
  CodeTable table(10 * limits::codeKnown);
  table.at(nth(0)).state = Code::State::coming;
  for (int i = 1; i < 100; ++i)
    hold(table, i, 1000);
  ASSERT_NE(table.find(nth(0)), nullptr);
  EXPECT_EQ(table.find(nth(0))->state, Code::State::coming);
}

TEST(CodeTable, KeepsWhatIsUsedNowThoughItIsAlone) {
  CodeTable table(1000);
  hold(table, 1, 5000);
  EXPECT_EQ(table.find(nth(1))->state, Code::State::object);
  hold(table, 2, 5000);
  EXPECT_EQ(table.find(nth(1)), nullptr);
  EXPECT_EQ(table.find(nth(2))->object.size(), 5000u);
}

} // namespace
} // namespace roam::peer
