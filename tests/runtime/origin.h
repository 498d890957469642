// A whole cluster in one thread: an origin and two peers over a network in memory, on a clock that
// the test moves.
#pragma once
#include "runtime/origin.h"
#include "tests/net/peers.h"
#include "tests/support/manual-clock.h"
#include "tests/support/memory-network.h"
#include <gtest/gtest.h>
#include <kj/async-io.h>

namespace roam::test {

/// Collects the results of one job and notices what would be a lost or a doubled element.
class Collected final : public JobListener {
 public:
  explicit Collected(std::uint64_t count) : numbers(count), seen(count) {}

  bool wantsMore() override { return wanting; }
  void completed(ElementRange range, kj::Array<const kj::byte> results, bool last) override {
    EXPECT_FALSE(lastCame) << "nothing comes after the last";
    lastCame = last;
    ASSERT_EQ(results.size(), range.count * sizeof(std::int64_t));
    std::memcpy(&numbers[range.first], results.begin(), results.size());
    for (std::uint64_t i = range.first; i < range.end(); ++i)
      EXPECT_EQ(seen[i]++, 0) << "element " << i << " came twice";
  }
  void finished(std::exception_ptr why) override {
    EXPECT_FALSE(over) << "a job ends once";
    EXPECT_TRUE(why || lastCame || seen.empty());
    over = true;
    error = why;
  }

  /// Rethrows what the job ended with.
  void check() const {
    ASSERT_TRUE(over);
    if (error)
      std::rethrow_exception(error);
  }
  bool complete() const { return std::count(seen.begin(), seen.end(), 1) == long(seen.size()); }

  std::vector<std::int64_t> numbers;
  std::vector<char> seen;
  bool over = false, lastCame = false, wanting = true;
  std::exception_ptr error;
};

/// The formula "3 7" over 0, 1, 2, ...: x * 3 + 7.
inline const std::string formula = "3 7";

inline JobSpec specOver(std::uint64_t count) {
  JobSpec spec;
  spec.entry = Digest::of(std::string_view(formula));
  spec.code.slice = bytesOf(formula);
  spec.captures = std::make_shared<const kj::Array<const kj::byte>>();
  spec.count = count;
  spec.encode = [](ElementRange range, Output& out) {
    for (std::uint64_t i = range.first; i < range.end(); ++i)
      out.write(&i, sizeof i);
  };
  return spec;
}

class OriginTest : public testing::Test {
 protected:
  static constexpr const char* addresses[2] = {"127.0.0.1:1", "127.0.0.1:2"};

  OriginTest() {
    ObjectTarget target;
    target.triple = "x86_64-pc-linux-gnu";
    target.llvm = "19.1.7";
    for (int i = 0; i < 2; ++i) {
      auto receiver = net::listen(network, addresses[i]).wait(loop);
      hosts[i] =
          std::make_unique<TestHost>(kj::mv(receiver), clock.timer(), "host:" + std::to_string(i));
      target.cpu = "kind-" + std::to_string(i);
      hosts[i]->host.setTarget(target);
      origin.add(net::dial(network, clock.timer(), addresses[i], helloOf("origin")).wait(loop));
    }
  }

  ~OriginTest() noexcept override {} // KJ's destructors may throw, a fixture's may not

  /// Turns the loop until nothing moves any more without the clock.
  void settle() { loop.poll(); }

  kj::EventLoop eventLoop;
  kj::WaitScope loop{eventLoop};
  ManualClock clock;
  MemoryNetwork network{1};
  std::unique_ptr<TestHost> hosts[2];
  Origin origin{clock.timer()};
};

} // namespace roam::test
