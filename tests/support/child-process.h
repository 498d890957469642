// A program that runs beside a test.
#pragma once
#include <string>
#include <sys/types.h>
#include <vector>

namespace roam::test {

/// Killed with the object, or with this process.
class ChildProcess {
 public:
  /// Its standard output can be read; its errors go where `errors` says, or to ours.
  explicit ChildProcess(const std::vector<std::string>& words, const std::string& errors = "");
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t id() const { return process_; }
  /// The next line of its output, without its end. Throws if there is none within 30 s.
  std::string line();
  /// By SIGKILL; returns when it is gone.
  void kill();
  /// Whether it runs still.
  bool runs();

 private:
  pid_t process_ = -1;
  int output_ = -1;
  std::string read_;
};

} // namespace roam::test
