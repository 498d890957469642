// Stands between clients and a server, and breaks their connections when a test says so.
#pragma once
#include <kj/async-io.h>
#include <string>

namespace roam::test {

/// Listens on 127.0.0.1, on a port that the kernel chooses, and hands each connection's bytes on to
/// the server, whatever they mean. Runs on the loop of `io`, which must outlive it.
class CuttingProxy final : public kj::TaskSet::ErrorHandler {
 public:
  CuttingProxy(kj::AsyncIoContext& io, std::uint16_t serverPort);
  KJ_DISALLOW_COPY(CuttingProxy);

  /// "127.0.0.1:PORT".
  const std::string& address() const { return address_; }
  /// Where new connections lead from now on.
  void setServer(std::uint16_t port) { serverPort_ = port; }
  /// Breaks all connections, wherever their bytes are.
  void cut();
  /// Connections that were made through it.
  unsigned connections() const { return connections_; }

 private:
  kj::Promise<void> acceptAll();
  kj::Promise<void> join(kj::Own<kj::AsyncIoStream> client);
  void taskFailed(kj::Exception&&) override {} // a connection that breaks is its purpose

  kj::AsyncIoContext& io_;
  kj::Own<kj::ConnectionReceiver> receiver_;
  std::string address_;
  std::uint16_t serverPort_;
  unsigned connections_ = 0;
  kj::Own<kj::TaskSet> open_;
  kj::Promise<void> accepting_;
};

} // namespace roam::test
