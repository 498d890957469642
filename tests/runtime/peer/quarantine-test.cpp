// What ends workers is suspected, then refused, until it is released or others have taken its
// place.
#include "runtime/peer/quarantine.h"
#include <gtest/gtest.h>
#include <string>

namespace roam::peer {
namespace {

Digest named(const std::string& text) {
  return Digest::of(text);
}

struct Heard final : QuarantineEvents {
  void onEnd(const Digest& digest, kj::StringPtr how) override {
    ends.push_back(digest.toString() + " " + how.cStr());
  }
  void onQuarantined(const Digest& digest, kj::StringPtr reason) override {
    quarantined.push_back(digest.toString() + " " + reason.cStr());
  }
  std::vector<std::string> ends, quarantined;
};

class QuarantineTest : public testing::Test {
 protected:
  QuarantineTest() { quarantine.tell(&heard); }
  ~QuarantineTest() noexcept override {} // KJ's may throw, gtest's don't
  void endThree(const Digest& digest) {
    for (int i = 0; i < 3; ++i)
      quarantine.onWorkerEnded(digest, "was killed");
  }
  bool isRefused(const Digest& digest) const { return quarantine.isRefused(digest) != nullptr; }

  kj::TimerImpl timer{kj::origin<kj::TimePoint>()};
  Heard heard;
  Quarantine quarantine{timer};
  const Digest a = named("a"), b = named("b");
};

TEST_F(QuarantineTest, TheThirdEndRefusesWithTheReason) {
  quarantine.onWorkerEnded(a, "was killed");
  quarantine.onWorkerEnded(a, "was killed");
  EXPECT_FALSE(isRefused(a));
  quarantine.onWorkerEnded(a, "ended with exit status 3");
  KJ_IF_MAYBE (reason, quarantine.isRefused(a))
    EXPECT_STREQ(reason->cStr(), "it ended 3 workers; the last ended with exit status 3");
  else
    ADD_FAILURE() << "it is not refused";
  EXPECT_FALSE(isRefused(b));
  EXPECT_EQ(heard.ends.size(), 3u);
  EXPECT_EQ(heard.quarantined,
            std::vector<std::string>{a.toString() +
                                     " it ended 3 workers; the last ended with exit status 3"});
}

TEST_F(QuarantineTest, WhatHasEndedAWorkerRunsInAsManyAsItMayStillEnd) {
  EXPECT_EQ(quarantine.workersFor(a), limits::workers);
  quarantine.onWorkerEnded(a, "was killed");
  EXPECT_EQ(quarantine.workersFor(a), 2u);
  quarantine.onWorkerEnded(a, "was killed");
  EXPECT_EQ(quarantine.workersFor(a), 1u);
  EXPECT_EQ(quarantine.workersFor(b), limits::workers);
}

TEST_F(QuarantineTest, EndsLongAgoDoNotCount) {
  quarantine.onWorkerEnded(a, "was killed");
  quarantine.onWorkerEnded(a, "was killed");
  timer.advanceTo(timer.now() + limits::endsRemembered + 1 * kj::SECONDS);
  EXPECT_EQ(quarantine.workersFor(a), limits::workers);
  quarantine.onWorkerEnded(a, "was killed");
  EXPECT_FALSE(isRefused(a));
}

TEST_F(QuarantineTest, WhatIsReleasedBeginsAnew) {
  EXPECT_FALSE(quarantine.release(a));
  endThree(a);
  EXPECT_TRUE(quarantine.release(a));
  EXPECT_FALSE(isRefused(a));
  EXPECT_EQ(quarantine.workersFor(a), limits::workers);
}

TEST_F(QuarantineTest, WhatOthersAddIsRefusedAndNotToldOf) {
  quarantine.add(a, "it ended 3 workers elsewhere");
  EXPECT_TRUE(isRefused(a));
  EXPECT_EQ(quarantine.digests(), std::vector<Digest>{a});
  endThree(a); // which were running
  EXPECT_TRUE(heard.quarantined.empty());
}

TEST_F(QuarantineTest, HoldsNoMoreThanItsLimitAndForgetsTheOldest) {
  for (std::size_t i = 0; i <= limits::quarantined; ++i)
    quarantine.add(named(std::to_string(i)), "why");
  EXPECT_EQ(quarantine.digests().size(), limits::quarantined);
  EXPECT_FALSE(isRefused(named("0")));
  EXPECT_TRUE(isRefused(named("1")));
}

} // namespace
} // namespace roam::peer
