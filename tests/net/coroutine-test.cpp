// Coroutines over KJ's promises: order, failures, and what dropping one destroys.
#include "net/coroutine.h"
#include <gtest/gtest.h>
#include <kj/async-io.h>
#include <stdexcept>
#include <string>
#include <vector>

namespace roam::net {
namespace {

class CoroutineTest : public testing::Test {
 public:
  ~CoroutineTest() noexcept override {}

 protected:
  kj::AsyncIoContext io = kj::setupAsyncIo();
};

kj::Promise<int> sum(kj::Promise<int> a, kj::Promise<int> b) {
  int first = co_await kj::mv(a);
  co_return first + co_await kj::mv(b);
}

kj::Promise<void> fails() {
  co_await kj::evalLater([] {});
  throw std::runtime_error("the standard library's words");
}

kj::Promise<std::string> catches() {
  try {
    co_await fails();
  } catch (const kj::Exception& exception) {
    co_return std::string(exception.getDescription().cStr());
  }
  co_return std::string();
}

kj::Promise<int> depth(int levels) {
  if (levels == 0)
    co_return 0;
  co_return 1 + co_await depth(levels - 1);
}

struct Mark {
  std::vector<std::string>& log;
  ~Mark() { log.push_back("destroyed"); }
};

kj::Promise<void> waitsForEver(std::vector<std::string>& log) {
  Mark mark{log};
  kj::Promise<void> never = kj::NEVER_DONE;
  co_await kj::mv(never);
}

TEST_F(CoroutineTest, AwaitsPromisesOneAfterAnother) {
  EXPECT_EQ(sum(kj::evalLater([] { return 40; }), kj::Promise<int>(2)).wait(io.waitScope), 42);
}

TEST_F(CoroutineTest, AnExceptionOfTheStandardLibraryIsAFailureWithItsWords) {
  EXPECT_NE(catches().wait(io.waitScope).find("the standard library's words"), std::string::npos);
}

TEST_F(CoroutineTest, DroppingThePromiseDestroysWhatTheCoroutineHolds) {
  std::vector<std::string> log;
  {
    kj::Promise<void> promise = waitsForEver(log).eagerlyEvaluate(nullptr);
    kj::evalLater([] {}).wait(io.waitScope);
    EXPECT_TRUE(log.empty());
  }
  EXPECT_EQ(log.size(), 1u);
}

TEST_F(CoroutineTest, ThousandsMayWaitForEachOther) {
  EXPECT_EQ(depth(5000).wait(io.waitScope), 5000);
}

} // namespace
} // namespace roam::net
