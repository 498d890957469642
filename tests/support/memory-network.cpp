// Each connection is a pair of KJ's pipes behind ends that can be told to fail or to swallow.
#include "tests/support/memory-network.h"
#include <deque>
#include <kj/debug.h>

namespace roam::test {

/// What both ends of a connection share.
struct MemoryNetwork::Wire {
  bool broken = false, stalled = false;
  std::vector<kj::Own<kj::PromiseFulfiller<void>>> heldBack;
  std::uint64_t bytes = 0;
  kj::Canceler moving;
  std::shared_ptr<std::mt19937> chop;

  static kj::Exception cutException() {
    return kj::Exception(kj::Exception::Type::DISCONNECTED, __FILE__, __LINE__,
                         kj::str("the wire was cut"));
  }
};

class MemoryNetwork::End final : public kj::AsyncIoStream {
 public:
  End(std::shared_ptr<Wire> wire, kj::Own<kj::AsyncIoStream> pipe)
      : wire_(std::move(wire)), pipe_(kj::mv(pipe)) {}

  kj::Promise<size_t> tryRead(void* buffer, size_t least, size_t most) override {
    if (wire_->broken)
      return Wire::cutException();
    if (wire_->chop && most > least)
      most = std::uniform_int_distribution<size_t>(kj::max(least, 1), most)(*wire_->chop);
    return wire_->moving.wrap(pipe_->tryRead(buffer, least, most));
  }
  kj::Promise<void> write(const void* buffer, size_t size) override {
    if (wire_->broken)
      return Wire::cutException();
    wire_->bytes += size;
    if (!wire_->stalled)
      return wire_->moving.wrap(pipe_->write(buffer, size));
    auto resumed = kj::newPromiseAndFulfiller<void>();
    wire_->heldBack.push_back(kj::mv(resumed.fulfiller));
    return wire_->moving.wrap(
        resumed.promise.then([this, buffer, size] { return pipe_->write(buffer, size); }));
  }
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override {
    if (pieces.size() == 0)
      return kj::READY_NOW;
    return write(pieces[0].begin(), pieces[0].size())
        .then([this, rest = pieces.slice(1, pieces.size())] { return write(rest); });
  }
  kj::Promise<void> whenWriteDisconnected() override { return pipe_->whenWriteDisconnected(); }
  void shutdownWrite() override { pipe_->shutdownWrite(); }
  void abortRead() override { pipe_->abortRead(); }

 private:
  std::shared_ptr<Wire> wire_;
  kj::Own<kj::AsyncIoStream> pipe_;
};

class MemoryNetwork::Receiver final : public kj::ConnectionReceiver {
 public:
  Receiver(MemoryNetwork& network, std::string name) : network_(network), name_(std::move(name)) {
    network_.receivers_[name_] = this;
  }
  ~Receiver() noexcept(false) { network_.receivers_.erase(name_); }

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
    KJ_IF_MAYBE (waiting, waiting_) {
      if ((*waiting)->isWaiting()) {
        (*waiting)->fulfill(kj::mv(stream));
        waiting_ = nullptr;
        return;
      }
    }
    arrived_.push_back(kj::mv(stream));
  }

 private:
  MemoryNetwork& network_;
  std::string name_;
  std::deque<kj::Own<kj::AsyncIoStream>> arrived_;
  kj::Maybe<kj::Own<kj::PromiseFulfiller<kj::Own<kj::AsyncIoStream>>>> waiting_;
};

class MemoryNetwork::Address final : public kj::NetworkAddress {
 public:
  Address(MemoryNetwork& network, std::string name) : network_(network), name_(std::move(name)) {}

  kj::Promise<kj::Own<kj::AsyncIoStream>> connect() override {
    auto receiver = network_.receivers_.find(name_);
    if (receiver == network_.receivers_.end())
      return kj::Exception(kj::Exception::Type::DISCONNECTED, __FILE__, __LINE__,
                           kj::str("connect(): Connection refused"));
    auto wire = std::make_shared<Wire>();
    wire->chop = network_.chop_;
    network_.wires_[name_].push_back(wire);
    auto pipe = kj::newTwoWayPipe();
    receiver->second->arrive(kj::heap<End>(wire, kj::mv(pipe.ends[1])));
    return kj::Own<kj::AsyncIoStream>(kj::heap<End>(wire, kj::mv(pipe.ends[0])));
  }
  kj::Own<kj::ConnectionReceiver> listen() override {
    KJ_REQUIRE(network_.receivers_.count(name_) == 0, "Address already in use");
    return kj::heap<Receiver>(network_, name_);
  }
  kj::Own<kj::NetworkAddress> clone() override { return kj::heap<Address>(network_, name_); }
  kj::String toString() override { return kj::str(name_.c_str()); }

 private:
  MemoryNetwork& network_;
  std::string name_;
};

kj::Promise<kj::Own<kj::NetworkAddress>> MemoryNetwork::parseAddress(kj::StringPtr address, uint) {
  return kj::Own<kj::NetworkAddress>(kj::heap<Address>(*this, address.cStr()));
}

kj::Own<kj::NetworkAddress> MemoryNetwork::getSockaddr(const void*, uint) {
  KJ_UNIMPLEMENTED("addresses in memory have names only");
}

kj::Own<kj::Network> MemoryNetwork::restrictPeers(kj::ArrayPtr<const kj::StringPtr>,
                                                  kj::ArrayPtr<const kj::StringPtr>) {
  KJ_UNIMPLEMENTED("everyone in memory may be reached");
}

void MemoryNetwork::cut(kj::StringPtr address) {
  for (auto& wire : wires_[address.cStr()]) {
    wire->broken = true;
    wire->moving.cancel(Wire::cutException());
  }
}

void MemoryNetwork::stall(kj::StringPtr address) {
  for (auto& wire : wires_[address.cStr()])
    wire->stalled = true;
}

void MemoryNetwork::resume(kj::StringPtr address) {
  for (auto& wire : wires_[address.cStr()]) {
    wire->stalled = false;
    for (auto& write : wire->heldBack)
      write->fulfill();
    wire->heldBack.clear();
  }
}

std::uint64_t MemoryNetwork::bytesCarried(kj::StringPtr address) const {
  std::uint64_t bytes = 0;
  if (auto wires = wires_.find(address.cStr()); wires != wires_.end())
    for (auto& wire : wires->second)
      bytes += wire->bytes;
  return bytes;
}

} // namespace roam::test
