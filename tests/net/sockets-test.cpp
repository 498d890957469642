// Hosts on true sockets of this machine: what arrives at a port from anyone, and want of
// descriptors.
#include "net/connection.h"
#include "net/digests.h"
#include "tests/net/peers.h"
#include "tests/support/manual-clock.h"
#include "tests/support/memory-network.h"
#include "tests/support/temporary-folder.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <random>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

using namespace roam;
using namespace roam::test;

namespace {

using Numbers = std::vector<std::int64_t>;

/// Records what is written to it.
class RecordingStream final : public kj::AsyncIoStream {
 public:
  RecordingStream(kj::Own<kj::AsyncIoStream> inner, std::string& record)
      : inner_(kj::mv(inner)), record_(record) {}
  kj::Promise<size_t> tryRead(void* buffer, size_t least, size_t most) override {
    return inner_->tryRead(buffer, least, most);
  }
  kj::Promise<void> write(const void* buffer, size_t size) override {
    record_.append(static_cast<const char*>(buffer), size);
    return inner_->write(buffer, size);
  }
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override {
    for (auto& piece : pieces)
      record_.append(piece.asChars().begin(), piece.size());
    return inner_->write(pieces);
  }
  kj::Promise<void> whenWriteDisconnected() override { return inner_->whenWriteDisconnected(); }
  void shutdownWrite() override { inner_->shutdownWrite(); }
  void abortRead() override { inner_->abortRead(); }

 private:
  kj::Own<kj::AsyncIoStream> inner_;
  std::string& record_;
};

/// The bytes an origin sends in a good session: hello, have, run with the slice, run without, ping.
std::string recordSession(kj::Network& network, kj::StringPtr address, kj::WaitScope& loop) {
  std::string record;
  auto at = network.parseAddress(address).wait(loop);
  net::Connection connection(kj::heap<RecordingStream>(at->connect().wait(loop), record));
  auto hello = connection.bootstrap().castAs<protocol::Peer>().helloRequest();
  helloOf("origin:2").write(hello.initHello());
  auto session = hello.send().wait(loop).getSession();
  Job job("3 7");
  auto have = session.haveRequest();
  have.initDigests(1).set(0, net::bytesOf(job.entry));
  have.send().wait(loop);
  for (bool withSlice : {true, false}) {
    auto request = session.runRequest();
    request.setEntry(net::bytesOf(job.entry));
    request.setArguments(job.chunk().arguments);
    request.setCount(job.numbers.size());
    if (withSlice) {
      auto slice = request.initSlices(1)[0];
      slice.setDigest(net::bytesOf(job.entry));
      slice.setCode(bytesOf(job.formula));
    }
    EXPECT_TRUE(request.send().wait(loop).isResults());
  }
  session.pingRequest().send().wait(loop);
  return record;
}

class Sockets : public ::testing::Test {
 protected:
  ~Sockets() noexcept override = default;

  kj::AsyncIoContext io = kj::setupAsyncIo();
  kj::WaitScope& loop = io.waitScope;
  kj::Timer& timer = io.provider->getTimer();
  kj::Network& network = io.provider->getNetwork();
  std::string address;

  std::unique_ptr<TestHost> startHost(kj::StringPtr at = "127.0.0.1:0") {
    auto host = std::make_unique<TestHost>(net::listen(network, at).wait(loop), timer);
    address =
        at.startsWith("unix:") ? at.cStr() : "127.0.0.1:" + std::to_string(host->listener->port());
    return host;
  }
  kj::Own<net::Peer> connect() {
    return net::dial(network, timer, address.c_str(), helloOf("origin:2")).wait(loop);
  }
  kj::Own<kj::AsyncIoStream> connectRaw() {
    return network.parseAddress(address.c_str()).wait(loop)->connect().wait(loop);
  }
  /// Lets the loop turn until `done`; a failed test if it never is.
  template <typename Condition>
  void waitUntil(Condition done) {
    const auto deadline = timer.now() + 30 * kj::SECONDS;
    while (!done() && timer.now() < deadline)
      timer.afterDelay(1 * kj::MILLISECONDS).wait(loop);
    EXPECT_TRUE(done());
  }
  void expectGoodCall() {
    auto peer = connect();
    EXPECT_EQ(numbersIn(run(*peer, Job("3 7")).wait(loop)), (Numbers{10, 13, 16}));
  }
};

/// Takes all descriptors this process may still have, gives them back at the end.
struct NoDescriptors {
  explicit NoDescriptors(rlim_t limit) {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit lowered = before_;
    lowered.rlim_cur = limit;
    setrlimit(RLIMIT_NOFILE, &lowered);
    for (int fd; (fd = fcntl(0, F_DUPFD_CLOEXEC, 3)) >= 0;)
      taken_.push_back(fd);
  }
  void giveBack(std::size_t count) {
    for (; count > 0 && !taken_.empty(); --count, taken_.pop_back())
      close(taken_.back());
  }
  ~NoDescriptors() {
    giveBack(taken_.size());
    setrlimit(RLIMIT_NOFILE, &before_);
  }

 private:
  rlimit before_;
  std::vector<int> taken_;
};

} // namespace

TEST_F(Sockets, ClosuresRunOverTcp) {
  auto host = startHost();
  expectGoodCall();
}

TEST_F(Sockets, ClosuresRunOverAUnixSocketWhoseFileGoesAwayWithTheHost) {
  TemporaryFolder folder;
  std::string path = folder.path() + "/peer";
  auto host = startHost(kj::str("unix:", path.c_str()));
  expectGoodCall();
  EXPECT_TRUE(std::filesystem::exists(path));
  host = nullptr;
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(Sockets, ASocketFileOfADeadProcessIsReplacedAndOfALivingOneNot) {
  TemporaryFolder folder;
  std::string path = folder.path() + "/peer";
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  memcpy(name.sun_path, path.c_str(), path.size());
  int dead = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(bind(dead, reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
  close(dead);
  ASSERT_TRUE(std::filesystem::exists(path));
  auto host = startHost(kj::str("unix:", path.c_str()));
  expectGoodCall();

  auto failure = failureOf(net::listen(network, address.c_str()), loop);
  EXPECT_TRUE(contains(failure.getDescription(), "can't listen on " + address));
  expectGoodCall();
}

TEST_F(Sockets, APortThatIsTakenIsAnErrorThatNamesIt) {
  auto host = startHost();
  auto failure = failureOf(net::listen(network, address.c_str()), loop);
  EXPECT_TRUE(contains(failure.getDescription(), "can't listen on " + address));
  EXPECT_TRUE(contains(failure.getDescription(), "choose another port"));
  EXPECT_TRUE(
      contains(failureOf(net::listen(network, "0.0.0.0:0"), loop).getDescription(), "loopback"));
}

TEST_F(Sockets, NoPeerAtTheAddressIsAnErrorNamingIt) {
  startHost(); // and gone again: its port is free
  auto failure = failureOf(net::dial(network, timer, address.c_str(), helloOf("origin:2")), loop);
  EXPECT_EQ(failure.getType(), kj::Exception::Type::DISCONNECTED);
  EXPECT_EQ(std::string(failure.getDescription().cStr()),
            "no peer answers at " + address +
                ": Connection refused; start one with `roam peer --listen " + address + "`");
  auto noFile =
      failureOf(net::dial(network, timer, "unix:/nowhere/at/all", helloOf("origin:2")), loop);
  EXPECT_TRUE(
      contains(noFile.getDescription(), "no peer answers at unix:/nowhere/at/all: No such file"));
}

TEST_F(Sockets, GarbageOnThePortIsALogLineAndTheHostGoesOn) {
  auto host = startHost();
  std::mt19937 random(7);
  std::vector<std::string> garbage = {"GET / HTTP/1.1\r\n\r\n", std::string(1 << 16, '\0'),
                                      std::string(1 << 16, '\xff'), "\x16\x03\x01\x02"};
  for (int i = 0; i < 200; ++i) {
    garbage.emplace_back(1 + random() % 5000, ' ');
    for (char& c : garbage.back())
      c = char(random());
  }
  for (auto& bytes : garbage) {
    auto lines = host->log.all.size();
    auto stream = connectRaw();
    // The host may hang up before all has been written.
    stream->write(bytes.data(), bytes.size()).catch_([](kj::Exception&&) {}).wait(loop);
    stream = nullptr;
    waitUntil(
        [&] { return host->host.counters().connections == 0 && host->log.all.size() > lines; });
    if (HasFailure())
      break;
  }
  EXPECT_TRUE(host->log.say("no message of Roam's protocol"));
  expectGoodCall();
}

TEST_F(Sockets, AConnectionClosedAfterAnyByteLeavesTheHostWell) {
  auto host = startHost();
  const std::string session = recordSession(network, address.c_str(), loop);
  ASSERT_GT(session.size(), 500u);
  for (std::size_t length = 0; length <= session.size(); ++length) {
    auto stream = connectRaw();
    stream->write(session.data(), length).wait(loop);
    stream = nullptr;
  }
  waitUntil([&] { return host->host.counters().connections == 0; });
  expectGoodCall();
}

TEST_F(Sockets, OutOfDescriptorsConnectionsWaitAndAreServedWhenSomeAreFree) {
  auto host = startHost();
  auto peer = connect();
  Job job("3 7");
  run(*peer, job).wait(loop);
  sockaddr_in name = {};
  name.sin_family = AF_INET;
  name.sin_port = htons(host->listener->port());
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::vector<int> clients;
  for (int i = 0; i < 5; ++i)
    clients.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  {
    NoDescriptors none(256);
    for (int client : clients)
      ASSERT_EQ(::connect(client, reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
    waitUntil([&] { return host->log.say("new connections wait"); });
    EXPECT_TRUE(host->log.say("Too many open files"));
    EXPECT_EQ(numbersIn(run(*peer, job).wait(loop)), (Numbers{10, 13, 16}))
        << "those who are in are served";
    none.giveBack(2);
    waitUntil([&] { return host->host.counters().connections == 3; });
  }
  waitUntil([&] { return host->host.counters().connections == 6; });
  EXPECT_TRUE(host->log.say("connections are accepted again"));
  for (int client : clients)
    close(client);
  expectGoodCall();
}

TEST_F(Sockets, ConnectionsOverTheLimitAreRefusedAndLaterOnesServed) {
  rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_max < 2 * limits::connections + 100)
    GTEST_SKIP() << "this system allows a process " << files.rlim_max << " descriptors";
  rlimit raised = files;
  raised.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &raised);
  {
    auto host = startHost();
    std::vector<kj::Own<kj::AsyncIoStream>> clients;
    for (std::size_t i = 0; i < limits::connections; ++i)
      clients.push_back(connectRaw());
    waitUntil([&] { return host->host.counters().connections == limits::connections; });
    auto failure = failureOf(net::dial(network, timer, address.c_str(), helloOf("origin:2")), loop);
    EXPECT_EQ(failure.getType(), kj::Exception::Type::DISCONNECTED);
    EXPECT_TRUE(contains(failure.getDescription(), "have too many connections"));
    EXPECT_TRUE(host->log.say("1024 connections are open, which is the limit"));
    clients.clear();
    waitUntil([&] { return host->host.counters().connections == 0; });
    expectGoodCall();
  }
  setrlimit(RLIMIT_NOFILE, &files);
}

TEST(DamagedSessions, NoFlippedBitOfASessionHarmsTheHost) {
  kj::EventLoop eventLoop;
  kj::WaitScope loop(eventLoop);
  ManualClock clock;
  MemoryNetwork network;
  constexpr kj::StringPtr address = "127.0.0.1:1"_kj;
  TestHost host(net::listen(network, address).wait(loop), clock.timer());
  const std::string session = recordSession(network, address, loop);
  for (std::size_t bit = 0; bit < 8 * session.size(); ++bit) {
    std::string flipped = session;
    flipped[bit / 8] ^= char(1 << (bit % 8));
    auto stream = network.parseAddress(address).wait(loop)->connect().wait(loop);
    char answers[4096];
    kj::Function<kj::Promise<void>()> listen = [&]() -> kj::Promise<void> {
      return stream->tryRead(answers, 1, sizeof answers).then([&](size_t got) -> kj::Promise<void> {
        return got == 0 ? kj::Promise<void>(kj::READY_NOW) : listen();
      });
    };
    auto listening = listen().eagerlyEvaluate([](kj::Exception&&) {});
    auto writing =
        stream->write(flipped.data(), flipped.size()).eagerlyEvaluate([](kj::Exception&&) {});
    loop.poll();
    writing = nullptr;
    listening = nullptr;
    stream = nullptr;
    clock.advance(limits::farewell, loop, limits::farewell);
    ASSERT_EQ(host.host.counters().connections, 0u) << "bit " << bit;
  }
  auto peer = net::dial(network, clock.timer(), address, helloOf("origin:2")).wait(loop);
  EXPECT_EQ(numbersIn(run(*peer, Job("3 7")).wait(loop)), (Numbers{10, 13, 16}));
}
