// Peers at addresses that are known before they start, with logs that can be read.
#pragma once
#include "tests/e2e/peers.h"
#include "tests/support/child-process.h"
#include <csignal>
#include <fstream>
#include <iterator>
#include <memory>
#include <roam/live.h>
#include <roam/roam.h>

namespace roam::e2e {

using Words = std::vector<std::string>;

/// `roam peer` with one worker, on a Unix socket; killed with the object.
class MemberProcess {
 public:
  /// Does not wait until it works.
  MemberProcess(const TemporaryFolder& folder, const std::string& name, Words more = {})
      : address_("unix:" + folder.path() + "/" + name), log_(folder.path() + "/" + name + ".log"),
        words_{builtProgram("roam"), "peer", "--listen", address_,
               "--workers",          "1",    "--cache",  folder.path() + "/" + name + ".cache"} {
    words_.insert(words_.end(), more.begin(), more.end());
    start();
  }

  void start() { process_ = std::make_unique<test::ChildProcess>(words_, log_); }
  /// Until it is level with its cluster.
  void awaitWork() {
    if (std::string line = process_->line(); line != "roam peer listening on " + address_)
      throw std::runtime_error("a peer said: " + line);
  }
  void kill() { process_->kill(); }
  void signal(int number) const { ::kill(process_->id(), number); }
  pid_t id() const { return process_->id(); }
  bool runs() { return process_->runs(); }

  const std::string& address() const { return address_; }
  /// What it wrote to its standard error since it was last started.
  std::string log() const {
    std::ifstream file(log_);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  bool said(const std::string& words) const { return log().find(words) != std::string::npos; }
  void awaitWords(const std::string& words) const {
    try {
      await(("the log of " + address_ + " has: " + words).c_str(), [&] { return said(words); });
    } catch (const std::exception& error) {
      throw std::runtime_error(error.what() + std::string("; it has:\n") + log());
    }
  }

 private:
  std::string address_, log_;
  Words words_;
  std::unique_ptr<test::ChildProcess> process_;
};

/// Waits for a certain event, whatever comes before it.
inline PeerEvent awaitEvent(PeerWatch& watch, PeerChange change, const std::string& address) {
  while (std::optional<PeerEvent> event = watch.next(Duration(20)))
    if (event->change == change && event->peer.address == address)
      return *event;
  throw std::runtime_error("no event " + std::to_string(int(change)) + " came for " + address);
}

/// Publishes again and again until all members can be reached.
template <class F>
std::uint64_t publishAtLast(Cluster& cluster, const std::string& name, const F& f) {
  std::uint64_t revision = 0;
  std::string why;
  try {
    await("a name is bound", [&] {
      try {
        revision = cluster.publish(name, f);
      } catch (const Error& error) {
        why = error.what();
      }
      return revision > 0;
    });
  } catch (const std::exception& error) {
    throw std::runtime_error(std::string(error.what()) + ": " + why);
  }
  return revision;
}

} // namespace roam::e2e
