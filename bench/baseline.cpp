#include "bench/baseline.h"
#include "bench/kernels.h"
#include <csignal>
#include <kj/debug.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace roam::bench {
namespace {

capnp::ReaderOptions options() {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = 1ull << 30;
  return options;
}

class Server final : public Baseline::Server {
  kj::Promise<void> noop(NoopContext context) override {
    context.getResults().setY(context.getParams().getX() + 1);
    return kj::READY_NOW;
  }
  kj::Promise<void> square(SquareContext context) override {
    auto xs = context.getParams().getXs();
    std::int64_t offset = context.getParams().getOffset();
    auto ys = context.getResults(capnp::MessageSize{xs.size() / 8 + 16, 0}).initYs(xs.size());
    auto* from = reinterpret_cast<const std::int64_t*>(xs.begin());
    auto* to = reinterpret_cast<std::int64_t*>(ys.begin());
    for (std::size_t i = 0; i < xs.size() / 8; ++i)
      to[i] = bench::square(from[i], offset);
    return kj::READY_NOW;
  }
  kj::Promise<void> axpb(AxpbContext context) override {
    auto xs = context.getParams().getXs();
    auto results = context.getResults(capnp::MessageSize{xs.size() / 8 + 16, 0});
    auto ys = results.initYs(xs.size());
    results.setSum(bench::axpb(reinterpret_cast<const double*>(xs.begin()),
                               reinterpret_cast<double*>(ys.begin()), xs.size() / 8));
    return kj::READY_NOW;
  }
};

kj::Own<kj::AsyncIoStream> dial(kj::AsyncIoContext& io, std::uint16_t port) {
  auto address = io.provider->getNetwork().parseAddress("127.0.0.1", port).wait(io.waitScope);
  auto stream = address->connect().wait(io.waitScope);
  int on = 1;
  stream->setsockopt(IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return stream;
}

} // namespace

int serveBaseline(int portDescriptor) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  auto io = kj::setupAsyncIo();
  auto receiver =
      io.provider->getNetwork().parseAddress("127.0.0.1", 0).wait(io.waitScope)->listen();
  std::uint16_t port = std::uint16_t(receiver->getPort());
  KJ_SYSCALL(write(portDescriptor, &port, sizeof port));
  close(portDescriptor);
  for (;;) { // one connection at a time is all a measurement needs
    auto stream = receiver->accept().wait(io.waitScope);
    int on = 1;
    stream->setsockopt(IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    capnp::TwoPartyVatNetwork network(*stream, capnp::rpc::twoparty::Side::SERVER, options());
    auto rpc = capnp::makeRpcServer(network, kj::heap<Server>());
    network.onDisconnect().wait(io.waitScope);
  }
}

BaselineProcess::BaselineProcess() {
  int pipe[2];
  KJ_SYSCALL(::pipe(pipe));
  KJ_SYSCALL(process_ = fork());
  if (process_ == 0) {
    close(pipe[0]);
    execl("/proc/self/exe", "roam-bench", "--baseline", std::to_string(pipe[1]).c_str(), nullptr);
    _exit(127);
  }
  close(pipe[1]);
  KJ_DEFER(close(pipe[0]));
  ssize_t size;
  KJ_SYSCALL(size = read(pipe[0], &port_, sizeof port_));
  KJ_REQUIRE(size == sizeof port_, "the baseline's process did not start");
}

BaselineProcess::~BaselineProcess() {
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
}

BaselineClient::BaselineClient(kj::AsyncIoContext& io, std::uint16_t port)
    : stream_(dial(io, port)), network_(*stream_, capnp::rpc::twoparty::Side::CLIENT, options()),
      rpc_(capnp::makeRpcClient(network_)), server_(nullptr) {
  capnp::MallocMessageBuilder message;
  auto id = message.initRoot<capnp::rpc::twoparty::VatId>();
  id.setSide(capnp::rpc::twoparty::Side::SERVER);
  server_ = rpc_.bootstrap(id).castAs<Baseline>();
}

} // namespace roam::bench
