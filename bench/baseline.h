// The baseline: raw Cap'n Proto RPC between two processes over TCP on 127.0.0.1.
#pragma once
#include "bench/baseline.capnp.h"
#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>
#include <string>
#include <sys/types.h>

namespace roam::bench {

/// Serves Baseline on a port the kernel chooses, and writes the port to the descriptor. Never
/// returns.
int serveBaseline(int portDescriptor);

/// A process of this program that serves Baseline, ended with the object.
class BaselineProcess {
 public:
  BaselineProcess();
  ~BaselineProcess();
  KJ_DISALLOW_COPY(BaselineProcess);
  std::uint16_t port() const { return port_; }

 private:
  pid_t process_;
  std::uint16_t port_ = 0;
};

/// A connection to one. Uses the calling thread's event loop.
class BaselineClient {
 public:
  BaselineClient(kj::AsyncIoContext& io, std::uint16_t port);
  Baseline::Client server() { return server_; }

 private:
  kj::Own<kj::AsyncIoStream> stream_;
  capnp::TwoPartyVatNetwork network_;
  capnp::RpcSystem<capnp::rpc::twoparty::VatId> rpc_;
  Baseline::Client server_;
};

} // namespace roam::bench
