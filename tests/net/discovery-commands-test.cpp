// Finding peers by the DNS and by commands.
#include "net/coroutine.h"
#include "net/discovery/shell-command.h"
#include "net/limits.h"
#include "tests/net/discovery.h"
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

using namespace roam;
using namespace roam::test;

namespace {

class DiscoveryCommand : public ::testing::Test {
 protected:
  ~DiscoveryCommand() noexcept override {}
  net::CommandEnd run(std::string command, kj::Duration time = 20 * kj::SECONDS) {
    return net::runCommand(io, std::move(command), time).wait(io.waitScope);
  }
  /// What is told of the first round.
  std::string toldOf(const std::string& command) {
    Looking looking(io, "exec:" + command);
    looking->firstRound().wait(io.waitScope);
    found = looking.found;
    EXPECT_LE(looking.log.all.size(), 1u);
    return looking.log.all.empty() ? "" : looking.log.all.front();
  }

  Folder folder;
  kj::AsyncIoContext io = kj::setupAsyncIo();
  std::vector<std::string> found;
};

using Addresses = std::vector<std::string>;

} // namespace

TEST_F(DiscoveryCommand, EachLineItPrintsIsAnAddress) {
  EXPECT_EQ(toldOf("echo '127.0.0.1:1 '; echo; printf ' localhost:2\\r\\nunix:/a b'"), "");
  EXPECT_EQ(found, (Addresses{"127.0.0.1:1", "127.0.0.1:2", "unix:/a b"}));
}

TEST_F(DiscoveryCommand, ALineThatIsNoAddressIsToldWithItsNumber) {
  std::string told = toldOf("echo 127.0.0.1:1; echo 'usage: peers [-v]'; echo 10.0.0.5:7070");
  EXPECT_TRUE(contains(told.c_str(), "line 2 of what it prints is left out: 'usage: peers [-v]'"));
  EXPECT_EQ(found, (Addresses{"127.0.0.1:1"}));
}

TEST_F(DiscoveryCommand, AFailureIsToldWithWhatItSaid) {
  std::string told = toldOf("echo 127.0.0.1:1; echo no credentials >&2; exit 7");
  EXPECT_TRUE(contains(told.c_str(), "the command ended with exit code 7: no credentials"));
  EXPECT_TRUE(contains(toldOf("kill -TERM $$").c_str(), "ended by a signal: Terminated"));
  EXPECT_TRUE(contains(toldOf("/no/such/program").c_str(), "exit code 127"));
}

TEST_F(DiscoveryCommand, SilenceIsTold) {
  EXPECT_TRUE(contains(toldOf("true").c_str(), "the command printed no address"));
}

TEST_F(DiscoveryCommand, ControlCharactersDoNotReachTheLog) {
  std::string told = toldOf("printf '\\033[2Jx\\n'");
  EXPECT_EQ(told.find('\x1b'), std::string::npos);
  EXPECT_TRUE(contains(told.c_str(), "\\x1b[2Jx"));
}

TEST_F(DiscoveryCommand, EndlessOutputIsCutAndItsProcessesAreKilled) {
  net::CommandEnd end = run("yes & echo $! > " + folder.file("process") + "; wait");
  EXPECT_TRUE(contains(end.failure.c_str(), "prints more than"));
  EXPECT_EQ(end.output.size(), limits::commandOutputBytes);
  pid_t process = std::stoi(folder.text("process"));
  await(io, "it is gone", [&] { return kill(process, 0) != 0; });
}

TEST_F(DiscoveryCommand, OneThatHangsIsKilledWithAllItStarted) {
  net::CommandEnd end =
      run("echo 127.0.0.1:1; sleep 1000 & echo $! > " + folder.file("process") + "; wait",
          500 * kj::MILLISECONDS);
  EXPECT_TRUE(contains(end.failure.c_str(), "has not ended after"));
  EXPECT_EQ(end.output, "127.0.0.1:1\n");
  pid_t process = std::stoi(folder.text("process"));
  await(io, "it is gone", [&] { return kill(process, 0) != 0; });
}

TEST_F(DiscoveryCommand, TheFirstRoundGoesOnWithoutOneThatHangs) {
  Looking looking(io, "127.0.0.1:1,exec:sleep 1000");
  looking->firstRound().wait(io.waitScope);
  EXPECT_EQ(looking.found, (Addresses{"127.0.0.1:1"}));
  EXPECT_EQ(looking.lines("there is no answer yet"), 1u);
}

TEST_F(DiscoveryCommand, WhatRunsEndsWithTheDiscovery) {
  {
    Looking looking(io, "exec:echo $$ > " + folder.file("process") + "; sleep 1000");
    await(io, "it runs", [&] { return folder.text("process").ends_with('\n'); });
  }
  EXPECT_NE(kill(std::stoi(folder.text("process")), 0), 0);
}

TEST_F(DiscoveryCommand, ItHasNoInputAndNoDescriptorsOfOurs) {
  int ours = open("/dev/null", O_RDONLY); // without O_CLOEXEC
  net::CommandEnd end = run("cat; ls /proc/self/fd | wc -l");
  close(ours);
  EXPECT_EQ(end.output, "4\n"); // 0, 1, 2, and the folder that is listed
}

TEST_F(DiscoveryCommand, MuchOnItsStandardErrorDoesNotStopIt) {
  net::CommandEnd end = run("head -c 1000000 /dev/zero >&2; echo 127.0.0.1:1");
  EXPECT_EQ(end.failure, "");
  EXPECT_EQ(end.output, "127.0.0.1:1\n");
}

TEST(DiscoveryName, AllAddressesOfANameAreFound) {
  auto io = kj::setupAsyncIo();
  Looking looking(io, "dns:localhost:4711");
  looking->firstRound().wait(io.waitScope);
  EXPECT_EQ(looking.times("127.0.0.1:4711"), 1u);
  EXPECT_TRUE(looking.log.all.empty());
}

TEST(DiscoveryName, ANameThatDoesNotExistIsTold) {
  auto io = kj::setupAsyncIo();
  Looking looking(io, "dns:a..b:1");
  await(io, "that is told", [&] { return looking.lines("can't be looked up") == 1; });
  EXPECT_TRUE(looking.found.empty());
}

TEST(DiscoveryName, AddressesThatMayNotBeReachedYetAreToldWithTheReason) {
  auto io = kj::setupAsyncIo();
  Looking looking(io, "dns:192.0.2.1:7070"); // a number is its own name
  looking->firstRound().wait(io.waitScope);
  EXPECT_TRUE(looking.found.empty());
  EXPECT_EQ(looking.lines("'192.0.2.1:7070' is not an address of this machine"), 1u);
}
