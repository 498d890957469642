#include "tests/simulation/network.h"
#include "net/exceptions.h"
#include <algorithm>
#include <deque>
#include <kj/debug.h>
#include <utility>

namespace roam::simulation {
namespace {

constexpr std::size_t window = 256u << 10; ///< bytes on their way before a writer has to wait

kj::Exception broken() {
  return net::disconnected("the connection was reset");
}

} // namespace

/// One direction of a connection.
struct Network::Way {
  Way(Network& network, std::string from, std::string to)
      : network(network), from(std::move(from)), to(std::move(to)) {}

  struct Packet {
    kj::TimePoint arrives;
    kj::Array<kj::byte> bytes; ///< none: the end of the stream
  };

  /// In order: what was sent earlier arrives earlier.
  void send(kj::Array<kj::byte> bytes) {
    onTheirWay += bytes.size();
    last = kj::max(last, network.timer_.now() + network.delay());
    packets.push_back({last, kj::mv(bytes)});
    begin();
  }
  void begin() {
    if (!isMoving)
      moving = move().eagerlyEvaluate(nullptr);
  }
  kj::Promise<void> move() {
    isMoving = !packets.empty() && !isBroken && !network.isSilent(from, to);
    if (!isMoving)
      return kj::READY_NOW;
    return network.timer_.atTime(packets.front().arrives).then([this] {
      if (!isBroken && !network.isSilent(from, to))
        arrive();
      return move();
    });
  }
  void arrive() {
    auto bytes = kj::mv(packets.front().bytes);
    packets.pop_front();
    hasEnded = hasEnded || bytes == nullptr;
    arrived.insert(arrived.end(), bytes.begin(), bytes.end());
    onTheirWay -= bytes.size();
    if (arrived.size() >= least || hasEnded)
      if (auto waiting = kj::mv(reader); waiting.get() != nullptr)
        waiting->fulfill(take());
    if (onTheirWay < window)
      for (auto& writer : std::exchange(writers, {}))
        writer->fulfill();
  }
  std::size_t take() {
    std::size_t size = std::min(most, arrived.size());
    std::copy_n(arrived.begin(), size, buffer);
    arrived.erase(arrived.begin(), arrived.begin() + long(size));
    return size;
  }
  void breakOff() {
    isBroken = true;
    if (auto waiting = kj::mv(reader); waiting.get() != nullptr)
      waiting->reject(broken());
    for (auto& writer : std::exchange(writers, {}))
      writer->reject(broken());
  }

  Network& network;
  const std::string from, to;
  bool isBroken = false, hasEnded = false, isMoving = false;
  std::deque<Packet> packets;
  std::deque<kj::byte> arrived;
  std::size_t onTheirWay = 0;
  kj::TimePoint last = kj::origin<kj::TimePoint>();
  kj::Own<kj::PromiseFulfiller<std::size_t>> reader; ///< of `buffer`; null if nobody reads
  kj::byte* buffer = nullptr;
  std::size_t least = 0, most = 0;
  std::uint64_t reads = 0;
  std::vector<kj::Own<kj::PromiseFulfiller<void>>> writers;
  kj::Promise<void> moving = nullptr;
};

struct Network::Wire {
  Wire(Network& network, const std::string& dialler, const std::string& listener)
      : ways{{network, dialler, listener}, {network, listener, dialler}} {}
  Way ways[2];

  bool connects(const std::string& one, const std::string& other) const {
    return (ways[0].from == one && ways[0].to == other) ||
           (ways[0].from == other && ways[0].to == one);
  }
  void breakOff() {
    for (auto& way : ways)
      way.breakOff();
  }
};

class Network::End final : public kj::AsyncIoStream {
 public:
  End(std::shared_ptr<Wire> wire, int side)
      : wire_(std::move(wire)), out_(wire_->ways[side]), in_(wire_->ways[1 - side]) {
    ++out_.network.openEnds_;
  }
  ~End() noexcept(false) {
    --out_.network.openEnds_;
    in_.isBroken = true; // nobody reads any more
    if (!out_.isBroken)
      out_.send(nullptr);
  }

  kj::Promise<size_t> tryRead(void* buffer, size_t least, size_t most) override {
    if (in_.isBroken)
      return broken();
    in_.buffer = static_cast<kj::byte*>(buffer);
    in_.least = least;
    in_.most = most;
    if (in_.arrived.size() >= least || in_.hasEnded)
      return in_.take();
    auto pair = kj::newPromiseAndFulfiller<std::size_t>();
    in_.reader = kj::mv(pair.fulfiller);
    return pair.promise.attach(kj::defer([wire = wire_, &in = in_, read = ++in_.reads] {
      if (in.reads == read)
        in.reader = nullptr;
    }));
  }
  kj::Promise<void> write(const void* buffer, size_t size) override {
    auto bytes = kj::arrayPtr(static_cast<const kj::byte*>(buffer), size);
    return write(kj::arrayPtr(&bytes, 1));
  }
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override {
    if (out_.isBroken)
      return broken();
    std::size_t size = 0;
    for (auto piece : pieces)
      size += piece.size();
    if (size == 0)
      return kj::READY_NOW;
    auto bytes = kj::heapArrayBuilder<kj::byte>(size);
    for (auto piece : pieces)
      bytes.addAll(piece);
    out_.network.trace_.say("{} to {}: {} bytes", out_.from, out_.to, size);
    out_.send(bytes.finish());
    if (out_.onTheirWay < window)
      return kj::READY_NOW;
    auto pair = kj::newPromiseAndFulfiller<void>();
    out_.writers.push_back(kj::mv(pair.fulfiller));
    return kj::mv(pair.promise);
  }
  kj::Promise<void> whenWriteDisconnected() override { return kj::NEVER_DONE; }
  void shutdownWrite() override {
    if (!out_.isBroken)
      out_.send(nullptr);
  }
  void abortRead() override { in_.breakOff(); }

 private:
  std::shared_ptr<Wire> wire_;
  Way &out_, &in_;
};

class Network::Receiver final : public kj::ConnectionReceiver {
 public:
  Receiver(Network& network, std::string machine)
      : network_(network), machine_(std::move(machine)) {
    network_.receivers_[machine_] = this;
  }
  ~Receiver() noexcept(false) { network_.receivers_.erase(machine_); }

  kj::Promise<kj::Own<kj::AsyncIoStream>> accept() override {
    if (!arrived_.empty()) {
      auto stream = kj::mv(arrived_.front());
      arrived_.pop_front();
      return kj::mv(stream);
    }
    auto pair = kj::newPromiseAndFulfiller<kj::Own<kj::AsyncIoStream>>();
    waiting_ = kj::mv(pair.fulfiller);
    return kj::mv(pair.promise);
  }
  uint getPort() override { return 1; }

  void arrive(kj::Own<kj::AsyncIoStream> stream) {
    if (auto waiting = kj::mv(waiting_); waiting.get() != nullptr && waiting->isWaiting())
      waiting->fulfill(kj::mv(stream));
    else
      arrived_.push_back(kj::mv(stream));
  }

 private:
  Network& network_;
  const std::string machine_;
  std::deque<kj::Own<kj::AsyncIoStream>> arrived_;
  kj::Own<kj::PromiseFulfiller<kj::Own<kj::AsyncIoStream>>> waiting_;
};

class Network::Address final : public kj::NetworkAddress {
 public:
  Address(Network& network, std::string machine, std::string at)
      : network_(network), machine_(std::move(machine)), at_(std::move(at)) {}

  /// As the first packet of TCP: nobody answers it on a silent link.
  kj::Promise<kj::Own<kj::AsyncIoStream>> connect() override {
    if (network_.isSilent(machine_, at_) || network_.isSilent(at_, machine_))
      return kj::NEVER_DONE;
    return network_.timer_.afterDelay(network_.delay())
        .then([&network = network_, from = machine_, to = at_] { return open(network, from, to); });
  }
  kj::Own<kj::ConnectionReceiver> listen() override {
    KJ_REQUIRE(network_.receivers_.count(at_) == 0, "Address already in use");
    return kj::heap<Receiver>(network_, at_);
  }
  kj::Own<kj::NetworkAddress> clone() override {
    return kj::heap<Address>(network_, machine_, at_);
  }
  kj::String toString() override { return kj::str(at_.c_str()); }

 private:
  static kj::Own<kj::AsyncIoStream> open(Network& network, const std::string& from,
                                         const std::string& to) {
    auto receiver = network.receivers_.find(to);
    if (receiver == network.receivers_.end())
      kj::throwFatalException(net::disconnected("connect(): Connection refused"));
    auto wire = std::make_shared<Wire>(network, from, to);
    std::erase_if(network.wires_, [](auto& held) { return held.expired(); });
    network.wires_.push_back(wire);
    receiver->second->arrive(kj::heap<End>(wire, 1));
    return kj::heap<End>(wire, 0);
  }

  Network& network_;
  const std::string machine_, at_;
};

class Network::Place final : public kj::Network {
 public:
  Place(simulation::Network& network, std::string machine)
      : network_(network), machine_(std::move(machine)) {}

  kj::Promise<kj::Own<kj::NetworkAddress>> parseAddress(kj::StringPtr address, uint) override {
    return kj::Own<kj::NetworkAddress>(kj::heap<Address>(network_, machine_, address.cStr()));
  }
  kj::Own<kj::NetworkAddress> getSockaddr(const void*, uint) override {
    KJ_UNIMPLEMENTED("machines of a simulation have names only");
  }
  kj::Own<kj::Network> restrictPeers(kj::ArrayPtr<const kj::StringPtr>,
                                     kj::ArrayPtr<const kj::StringPtr>) override {
    KJ_UNIMPLEMENTED("every machine of a simulation may be reached");
  }

 private:
  simulation::Network& network_;
  const std::string machine_;
};

Network::Network(kj::Timer& timer, Chance& chance, Trace& trace)
    : timer_(timer), chance_(chance), trace_(trace) {}
Network::~Network() noexcept(false) {}

kj::Own<kj::Network> Network::at(std::string machine) {
  return kj::heap<Place>(*this, std::move(machine));
}

void Network::silence(const std::string& from, const std::string& to) {
  silent_.insert({from, to});
}

void Network::heal(const std::string& from, const std::string& to) {
  if (silent_.erase({from, to}) == 0)
    return;
  for (auto& held : wires_)
    if (auto wire = held.lock())
      for (auto& way : wire->ways)
        if (way.from == from && way.to == to)
          way.begin();
}

void Network::healAll() {
  for (auto& [from, to] : std::set(silent_))
    heal(from, to);
}

void Network::cut(const std::string& one, const std::string& other) {
  for (auto& held : std::vector(wires_))
    if (auto wire = held.lock(); wire && wire->connects(one, other))
      wire->breakOff();
}

} // namespace roam::simulation
