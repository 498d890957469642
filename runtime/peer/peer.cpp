// Building a peer, and running one as a program.
#include "runtime/peer/peer.h"
#include "jit/host-target.h"
#include "net/coroutine.h"
#include "runtime/peer/standard-error-log.h"
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <kj/debug.h>
#include <stdexcept>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace roam::peer {
namespace {

net::Hello helloOf(const PeerOptions& options, unsigned workers, std::optional<ObjectTarget> host) {
  net::Hello hello;
  hello.name = options.name.empty() ? net::nameOfThisProcess() : options.name;
  hello.workers = workers;
  hello.version = options.version;
  hello.cluster = options.join.cluster;
  hello.target = std::move(host);
  return hello;
}

/// Whole paths: a bare name would be looked for among the system's libraries.
kj::Array<kj::String> librariesOf(const PeerOptions& options) {
  return KJ_MAP(path, options.load) {
    return kj::str(std::filesystem::absolute(path).c_str());
  };
}

std::unique_ptr<ReproFolder> reprosOf(const PeerOptions& options) {
  if (options.stateDirectory.empty())
    return nullptr;
  return std::make_unique<ReproFolder>(std::filesystem::path(options.stateDirectory) / "repro");
}

kj::String pathOf(const std::string& chosen, std::string (*find)()) {
  std::string path = chosen.empty() ? find() : chosen;
  return kj::heapString(path.data(), path.size());
}

} // namespace

// --- on an event loop ------------------------------------------------------------------------

Peer::Peer(kj::AsyncIoContext& io, net::Log& log, const PeerOptions& options,
           const RunnerInFront& inFront)
    : io_(io), log_(log), options_(options), bundles_(options.bundles, options.acceptSigned),
      slices_(options.memory - options.memory / 3, &bundles_),
      objects_(options.cacheDirectory.empty()
                   ? std::nullopt
                   : std::optional<jit::ObjectCache>(std::in_place, options.cacheDirectory,
                                                     options.cacheLimit)),
      neighbours_({io.provider->getNetwork(), io.provider->getTimer(), log,
                   helloOf(options, 0, std::nullopt)},
                  jit::hostTarget()),
      compilers_(io.unixEventPort, io.provider->getTimer(), log,
                 pathOf(options.compilerExecutable, findCompiler), options.workers),
      ladder_(compilers_, log,
              {.host = jit::hostTarget(),
               .bundles = &bundles_,
               .disk = objects_ ? &*objects_ : nullptr,
               .peers = options.acceptSigned.empty() ? &neighbours_ : nullptr,
               .memoryBytes = options.memory / 3,
               .tunes = options.tunes,
               .takesForeign = options.acceptSigned.empty()}),
      quarantine_(io.provider->getTimer()),
      workers_(io.unixEventPort, io.provider->getTimer(), log, ladder_, quarantine_,
               {options.workers, pathOf(options.workerExecutable, findWorker), options.memory / 3,
                librariesOf(options), &output_, reprosOf(options), options.workerAllowance,
                options.workerCpuSeconds * kj::SECONDS}),
      inFront_(inFront ? inFront(workers_) : nullptr),
      host_(helloOf(options, workers_.workers(), ladder_.host()), slices_, runner(),
            io.provider->getTimer(), log, limits::bytesInFlight, &neighbours_),
      membership_({io, log, host_, slices_, runner(), neighbours_}, options,
                  helloOf(options, workers_.workers(), ladder_.host())) {
  if (!options.acceptSigned.empty())
    slices_.takeOnlyFromSource();
  if (!options.audit.empty())
    host_.setAudit(audit_.emplace(options.audit, log));
}

kj::Promise<std::vector<std::string>> Peer::listen() {
  kj::Promise<void> listening = workers_.ready();
  for (const std::string& address : options_.listen)
    listening = listening.then([this, &address] { return listenOn(address); });
  return listening.then([this] { return membership_.join(addresses_); }).then([this] {
    return addresses_;
  });
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

kj::Promise<void> Peer::leave() {
  host_.leave();
  co_await membership_.beginLeaving();
  if (std::size_t open = host_.chunksOpen(); open > 0)
    log_.line(kj::str("leaves when ", open, " chunks are done, within ", options_.drainSeconds,
                      " s; a second signal ends it at once"));
  auto late = io_.provider->getTimer().afterDelay(options_.drainSeconds * kj::SECONDS).then([this] {
    if (std::size_t open = host_.chunksOpen(); open > 0)
      log_.line(kj::str("leaves though ", open, " chunks still run; they are lost"));
  });
  co_await host_.idle().exclusiveJoin(kj::mv(late));
  co_await membership_.leave();
  co_await host_.farewell();
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

/// What the event loop can wait for. A file or a terminal would fail, in KJ's own words.
void checkLifeline(int lifeline) {
  std::string name = "the lifeline, descriptor " + std::to_string(lifeline) + ", ";
  struct stat status;
  if (fstat(lifeline, &status) != 0)
    throw std::runtime_error(name + "is not open");
  if (!S_ISFIFO(status.st_mode) && !S_ISSOCK(status.st_mode))
    throw std::runtime_error(name + "must be a pipe or a socket: the peer ends when its other end "
                                    "is closed");
}

kj::Promise<void> endOf(int lifeline, kj::AsyncIoContext& io) {
  checkLifeline(lifeline);
  fcntl(lifeline, F_SETFD, FD_CLOEXEC);
  auto stream =
      io.lowLevelProvider->wrapInputFd(lifeline, kj::LowLevelAsyncIoProvider::TAKE_OWNERSHIP |
                                                     kj::LowLevelAsyncIoProvider::ALREADY_CLOEXEC);
  auto buffer = kj::heapArray<kj::byte>(64);
  auto& from = *stream;
  auto into = buffer.asPtr();
  return readToEnd(from, into).attach(kj::mv(stream), kj::mv(buffer));
}

enum class EndedBy { leaving, lifeline };

kj::Promise<EndedBy> signalled(kj::AsyncIoContext& io) {
  auto signal = [&](int number) {
    return io.unixEventPort.onSignal(number).then([](siginfo_t&&) { return EndedBy::leaving; });
  };
  return signal(SIGTERM).exclusiveJoin(signal(SIGINT));
}

/// Whoever held the lifeline made the folders for the sockets, and may be gone without a chance to
/// remove them.
void removeSocketFolders(const PeerOptions& options) {
  constexpr std::string_view mark = "unix:";
  for (const std::string& address : options.listen)
    if (address.starts_with(mark)) {
      std::string folder = std::filesystem::path(address.substr(mark.size())).parent_path();
      // Fails as long as something is in it, which may be sockets of other peers: the last
      // succeeds.
      (void)rmdir(folder.c_str());
    }
}

void announce(const std::vector<std::string>& addresses) {
  for (const std::string& address : addresses)
    std::printf("roam peer listening on %s\n", address.c_str());
  std::fflush(stdout);
}

} // namespace

namespace {

/// Serves until it is told to leave, and leaves. A second signal, or the end of the lifeline, ends
/// it at once.
kj::Promise<EndedBy> serve(Peer& peer, kj::AsyncIoContext& io) {
  auto leaves =
      signalled(io).exclusiveJoin(peer.askedToLeave().then([] { return EndedBy::leaving; }));
  auto announced = peer.listen().then([&peer](std::vector<std::string> addresses) {
    announce(addresses);
    peer.beginOutput();
    return kj::Promise<EndedBy>(kj::NEVER_DONE);
  });
  return announced.exclusiveJoin(kj::mv(leaves)).then([&](EndedBy) {
    auto left = peer.leave().then([] { return EndedBy::leaving; });
    return left.exclusiveJoin(signalled(io));
  });
}

EndedBy runUntilEnd(const PeerOptions& options, net::Log& log) {
  kj::AsyncIoContext io = kj::setupAsyncIo();
  kj::Promise<EndedBy> lifeline = kj::NEVER_DONE;
  if (options.lifelineFd >= 0)
    lifeline = endOf(options.lifelineFd, io).then([] { return EndedBy::lifeline; });
  Peer peer(io, log, options);
  return serve(peer, io).exclusiveJoin(kj::mv(lifeline)).wait(io.waitScope);
}

} // namespace

ROAM_ON_TRUE_STACK int runPeer(const PeerOptions& options) {
  openStandardDescriptors();
  std::signal(SIGPIPE, SIG_IGN);
  kj::UnixEventPort::captureSignal(SIGTERM);
  kj::UnixEventPort::captureSignal(SIGINT);
  StandardErrorLog log;
  net::KjLogScope kjLog(log);
  try {
    if (runUntilEnd(options, log) == EndedBy::lifeline)
      removeSocketFolders(options);
    return 0;
  } catch (const kj::Exception& exception) {
    log.line(net::wordsOf(exception));
  } catch (const std::exception& exception) {
    log.line(exception.what());
  }
  return 1;
}

} // namespace roam::peer
