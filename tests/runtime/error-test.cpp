// Roam's exceptions say what failed, and keep it apart for programs that want to know.
#include "roam/error.h"
#include <gtest/gtest.h>

namespace {

TEST(RemoteError, SaysWhatWasThrownWhereAndByWhichCode) {
  std::string digest(64, 'a');
  roam::RemoteError error("app::BadRate", "rate is negative", 12, "host:34", digest);
  EXPECT_STREQ(error.what(),
               "shipped code threw app::BadRate: rate is negative (element 12, on peer "
               "host:34, closure aaaaaaaaaaaaaaaa)");
  EXPECT_EQ(error.typeName(), "app::BadRate");
  EXPECT_EQ(error.message(), "rate is negative");
  EXPECT_EQ(error.element(), 12u);
  EXPECT_EQ(error.peer(), "host:34");
  EXPECT_EQ(error.digest(), digest);
}

TEST(RemoteError, IsReadableForWhatHasNeitherNameNorMessage) {
  roam::RemoteError error("", "", 0, "host:34", "abc");
  EXPECT_STREQ(error.what(),
               "shipped code threw an exception of an unknown type (element 0, on peer "
               "host:34, closure abc)");
}

template <class E>
void expectCaughtAsError() {
  try {
    throw E("why");
  } catch (const roam::Error& error) {
    EXPECT_STREQ(error.what(), "why");
    EXPECT_NE(dynamic_cast<const E*>(&error), nullptr);
  }
}
TEST(Error, IsTheBaseOfAllOthers) {
  expectCaughtAsError<roam::PeerLost>();
  expectCaughtAsError<roam::Timeout>();
  expectCaughtAsError<roam::Refused>();
  expectCaughtAsError<roam::Cancelled>();
  expectCaughtAsError<roam::ConfigurationError>();
}

TEST(WorkerDied, SaysHowWhereAndWhetherAnythingRan) {
  std::string digest(64, 'a');
  roam::WorkerDied error("why", {.signal = 11,
                                 .digest = digest,
                                 .element = 12,
                                 .stack = {"in the lambda at a.cpp:3"},
                                 .mayHaveRun = true});
  const roam::Error& base = error;
  EXPECT_STREQ(base.what(), "why");
  EXPECT_EQ(error.signal(), 11);
  EXPECT_EQ(error.exitStatus(), 0);
  EXPECT_EQ(error.digest(), digest);
  EXPECT_EQ(error.element(), 12u);
  EXPECT_EQ(error.stack(), std::vector<std::string>{"in the lambda at a.cpp:3"});
  EXPECT_TRUE(error.mayHaveRun());
}

} // namespace
