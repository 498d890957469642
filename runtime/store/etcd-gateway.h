// The JSON gateway of one etcd: requests out, answers in, over HTTP.
#pragma once
#include "runtime/store/etcd.capnp.h"
#include <capnp/compat/json.h>
#include <capnp/message.h>
#include <kj/async-io.h>
#include <kj/compat/http.h>
#include <kj/refcount.h>
#include <kj/timer.h>
#include <memory>
#include <string>

namespace roam::store {

/// Call on the loop thread. What fails does so with DISCONNECTED if the etcd can't be reached, has
/// no leader, or breaks off; with OVERLOADED if it has too much to do; else with FAILED and etcd's
/// words. It must outlive what it promises.
class EtcdGateway final : public kj::Refcounted {
 public:
  /// `name` is HOST:PORT. `timer` must outlive it.
  EtcdGateway(kj::Own<kj::NetworkAddress> address, std::string name, kj::Timer& timer);
  KJ_DISALLOW_COPY(EtcdGateway);

  using Message = kj::Own<capnp::MallocMessageBuilder>;
  /// The answer is the root of the message.
  template <class Answer, class Request>
  kj::Promise<Message> call(kj::StringPtr path, const Request& request) {
    return post(path, json_.encode(request.asReader())).then([this](kj::String&& text) {
      return read<Answer>(text);
    });
  }

  /// An answer that comes line by line. Ends before the gateway.
  class Lines {
   public:
    /// Fails with DISCONNECTED when no more will come.
    kj::Promise<kj::String> next();

   private:
    friend class EtcdGateway;
    kj::Own<kj::HttpClient> client_;     ///< with a connection of its own
    kj::Own<kj::AsyncInputStream> body_; ///< is gone before the client
    std::string read_;                   ///< and not given yet
  };
  template <class Request>
  kj::Promise<kj::Own<Lines>> open(kj::StringPtr path, const Request& request) {
    return openLines(path, kj::str(json_.encode(request.asReader()), "\n"));
  }

  template <class Answer>
  Message read(kj::StringPtr text) {
    auto message = kj::heap<capnp::MallocMessageBuilder>();
    decode(text, [&] { json_.decode(text, message->initRoot<Answer>()); });
    return message;
  }
  /// What an error of etcd means here.
  static kj::Exception exceptionOf(etcd::Error::Reader error, kj::StringPtr name);

 private:
  kj::Promise<kj::String> post(kj::StringPtr path, kj::String body);
  kj::Promise<kj::Own<Lines>> openLines(kj::StringPtr path, kj::String body);
  kj::Promise<kj::HttpClient::Response> send(kj::HttpClient& client, kj::StringPtr path,
                                             kj::String body);
  std::shared_ptr<kj::HttpClient> newClient();
  kj::Exception refusal(unsigned status, kj::StringPtr text);
  void decode(kj::StringPtr text, kj::Function<void()> decoding);

  kj::Own<kj::NetworkAddress> address_;
  const std::string name_;
  kj::Timer& timer_;
  kj::HttpHeaderTable table_;
  kj::HttpHeaders headers_;
  capnp::JsonCodec json_;
  std::shared_ptr<kj::HttpClient> client_; ///< one connection for each request that waits
};

} // namespace roam::store
