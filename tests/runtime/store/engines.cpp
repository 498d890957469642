// How each store is started, reached and hurt.
#include "tests/runtime/store/engines.h"
#include "net/connection.h"
#include "net/limits.h"
#include "net/remote-store.h"
#include "runtime/store/etcd-gateway.h"
#include "runtime/store/open-store.h"
#include "runtime/store/sqlite-store.h"
#include "tests/support/child-process.h"
#include "tests/support/cutting-proxy.h"
#include "tests/support/etcd-process.h"
#include <kj/refcount.h>

namespace roam::test {
namespace {

/// So little that a few large writes make it forget.
constexpr std::size_t historyBytes = 64u << 10;

/// As many changes as neither that history nor the memory of the latest ones can keep.
void overflow(net::Store& store, kj::WaitScope& loop) {
  const std::string value(limits::storeValueBytes, 'x');
  for (std::size_t written = 0; written <= historyBytes + limits::storeRecentBytes;
       written += value.size())
    store.commit({}, {{"overflow", value}}).wait(loop);
}

class SqliteEngine final : public Engine {
 public:
  SqliteEngine(kj::AsyncIoContext& io, const std::string& folder) : loop_(io.waitScope) {
    store::StoreSpace space;
    space.historyBytes = historyBytes;
    store_ = kj::heap<store::SqliteStore>(io.provider->getTimer(), folder + "/store", space);
  }
  kj::Own<net::Store> client() override { return {store_.get(), kj::NullDisposer::instance}; }
  void compact(net::Store& store) override { overflow(store, loop_); }

 private:
  kj::WaitScope& loop_;
  kj::Own<net::Store> store_;
};

class ServedEngine final : public Engine {
 public:
  ServedEngine(kj::AsyncIoContext& io, const std::string& folder)
      : io_(io), words_{ROAM_STORE_PROGRAM, folder + "/store", std::to_string(historyBytes)},
        process_(std::make_unique<ChildProcess>(words_)), proxy_(io, port()) {}

  kj::Own<net::Store> client() override {
    auto connect = [this] {
      return io_.provider->getNetwork()
          .parseAddress(proxy_.address().c_str())
          .then([](kj::Own<kj::NetworkAddress> address) {
            return address->connect().attach(kj::mv(address));
          })
          .then([](kj::Own<kj::AsyncIoStream> stream) {
            auto connection = kj::heap<net::Connection>(kj::mv(stream));
            auto store = connection->bootstrap().castAs<protocol::Store>();
            return capnp::Capability::Client(kj::heap<Passing>(kj::mv(store), kj::mv(connection)))
                .castAs<protocol::Store>();
          });
    };
    return kj::heap<net::RemoteStore>(connect, io_.provider->getTimer());
  }
  void cut() override { proxy_.cut(); }
  void killAndRestart() override {
    process_->kill();
    process_ = std::make_unique<ChildProcess>(words_);
    proxy_.setServer(port());
    proxy_.cut();
  }
  void compact(net::Store& store) override { overflow(store, io_.waitScope); }

 private:
  /// Passes calls on, and holds the connection that they go over.
  class Passing final : public capnp::Capability::Server {
   public:
    Passing(protocol::Store::Client store, kj::Own<net::Connection> connection)
        : connection_(kj::mv(connection)), store_(kj::mv(store)) {}
    DispatchCallResult
    dispatchCall(std::uint64_t interface, std::uint16_t method,
                 capnp::CallContext<capnp::AnyPointer, capnp::AnyPointer> context) override {
      auto params = context.getParams();
      auto request =
          capnp::Capability::Client(store_).typelessRequest(interface, method, params.targetSize());
      request.set(params);
      context.allowCancellation();
      return {context.tailCall(kj::mv(request)), false};
    }

   private:
    kj::Own<net::Connection> connection_;
    protocol::Store::Client store_;
  };

  std::uint16_t port() { return std::uint16_t(std::stoul(process_->line())); }

  kj::AsyncIoContext& io_;
  const std::vector<std::string> words_;
  std::unique_ptr<ChildProcess> process_;
  CuttingProxy proxy_;
};

class EtcdEngine final : public Engine {
 public:
  EtcdEngine(kj::AsyncIoContext& io, const std::string& folder)
      : io_(io), process_(folder), proxy_(io, process_.port()), gateway_(gateway()) {}

  kj::Own<net::Store> client() override {
    return store::openStore(io_, "etcd://" + proxy_.address(), "test");
  }
  void cut() override { proxy_.cut(); }
  void killAndRestart() override {
    process_.killAndRestart();
    proxy_.cut();
  }
  void compact(net::Store& store) override {
    net::Revision revision = 0;
    for (int i = 0; i < 2; ++i) // what comes before the last one is forgotten
      revision = store.commit({}, {{"overflow", "x"}}).wait(io_.waitScope).revision;
    capnp::MallocMessageBuilder message;
    auto request = message.initRoot<etcd::RangeRequest>();
    request.setRevision(std::int64_t(revision));
    gateway_->call<etcd::RangeAnswer>("/v3/kv/compaction", request).wait(io_.waitScope);
  }

 private:
  kj::Own<store::EtcdGateway> gateway() {
    std::string name = "127.0.0.1:" + std::to_string(process_.port());
    auto address = io_.provider->getNetwork().parseAddress(name.c_str()).wait(io_.waitScope);
    return kj::refcounted<store::EtcdGateway>(kj::mv(address), name, io_.provider->getTimer());
  }

  kj::AsyncIoContext& io_;
  EtcdProcess process_;
  CuttingProxy proxy_;
  kj::Own<store::EtcdGateway> gateway_;
};

template <class Made>
std::unique_ptr<Engine> make(kj::AsyncIoContext& io, const std::string& folder) {
  return std::make_unique<Made>(io, folder);
}

} // namespace

const EngineKind sqliteEngine = {"sqlite", make<SqliteEngine>};
const EngineKind etcdEngine = {"etcd", make<EtcdEngine>};
const EngineKind servedEngine = {"served", make<ServedEngine>};

} // namespace roam::test
