// The peer as a program: its line on standard output, the closures it runs, and the ways it ends.
#include "net/peer.h"
#include "tests/runtime/peer/pool-fixture.h"
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace roam::peer {
namespace {

/// The end of a pipe that a started program writes to.
std::string readToEnd(int descriptor) {
  std::string text;
  char buffer[512];
  for (ssize_t size; (size = read(descriptor, buffer, sizeof buffer)) > 0;)
    text.append(buffer, size);
  return text;
}

/// peer-program.cpp, started; killed at the latest with this object.
class StartedPeer {
 public:
  StartedPeer(const std::string& address, const std::string& cache,
              const std::string& worker = ROAM_WORKER) {
    int output[2], errors[2], lifeline[2];
    for (int* ends : {output, errors, lifeline})
      if (pipe2(ends, O_CLOEXEC) != 0)
        throw std::runtime_error("no pipe");
    output_ = kj::AutoCloseFd(output[0]);
    errors_ = kj::AutoCloseFd(errors[0]);
    lifeline_ = kj::AutoCloseFd(lifeline[1]);
    kj::AutoCloseFd theirs[] = {kj::AutoCloseFd(output[1]), kj::AutoCloseFd(errors[1]),
                                kj::AutoCloseFd(lifeline[0])};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, theirs[0], 1);
    posix_spawn_file_actions_adddup2(&actions, theirs[1], 2);
    posix_spawn_file_actions_adddup2(&actions, theirs[2], 3);
    std::string words[] = {ROAM_PEER_PROGRAM, address, cache, "3", worker};
    char* arguments[] = {words[0].data(), words[1].data(), words[2].data(),
                         words[3].data(), words[4].data(), nullptr};
    if (posix_spawn(&id_, ROAM_PEER_PROGRAM, &actions, nullptr, arguments, environ) != 0)
      throw std::runtime_error("can't start " ROAM_PEER_PROGRAM);
    posix_spawn_file_actions_destroy(&actions);
  }
  ~StartedPeer() {
    if (id_ > 0) {
      kill(id_, SIGKILL);
      waitpid(id_, nullptr, 0);
    }
  }

  pid_t id() const { return id_; }
  void cutLifeline() { lifeline_ = nullptr; }

  /// The address in the next line; empty if the program said something else, or ended.
  std::string address() {
    std::string line;
    for (char c; read(output_, &c, 1) == 1 && c != '\n';)
      line += c;
    const std::string start = "roam peer listening on ";
    return line.starts_with(start) ? line.substr(start.size()) : "";
  }

  /// Waits for its end. The exit status, or minus the signal.
  int end() {
    errorText =
        readToEnd(errors_); // to the end of the last process that can write there, workers too
    int status = 0;
    waitpid(std::exchange(id_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  std::string errorText;

 private:
  pid_t id_ = -1;
  kj::AutoCloseFd output_, errors_, lifeline_;
};

class PeerTest : public testing::Test {
 public:
  ~PeerTest() noexcept override {}

 protected:
  kj::Own<net::Peer> dial(const std::string& address) {
    net::Hello hello;
    hello.name = "test";
    return net::dial(io.provider->getNetwork(), io.provider->getTimer(), address.c_str(), hello)
        .wait(io.waitScope);
  }
  net::ChunkOutcome square(net::Peer& peer, std::int64_t x) {
    TestSlice slice = TestSlice::of("square");
    std::string captures = encoded<std::int64_t>({7}), arguments = encoded<std::int64_t>({x});
    return peer
        .run({slice.digest, bytesOf(captures), bytesOf(arguments), 1, 0}, {bytesOf(slice.bytes)},
             nullptr)
        .wait(io.waitScope);
  }
  std::string socketAddress() const { return "unix:" + directory.file("peer"); }

  test::TemporaryFolder directory;
  std::string cache = directory.file("objects");
  kj::AsyncIoContext io = kj::setupAsyncIo();
};

TEST_F(PeerTest, SaysWhereItListensAndRunsWhatComes) {
  StartedPeer program(socketAddress(), cache);
  EXPECT_EQ(program.address(), socketAddress());
  std::string tcp = program.address();
  EXPECT_TRUE(tcp.starts_with("127.0.0.1:") && tcp != "127.0.0.1:0") << tcp;
  for (const std::string& address : {socketAddress(), tcp}) {
    auto peer = dial(address);
    EXPECT_EQ(peer->workers(), 2u);
    EXPECT_EQ(decoded<std::int64_t>(square(*peer, 5).results), (std::vector<std::int64_t>{32}));
  }
  auto peer = dial(tcp);
  net::PeerStatus status = peer->status().wait(io.waitScope);
  EXPECT_EQ(status.chunksDone, 2u);
  EXPECT_EQ(status.compiled, 1u);
  EXPECT_EQ(status.slicesReceived, 1u);
}

TEST_F(PeerTest, AnswersPingWhileItsWorkersAreBusy) {
  StartedPeer program(socketAddress(), cache);
  auto peer = dial(program.address());
  TestSlice waits = TestSlice::of("waits");
  std::string path = directory.file("a"), nothing;
  auto chunk = [&] {
    return peer->run({waits.digest, bytesOf(path), bytesOf(nothing), 1, 0}, {bytesOf(waits.bytes)},
                     nullptr);
  };
  auto first = chunk(), second = chunk(), third = chunk();
  peer->ping().wait(io.waitScope);
  std::ofstream(path + ".go").put('\n');
  EXPECT_TRUE(first.wait(io.waitScope).failure == nullptr);
  EXPECT_TRUE(second.wait(io.waitScope).failure == nullptr);
  EXPECT_TRUE(third.wait(io.waitScope).failure == nullptr);
}

TEST_F(PeerTest, EndsCleanlyOnSigtermAndLeavesNoSocketAndNoWorker) {
  StartedPeer program(socketAddress(), cache);
  program.address();
  auto peer = dial(program.address());
  square(*peer, 5);
  kill(program.id(), SIGTERM);
  EXPECT_EQ(program.end(), 0); // has waited for the workers, which hold its standard error
  EXPECT_EQ(program.errorText, "");
  EXPECT_FALSE(std::filesystem::exists(directory.file("peer")));
}

TEST_F(PeerTest, EndsWhenItsLifelineDoes) {
  StartedPeer program(socketAddress(), cache);
  EXPECT_NE(program.address(), "");
  program.cutLifeline();
  EXPECT_EQ(program.end(), 0);
  EXPECT_FALSE(std::filesystem::exists(directory.file("peer")));
}

TEST_F(PeerTest, TheLastPeerToEndWithItsLifelineRemovesTheFolderOfTheSockets) {
  std::filesystem::path folder = directory.file("sockets");
  std::filesystem::create_directory(folder);
  std::string address = "unix:" + (folder / "peer-").string();
  StartedPeer first(address + "0", cache), second(address + "1", cache);
  EXPECT_NE(first.address(), "");
  EXPECT_NE(second.address(), "");
  first.cutLifeline();
  EXPECT_EQ(first.end(), 0);
  EXPECT_TRUE(std::filesystem::exists(folder / "peer-1"));
  second.cutLifeline();
  EXPECT_EQ(second.end(), 0);
  EXPECT_EQ(first.errorText + second.errorText, "");
  EXPECT_FALSE(std::filesystem::exists(folder));
  EXPECT_TRUE(std::filesystem::exists(directory.path()));
}

TEST_F(PeerTest, APeerThatEndsOnSigtermLeavesTheFolderToWhoMadeIt) {
  std::filesystem::path folder = directory.file("sockets");
  std::filesystem::create_directory(folder);
  StartedPeer program("unix:" + (folder / "peer").string(), cache);
  EXPECT_NE(program.address(), "");
  kill(program.id(), SIGTERM);
  EXPECT_EQ(program.end(), 0);
  EXPECT_TRUE(std::filesystem::is_empty(folder));
}

TEST_F(PeerTest, ALifelineThatHasNoOtherEndIsRefusedInWords) {
  for (std::string lifeline : {"/dev/null", "/dev/zero", ROAM_PEER_PROGRAM}) {
    std::string command =
        "exec " ROAM_PEER_PROGRAM " " + socketAddress() + " " + cache + " 0 2>&1 <" + lifeline;
    FILE* program = popen(command.c_str(), "r");
    ASSERT_NE(program, nullptr);
    std::string said = readToEnd(fileno(program));
    EXPECT_EQ(pclose(program), 1 << 8) << lifeline; // exit status 1
    EXPECT_NE(said.find("the lifeline, descriptor 0, must be a pipe or a socket"),
              std::string::npos)
        << lifeline << ": " << said;
  }
}

TEST_F(PeerTest, AReceivedSliceIsCompiledOnceForEveryRunOfThePeer) {
  for (std::uint64_t round : {0, 1}) {
    StartedPeer program(socketAddress(), cache);
    auto peer = dial(program.address());
    EXPECT_TRUE(square(*peer, 5).failure == nullptr);
    net::PeerStatus status = peer->status().wait(io.waitScope);
    EXPECT_EQ(status.compiled, 1 - round);
    EXPECT_EQ(status.cacheHits, round);
    peer = nullptr;
    kill(program.id(), SIGTERM);
    EXPECT_EQ(program.end(), 0);
  }
}

TEST_F(PeerTest, WithoutAWorkerProgramItSaysSoAndFails) {
  StartedPeer program(socketAddress(), cache, "/nowhere/roam-worker");
  EXPECT_EQ(program.end(), 1);
  EXPECT_NE(program.errorText.find("/nowhere/roam-worker"), std::string::npos) << program.errorText;
  EXPECT_EQ(program.address(), "");
}

TEST_F(PeerTest, AnAddressThatIsTakenIsNamed) {
  StartedPeer first("127.0.0.1:0", cache);
  std::string address = first.address();
  StartedPeer second(address, cache);
  EXPECT_EQ(second.end(), 1);
  EXPECT_NE(second.errorText.find(address), std::string::npos) << second.errorText;
}

/// Not a test of anything: prints what a call costs from one process to the worker of another.
TEST_F(PeerTest, PrintsTheLatencyOfACall) {
  StartedPeer program(socketAddress(), cache);
  program.address();
  auto peer = dial(program.address());
  TestSlice slice = TestSlice::of("square");
  std::string captures = encoded<std::int64_t>({7}), arguments = encoded<std::int64_t>({2});
  auto p50 = [&](auto&& call) {
    std::vector<double> times;
    for (int i = 0; i < 5000; ++i) {
      auto start = std::chrono::steady_clock::now();
      call();
      times.push_back(
          std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start)
              .count());
    }
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
  };
  auto call = [&] {
    peer->run({slice.digest, bytesOf(captures), bytesOf(arguments), 1, 0}, {bytesOf(slice.bytes)},
              nullptr)
        .wait(io.waitScope);
  };
  auto ping = [&] { peer->ping().wait(io.waitScope); };
  p50(call);
  for (int round = 0; round < 3; ++round) {
    double pings = p50(ping), calls = p50(call);
    std::printf("ping p50 %.1f us, call p50 %.1f us\n", pings, calls);
  }
}

} // namespace
} // namespace roam::peer
