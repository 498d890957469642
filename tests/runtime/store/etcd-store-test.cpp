// What only the store in etcd has: endpoints, clusters that share it, its refusals.
#include "net/limits.h"
#include "runtime/store/etcd-endpoint.h"
#include "runtime/store/open-store.h"
#include "tests/runtime/store/engines.h"
#include "tests/support/etcd-process.h"

using namespace roam;
using namespace roam::test;

namespace {

class EtcdStores : public testing::Test {
 protected:
  ~EtcdStores() noexcept override = default;

  template <class T>
  kj::Exception failureOf(kj::Promise<T> promise) {
    KJ_IF_MAYBE (failure, kj::runCatchingExceptions([&] { promise.wait(loop); }))
      return kj::mv(*failure);
    ADD_FAILURE() << "expected a failure";
    return kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__);
  }
  kj::Promise<net::Committed> put(net::Store& store, const std::string& key,
                                  const std::string& value) {
    return store.commit({}, {{key, value}});
  }

  TemporaryFolder folder;
  kj::AsyncIoContext io = kj::setupAsyncIo();
  kj::WaitScope& loop = io.waitScope;
};

/// Answers each connection with the same bytes.
class Stranger {
 public:
  Stranger(kj::AsyncIoContext& io, std::string answer)
      : answer_(std::move(answer)),
        receiver_(
            io.provider->getNetwork().parseAddress("127.0.0.1", 0).wait(io.waitScope)->listen()),
        serving_(receiver_->accept()
                     .then([this](kj::Own<kj::AsyncIoStream> stream) {
                       auto& to = *stream;
                       return to.write(answer_.data(), answer_.size())
                           .then([&to] { return to.readAllText().ignoreResult(); })
                           .attach(kj::mv(stream));
                     })
                     .eagerlyEvaluate([](kj::Exception&&) {})) {}

  kj::Own<store::EtcdEndpoint> endpoint(kj::AsyncIoContext& io) {
    const std::string name = "127.0.0.1:" + std::to_string(receiver_->getPort());
    return kj::heap<store::EtcdEndpoint>(
        io.provider->getNetwork().parseAddress(name.c_str()).wait(io.waitScope), name,
        io.provider->getTimer(), "test");
  }

 private:
  const std::string answer_;
  kj::Own<kj::ConnectionReceiver> receiver_;
  kj::Promise<void> serving_;
};

} // namespace

TEST_F(EtcdStores, AskTheNextEndpointIfOneFails) {
  EtcdProcess etcd(folder.path());
  const std::string real = "127.0.0.1:" + std::to_string(etcd.port());
  auto store = store::openStore(io, "etcd://127.0.0.1:1," + real + ",127.0.0.1:2", "test");
  EXPECT_TRUE(put(*store, "a", "1").wait(loop).done);
  etcd.killAndRestart();
  EXPECT_TRUE(store->get("a").wait(loop) != nullptr);
}

TEST_F(EtcdStores, OfDifferentClustersAreApart) {
  EtcdProcess etcd(folder.path());
  auto one = store::openStore(io, etcd.where(), "one"),
       two = store::openStore(io, etcd.where(), "two");
  EXPECT_NE(one->identity().wait(loop), two->identity().wait(loop));
  auto watch = two->watch("", 0);
  put(*one, "a", "1").wait(loop);
  EXPECT_EQ(two->list("").wait(loop).entries.size(), 0u);
  put(*two, "a", "2").wait(loop);
  EXPECT_EQ(textOf(watch->next().wait(loop).events), "a=2");
  EXPECT_EQ(one->list("").wait(loop).entries.size(), 1u);
}

TEST_F(EtcdStores, SayThatTheyAreFullAndCanStillBeRead) {
  EtcdProcess etcd(folder.path(), {"--quota-backend-bytes", "1000000"});
  auto store = store::openStore(io, etcd.where(), "test");
  put(*store, "a", "1").wait(loop);
  const std::string value(limits::storeValueBytes, 'x');
  kj::Maybe<kj::Exception> full;
  for (int i = 0; i < 10 && full == nullptr; ++i)
    full = kj::runCatchingExceptions([&] { put(*store, "b", value).wait(loop); });
  KJ_IF_MAYBE (failure, full) {
    EXPECT_EQ(failure->getType(), kj::Exception::Type::FAILED);
    EXPECT_TRUE(says(*failure, "is full"));
  } else {
    ADD_FAILURE() << "it takes more than its quota";
  }
  EXPECT_TRUE(store->get("a").wait(loop) != nullptr);
}

TEST_F(EtcdStores, SayThatSomethingElseAnswers) {
  Stranger friendly(io, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_TRUE(says(failureOf(friendly.endpoint(io)->identity()), "no answer of etcd: hello"));
  Stranger missing(io, "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone");
  EXPECT_TRUE(says(failureOf(missing.endpoint(io)->identity()), "has no JSON gateway"));
  Stranger noise(io, "\x15\x03\x01 this is no HTTP\r\n\r\n");
  failureOf(noise.endpoint(io)->identity());
  Stranger other(io, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_TRUE(says(failureOf(other.endpoint(io)->identity()), "no answer to who it is"));
}
