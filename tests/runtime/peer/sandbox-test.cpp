// What code in a sandbox reaches, and what not. Each is tried without one first: else a test would
// pass for another reason.
#include "tests/runtime/peer/pool-fixture.h"
#include <arpa/inet.h>
#include <cerrno>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace roam::peer {
namespace {

/// Containers may forbid it.
bool kernelGivesNamespaces() {
  pid_t child = fork();
  if (child == 0)
    _exit(unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET) == 0 ? 0 : 1);
  int status = 1;
  waitpid(child, &status, 0);
  return status == 0;
}

class ListeningSocket {
 public:
  ListeningSocket() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size);
    listen(socket_.get(), 8);
    getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  std::string port() const { return std::to_string(port_); }

 private:
  kj::AutoCloseFd socket_;
  int port_ = 0;
};

class SandboxTest : public PoolTest {
 protected:
  ~SandboxTest() noexcept override {}

  void openWith(Sandbox sandbox) {
    allowance.sandbox = sandbox;
    open(1);
  }
  /// 0, or the error number.
  std::int64_t reach(const std::string& what) {
    net::ChunkOutcome outcome = run(TestSlice::of("reaches"), what, "", 1);
    KJ_IF_MAYBE (failure, outcome.failure) {
      ADD_FAILURE() << what << ": " << failure->message.cStr();
      return -1;
    }
    return decoded<std::int64_t>(outcome.results).at(0);
  }

  std::string secret() {
    std::string path = directory.file("secret");
    std::ofstream(path) << "s";
    return path;
  }
  const std::string supervisor = std::to_string(getpid());
  ListeningSocket listener;
};

TEST_F(SandboxTest, WithoutOneCodeReachesWhatItsUserReaches) {
  openWith(Sandbox::none);
  EXPECT_EQ(reach("read " + secret()), 0);
  EXPECT_EQ(reach("connect " + listener.port()), 0);
  EXPECT_EQ(reach("signal " + supervisor), 0);
  EXPECT_EQ(reach("fork"), 0);
}

TEST_F(SandboxTest, TheFilterRefusesNetworkAndOtherProcesses) {
  openWith(Sandbox::filter);
  EXPECT_EQ(reach("connect " + listener.port()), EPERM);
  EXPECT_EQ(reach("signal " + supervisor), EPERM);
  EXPECT_EQ(reach("signal -1"), EPERM);
  EXPECT_EQ(reach("trace " + supervisor), EPERM);
  EXPECT_EQ(reach("memory " + supervisor), EPERM);
  EXPECT_EQ(reach("leave " + std::to_string(getpgrp())), EPERM);
  EXPECT_EQ(reach("namespace"), EPERM);
  EXPECT_EQ(reach("read " + secret()), 0) << "files are not the filter's business";
}

TEST_F(SandboxTest, TheFullOneShowsNoFilesOfAnybody) {
  if (!kernelGivesNamespaces())
    GTEST_SKIP() << "this kernel gives no namespaces";
  openWith(Sandbox::full);
  EXPECT_EQ(reach("read " + secret()), ENOENT);
  EXPECT_EQ(reach("read /proc/" + supervisor + "/status"), ENOENT);
  EXPECT_EQ(reach("read /etc/passwd"), ENOENT);
  EXPECT_EQ(reach("write /usr/roam-test"), EROFS);
  EXPECT_EQ(reach("write /roam-test"), EROFS);
  EXPECT_NE(reach("connect " + listener.port()), 0);
  EXPECT_EQ(reach("signal " + supervisor), EPERM);
  EXPECT_EQ(reach("trace " + supervisor), EPERM);
  EXPECT_EQ(reach("memory " + supervisor), EPERM);
}

TEST_F(SandboxTest, WhatCodeNeedsIsThere) {
  if (!kernelGivesNamespaces())
    GTEST_SKIP() << "this kernel gives no namespaces";
  openWith(Sandbox::full);
  EXPECT_EQ(reach("write /tmp/mine"), 0);
  EXPECT_FALSE(std::filesystem::exists("/tmp/mine")) << "that is another /tmp";
  EXPECT_EQ(reach("read /dev/urandom"), 0);
  EXPECT_EQ(reach("write /dev/null"), 0);
  EXPECT_EQ(reach("fork"), 0);
  EXPECT_EQ(reach("thread"), 0);
  EXPECT_EQ(reach("load libz.so.1"), 0) << "libraries that slices name are loaded when they come";
}

} // namespace
} // namespace roam::peer
