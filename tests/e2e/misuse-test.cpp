// What programs do wrong, or do that is unusual: an answer in words, never a hang.
#include "tests/e2e/shared-peers.h"
#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

namespace roam::e2e {
namespace {

class Misuse : public SharedPeers {};

/// Encodes itself with the help of the cluster, which is what encoding runs on.
struct Recursive {
  Cluster* cluster = nullptr;
  int value = 0;

  template <class Ar>
  void serialize(Ar& ar) {
    if constexpr (std::is_same_v<Ar, Saver>)
      if (cluster != nullptr)
        cluster->async([] { return 1; }).get();
    ar(value);
  }
};

TEST_F(Misuse, ACallFromASerializeMemberFailsInsteadOfWaitingForItself) {
  std::vector<Recursive> input(3);
  input[1].cluster = &cluster();
  try {
    cluster().map(input, [](const Recursive& x) { return x.value; });
    FAIL() << "it cannot be answered";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("loop thread"), std::string::npos) << error.what();
  }
  EXPECT_EQ(cluster().async([] { return 2; }).get(), 2) << "the cluster goes on";
}

TEST_F(Misuse, AClosureThatCallsAClusterItselfIsRefusedInWords) {
  try {
    cluster().map(std::vector{1, 2}, [](int x) {
      Cluster inner = connect();
      return inner.async([x] { return x; }).get();
    });
    FAIL() << "code on a peer holds no records of its own";
  } catch (const Refused& refused) {
    EXPECT_NE(std::string(refused.what()).find("calls a cluster itself"), std::string::npos)
        << refused.what();
  }
}

struct Unencodable {
  int value = 0;
  template <class Ar>
  void serialize(Ar&) {
    throw std::length_error("mine");
  }
};

TEST_F(Misuse, WhatASerializeMemberThrowsComesBackAsItIs) {
  std::vector<Unencodable> input(5);
  try {
    cluster().map(input, [](const Unencodable& x) { return x.value; });
    FAIL() << "it throws";
  } catch (const std::length_error& error) {
    EXPECT_STREQ(error.what(), "mine");
  }
}

TEST_F(Misuse, AFutureGivesItsResultOnce) {
  Future<int> number = cluster().async([] { return 3; });
  EXPECT_EQ(number.get(), 3);
  EXPECT_THROW(number.get(), Error);
  Future<void> nothing = cluster().async([] {});
  nothing.get();
  EXPECT_THROW(nothing.get(), Error);
}

TEST_F(Misuse, AFutureThatWasMovedFromSaysSo) {
  Future<int> number = cluster().async([] { return 3; });
  Future<int> moved = std::move(number);
  EXPECT_THROW(number.get(), Error);
  EXPECT_EQ(moved.get(), 3);
}

TEST_F(Misuse, AForkedProcessIsToldToConnectAgainAndEndsByItself) {
  pid_t child = fork();
  if (child == 0) {
    int code = 1;
    try {
      Cluster ours = std::move(cluster());
      ours.async([] { return 1; }).get();
    } catch (const Error& error) {
      code = std::string(error.what()).find("fork") != std::string::npos ? 0 : 2;
    }
    _exit(code);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child); // the test's own alarm bounds this
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_EQ(cluster().async([] { return 4; }).get(), 4) << "the parent's cluster goes on";
}

TEST_F(Misuse, ConnectingLeavesSignalsAsTheyAre) {
  std::signal(SIGPIPE, SIG_DFL);
  Cluster another = roam::connect(peers().addresses());
  EXPECT_EQ(std::signal(SIGPIPE, SIG_IGN), SIG_DFL);
}

TEST_F(Misuse, APrivateClusterStartsInAProgramWithoutStandardInput) {
  int kept = dup(STDIN_FILENO);
  close(STDIN_FILENO);
  EXPECT_EQ(roam::connect().async([] { return 5; }).get(), 5);
  dup2(kept, STDIN_FILENO);
  close(kept);
}

} // namespace
} // namespace roam::e2e
