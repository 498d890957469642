// The other processes of an end-to-end test: real `roam peer` processes on 127.0.0.1, and programs
// run to their end.
#pragma once
#include "tests/support/temporary-folder.h"
#include <cstdint>
#include <functional>
#include <gtest/gtest.h>
#include <list>
#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

namespace roam::e2e {

using test::TemporaryFolder;

/// Ends the program, with the test's name, if a test takes longer than a minute and a half.
class EndToEnd : public testing::Test {
 protected:
  EndToEnd();
  ~EndToEnd() override;
};

/// Looks again and again, at most 20 s; fails the test with `what` if it never becomes true.
void await(const char* what, const std::function<bool()>& condition);

/// True once the process is gone or a zombie.
bool isGone(pid_t process);
/// The processes it started that still run.
std::vector<pid_t> childrenOf(pid_t process);

/// The path of a program of this build: "roam", "hello".
std::string builtProgram(const std::string& name);

struct Ended {
  int status = -1; ///< exit code, or 128 + signal
  std::string output, errors;
};

/// Runs a program to its end, nothing on its standard input; `environment` is added to ours.
Ended run(const std::vector<std::string>& words, const std::vector<std::string>& environment = {});

/// A program that runs beside the test and is killed with the object.
class Process {
 public:
  /// Its standard output is read by line(). Its standard input is a pipe of which we hold the other
  /// end.
  explicit Process(const std::vector<std::string>& words);
  ~Process();
  Process(const Process&) = delete;

  pid_t id() const { return id_; }
  /// The next line it prints; fails the test if it ends first.
  std::string line();
  void signal(int number) const;
  /// Sends the signal and waits for its end. Gives its exit code, or 128 + signal.
  int end(int number);

 private:
  pid_t id_ = -1;
  int input_ = -1, output_ = -1;
  std::string read_;
};

/// What a peer counted since it started: `Status` of net/peer.capnp.
struct Counters {
  std::uint64_t elementsDone, chunksDone, slices, slicesReceived, compiled, cacheHits, workersLost;
  std::uint64_t linked, memory, bundled, fromPeers, shipped;
};

Counters countersOf(const std::string& address);

/// What begins with `prefix` in the store of a peer's cluster, in order.
std::vector<std::string> storeKeys(const std::string& address, const std::string& prefix);

/// One `roam peer` on a port that the kernel chose, with a cache folder of its own.
class PeerProcess {
 public:
  /// `more` are further words of its command line.
  explicit PeerProcess(unsigned workers, const std::vector<std::string>& more = {});

  const std::string& address() const { return address_; }
  const std::string& cacheFolder() const { return cache_.path(); }
  pid_t id() const { return process_->id(); }
  /// The next line of its standard output, after its announcement.
  std::string line() { return process_->line(); }
  Counters counters() const;
  /// Of all code that it was sent: 64 hexadecimal digits each.
  std::vector<std::string> digests() const;
  void signal(int number) const { process_->signal(number); }
  int end(int number) { return process_->end(number); }
  /// Ends it in order and starts another on the same cache folder, at another address.
  void restart();

 private:
  void start();
  TemporaryFolder cache_;
  unsigned workers_;
  std::vector<std::string> more_;
  std::unique_ptr<Process> process_;
  std::string address_;
};

/// Several of them.
class Peers {
 public:
  explicit Peers(unsigned count, unsigned workers = 1);
  /// For roam::connect.
  std::string addresses() const;
  PeerProcess& operator[](std::size_t index) { return *peers_[index]; }
  std::size_t size() const { return peers_.size(); }
  auto begin() { return peers_.begin(); }
  auto end() { return peers_.end(); }

 private:
  std::vector<std::unique_ptr<PeerProcess>> peers_;
};

} // namespace roam::e2e
