// A real etcd of one member beside a test.
#pragma once
#include "tests/support/child-process.h"
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace roam::test {

/// Listens on ports of 127.0.0.1 that the kernel chose. Killed with the object.
class EtcdProcess {
 public:
  /// Returns when it serves. Its files are in `folder`.
  explicit EtcdProcess(std::string folder, std::vector<std::string> options = {});

  std::uint16_t port() const { return port_; }
  /// As `--store` takes it.
  std::string where() const { return "etcd://127.0.0.1:" + std::to_string(port_); }
  pid_t id() const { return process_->id(); }
  /// Ends it by SIGKILL, and starts it again with what is on its disk, on the same ports.
  void killAndRestart();

 private:
  bool start();

  const std::string folder_;
  const std::vector<std::string> options_;
  std::uint16_t port_ = 0, peerPort_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

} // namespace roam::test
