// HTTP to etcd, and what its errors mean.
#include "runtime/store/etcd-gateway.h"
#include "net/coroutine.h"
#include "net/exceptions.h"
#include "net/limits.h"
#include "net/store.h"
#include <string_view>

namespace roam::store {
namespace {

using Type = kj::Exception::Type;

/// Of gRPC, as far as something follows from them.
enum Code { deadlineExceeded = 4, notFound = 5, exhausted = 8, outOfRange = 11, unavailable = 14 };

/// What one answer may have: a part of a listing in base64, and then some.
constexpr std::uint64_t answerBytes = 128 * (limits::storeValueBytes + limits::storeKeyBytes) * 2;
constexpr std::size_t readBytes = 64u << 10;

} // namespace

EtcdGateway::EtcdGateway(kj::Own<kj::NetworkAddress> address, std::string name, kj::Timer& timer)
    : address_(kj::mv(address)), name_(std::move(name)), timer_(timer), headers_(table_),
      client_(newClient()) {
  headers_.set(kj::HttpHeaderId::HOST, name_.c_str());
  headers_.set(kj::HttpHeaderId::CONTENT_TYPE, "application/json");
  json_.setRejectUnknownFields(false);
  json_.setHasMode(capnp::HasMode::NON_DEFAULT);
  json_.handleByAnnotation<etcd::RangeRequest>();
  json_.handleByAnnotation<etcd::RangeAnswer>();
  json_.handleByAnnotation<etcd::TxnRequest>();
  json_.handleByAnnotation<etcd::TxnAnswer>();
  json_.handleByAnnotation<etcd::GrantRequest>();
  json_.handleByAnnotation<etcd::LeaseRequest>();
  json_.handleByAnnotation<etcd::LeaseAnswer>();
  json_.handleByAnnotation<etcd::KeepAliveAnswer>();
  json_.handleByAnnotation<etcd::RevokeAnswer>();
  json_.handleByAnnotation<etcd::WatchRequest>();
  json_.handleByAnnotation<etcd::WatchLine>();
  json_.handleByAnnotation<etcd::Error>();
}

std::shared_ptr<kj::HttpClient> EtcdGateway::newClient() {
  auto client =
      std::make_shared<kj::Own<kj::HttpClient>>(kj::newHttpClient(timer_, table_, *address_));
  return {client, client->get()};
}

kj::Promise<kj::HttpClient::Response> EtcdGateway::send(kj::HttpClient& client, kj::StringPtr path,
                                                        kj::String body) {
  auto request = client.request(kj::HttpMethod::POST, path, headers_, body.size());
  co_await request.body->write(body.begin(), body.size());
  request.body = nullptr;
  co_return co_await kj::mv(request.response);
}

kj::Promise<kj::String> EtcdGateway::post(kj::StringPtr path, kj::String body) {
  auto client = client_;
  auto response = co_await send(*client, path, kj::mv(body));
  kj::String text = co_await response.body->readAllText(answerBytes);
  if (response.statusCode != 200) {
    // Errors end with HTTP trailers, which KJ would read as the next answer of that connection.
    if (client == client_)
      client_ = newClient();
    kj::throwFatalException(refusal(response.statusCode, text));
  }
  co_return kj::mv(text);
}

kj::Promise<kj::Own<EtcdGateway::Lines>> EtcdGateway::openLines(kj::StringPtr path,
                                                                kj::String body) {
  auto lines = kj::heap<Lines>();
  lines->client_ = kj::newHttpClient(timer_, table_, *address_);
  auto response = co_await send(*lines->client_, path, kj::mv(body));
  lines->body_ = kj::mv(response.body);
  if (response.statusCode != 200)
    kj::throwFatalException(
        refusal(response.statusCode, co_await lines->body_->readAllText(answerBytes)));
  co_return kj::mv(lines);
}

kj::Promise<kj::String> EtcdGateway::Lines::next() {
  std::size_t looked = 0;
  for (;;) {
    if (auto end = read_.find('\n', looked); end != read_.npos) {
      kj::String line = kj::heapString(read_.data(), end);
      read_.erase(0, end + 1);
      co_return kj::mv(line);
    }
    looked = read_.size();
    if (looked > answerBytes)
      kj::throwFatalException(
          net::failed(kj::str("etcd sent a line of more than ", answerBytes, " bytes")));
    read_.resize(looked + readBytes);
    const std::size_t size = co_await body_->tryRead(read_.data() + looked, 1, readBytes);
    read_.resize(looked + size);
    if (size == 0)
      kj::throwFatalException(net::disconnected("etcd ended the watch"));
  }
}

kj::Exception EtcdGateway::refusal(unsigned status, kj::StringPtr text) {
  if (!text.startsWith("{")) // not of the gateway
    return net::failed(kj::str(name_.c_str(),
                               " is no etcd, or has no JSON gateway: it "
                               "answered with HTTP status ",
                               status));
  auto error = read<etcd::Error>(text);
  return exceptionOf(error->getRoot<etcd::Error>(), name_.c_str());
}

kj::Exception EtcdGateway::exceptionOf(etcd::Error::Reader error, kj::StringPtr name) {
  std::string_view words(error.getMessage().begin(), error.getMessage().size());
  auto says = [&](std::string_view part) { return words.find(part) != words.npos; };
  if (says("requested lease not found"))
    return net::leaseEndedException();
  if (says("database space exceeded"))
    return net::failed(kj::str("the etcd at ", name,
                               " is full; nothing was written. Reading goes on. "
                               "Compact and defragment it, then disarm its alarm (etcdctl)"));
  Type type = Type::FAILED;
  switch (error.getCode()) {
  case deadlineExceeded:
  case unavailable:
  case outOfRange: // what is read in parts was compacted meanwhile
    type = Type::DISCONNECTED;
    break;
  case exhausted:
    type = Type::OVERLOADED;
    break;
  default:
    break;
  }
  return net::exceptionOf(type, kj::str("the etcd at ", name, ": ", error.getMessage()));
}

void EtcdGateway::decode(kj::StringPtr text, kj::Function<void()> decoding) {
  KJ_IF_MAYBE (failure, kj::runCatchingExceptions([&] { decoding(); }))
    kj::throwFatalException(net::failed(kj::str(
        name_.c_str(), " answered what is no answer of etcd: ",
        kj::heapString(text.begin(), kj::min(text.size(), 100)), ": ", failure->getDescription())));
}

} // namespace roam::store
