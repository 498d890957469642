#include "net/limits.h"
#include "runtime/running-call.h"
#include <gtest/gtest.h>

namespace roam {
namespace {

constexpr std::size_t quarter = limits::readyBytes / 4;

/// Results of that size, which nobody looks at.
kj::Array<const kj::byte> resultsOf(std::size_t bytes) {
  return kj::Array<const kj::byte>(nullptr, bytes, kj::NullArrayDisposer::instance);
}

TEST(RunningCall, WantsNoMoreUntilACallerWhoIsSlowHasTakenHalf) {
  LoopThread loop([](kj::AsyncIoContext&) {}, [] {});
  auto link = std::make_shared<LoopLink>(loop);
  auto call = std::make_shared<RunningCall>(link);
  detail::CompletedChunk chunk;
  for (std::uint64_t i = 0; i < 5; ++i) {
    EXPECT_TRUE(call->wantsMore());
    call->completed({i, 1}, resultsOf(quarter), false);
  }
  EXPECT_FALSE(call->wantsMore()) << "five quarters are more than the limit";
  ASSERT_TRUE(call->next(chunk));
  ASSERT_TRUE(call->next(chunk));
  call->completed({5, 1}, resultsOf(1), false);
  EXPECT_FALSE(call->wantsMore()) << "what was on its way changes nothing: the job waits";
  ASSERT_TRUE(call->next(chunk));
  EXPECT_FALSE(call->wantsMore());
  ASSERT_TRUE(call->next(chunk));
  EXPECT_TRUE(call->wantsMore()) << "and is told to go on";
  link->cut();
}

} // namespace
} // namespace roam
