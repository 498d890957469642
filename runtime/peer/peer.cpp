// Building a peer, and running one as a program.
#include "runtime/peer/peer.h"
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <kj/debug.h>
#include <stdexcept>
#include <unistd.h>

namespace roam::peer {
namespace {

class StandardErrorLog final : public net::Log {
 public:
  void line(kj::StringPtr text) override {
    // One write, so that lines of several peers on one terminal don't mix.
    kj::String whole = kj::str("roam peer ", getpid(), ": ", text, "\n");
    (void)!write(STDERR_FILENO, whole.begin(), whole.size());
  }
};

std::string nameOfThisProcess() {
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  return std::string(host) + ":" + std::to_string(getpid());
}

net::Hello helloOf(const PeerOptions& options, unsigned workers) {
  net::Hello hello;
  hello.name = options.name.empty() ? nameOfThisProcess() : options.name;
  hello.workers = workers;
  hello.version = options.version;
  return hello;
}

WorkerPool::Options poolOptions(const PeerOptions& options, jit::ObjectCache* objects) {
  std::string executable =
      options.workerExecutable.empty() ? findWorker() : options.workerExecutable;
  return {options.workers, kj::heapString(executable.data(), executable.size()), objects};
}

} // namespace

// --- on an event loop ------------------------------------------------------------------------

Peer::Peer(kj::AsyncIoContext& io, net::Log& log, const PeerOptions& options)
    : io_(io), log_(log), options_(options),
      objects_(options.cacheDirectory.empty()
                   ? std::nullopt
                   : std::optional<jit::ObjectCache>(std::in_place, options.cacheDirectory)),
      workers_(io.unixEventPort, io.provider->getTimer(), log,
               poolOptions(options, objects_ ? &*objects_ : nullptr)),
      host_(helloOf(options, workers_.workers()), slices_, workers_, io.provider->getTimer(), log) {
}

kj::Promise<std::vector<std::string>> Peer::listen() {
  kj::Promise<void> listening = workers_.ready();
  for (const std::string& address : options_.listen)
    listening = listening.then([this, &address] { return listenOn(address); });
  return listening.then([this] { return addresses_; });
}

kj::Promise<void> Peer::listenOn(const std::string& address) {
  return net::listen(io_.provider->getNetwork(), address.c_str())
      .then([this, &address](kj::Own<kj::ConnectionReceiver> receiver) {
        listeners_.push_back(
            kj::heap<net::Listener>(kj::mv(receiver), host_, io_.provider->getTimer(), log_));
        std::string chosen = address;
        if (unsigned port = listeners_.back()->port(); port != 0)
          chosen = address.substr(0, address.rfind(':') + 1) + std::to_string(port);
        addresses_.push_back(chosen);
      });
}

// --- as a program ----------------------------------------------------------------------------

namespace {

/// A descriptor that is missing here would be given to the next socket, and our own lines go into
/// it.
void openStandardDescriptors() {
  while (true) {
    int descriptor = open("/dev/null", O_RDWR);
    if (descriptor < 0)
      return;
    if (descriptor > STDERR_FILENO) {
      close(descriptor);
      return;
    }
  }
}

kj::Promise<void> readToEnd(kj::AsyncInputStream& stream, kj::ArrayPtr<kj::byte> buffer) {
  return stream.tryRead(buffer.begin(), 1, buffer.size()).then([&stream, buffer](std::size_t size) {
    return size == 0 ? kj::Promise<void>(kj::READY_NOW) : readToEnd(stream, buffer);
  });
}

kj::Promise<void> endOf(int lifeline, kj::AsyncIoContext& io) {
  if (fcntl(lifeline, F_SETFD, FD_CLOEXEC) != 0)
    throw std::runtime_error("the lifeline, descriptor " + std::to_string(lifeline) +
                             ", is not open");
  auto stream =
      io.lowLevelProvider->wrapInputFd(lifeline, kj::LowLevelAsyncIoProvider::TAKE_OWNERSHIP |
                                                     kj::LowLevelAsyncIoProvider::ALREADY_CLOEXEC);
  auto buffer = kj::heapArray<kj::byte>(64);
  auto& from = *stream;
  auto into = buffer.asPtr();
  return readToEnd(from, into).attach(kj::mv(stream), kj::mv(buffer));
}

/// Resolves when the peer should end.
kj::Promise<void> endOf(const PeerOptions& options, kj::AsyncIoContext& io) {
  auto signal = [&](int number) { return io.unixEventPort.onSignal(number).ignoreResult(); };
  kj::Promise<void> end = signal(SIGTERM).exclusiveJoin(signal(SIGINT));
  return options.lifelineFd < 0 ? kj::mv(end) : end.exclusiveJoin(endOf(options.lifelineFd, io));
}

void announce(const std::vector<std::string>& addresses) {
  for (const std::string& address : addresses)
    std::printf("roam peer listening on %s\n", address.c_str());
  std::fflush(stdout);
}

} // namespace

// Not instrumented: KJ insists that kjLog is on the stack, and AddressSanitizer's frames are not.
[[clang::no_sanitize("address")]] int runPeer(const PeerOptions& options) {
  openStandardDescriptors();
  std::signal(SIGPIPE, SIG_IGN);
  kj::UnixEventPort::captureSignal(SIGTERM);
  kj::UnixEventPort::captureSignal(SIGINT);
  StandardErrorLog log;
  net::KjLogScope kjLog(log);
  try {
    kj::AsyncIoContext io = kj::setupAsyncIo();
    kj::Promise<void> end = endOf(options, io);
    Peer peer(io, log, options);
    kj::Promise<void> announced =
        peer.listen().then([](std::vector<std::string> addresses) { announce(addresses); });
    announced.then([] { return kj::Promise<void>(kj::NEVER_DONE); })
        .exclusiveJoin(kj::mv(end))
        .wait(io.waitScope);
    return 0;
  } catch (const kj::Exception& exception) {
    log.line(net::wordsOf(exception));
  } catch (const std::exception& exception) {
    log.line(exception.what());
  }
  return 1;
}

} // namespace roam::peer
