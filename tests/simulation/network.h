// A network of machines in one thread, on a clock of its own: bytes take time, links fall silent
// in one direction or both, connections break, machines go.
//
//     write      the bytes are on their way; they arrive in order after a random time, those of
//                other connections sooner or later
//     silence    what is on its way from one machine to another waits until the link is healed;
//                nobody is told
//     cut        both ends of the connections between two machines fail
//     the end    of a stream is destroyed, as with its process: the other side reads an end, if the
//                link lets it through
#pragma once
#include "tests/simulation/chance.h"
#include <kj/async-io.h>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace roam::simulation {

/// Everything runs on one loop. Must outlive what it gives.
class Network {
 public:
  Network(kj::Timer& timer, Chance& chance, Trace& trace);
  ~Network() noexcept(false);
  KJ_DISALLOW_COPY(Network);

  /// As the machine sees it. A machine listens at its own name, which is an address.
  kj::Own<kj::Network> at(std::string machine);

  /// Nothing arrives from one at the other any more, until `heal`.
  void silence(const std::string& from, const std::string& to);
  void heal(const std::string& from, const std::string& to);
  void healAll();
  /// Breaks what connects them.
  void cut(const std::string& one, const std::string& other);
  /// How long bytes take, at most.
  void setDelay(kj::Duration most) { mostDelay_ = most; }
  /// Ends of connections that somebody holds.
  std::size_t openEnds() const { return openEnds_; }

 private:
  class Place;
  class Address;
  class Receiver;
  class End;
  struct Wire;
  struct Way;

  bool isSilent(const std::string& from, const std::string& to) const {
    return silent_.contains({from, to});
  }
  kj::Duration delay() { return chance_.between(20 * kj::MICROSECONDS, mostDelay_); }

  kj::Timer& timer_;
  Chance& chance_;
  Trace& trace_;
  kj::Duration mostDelay_ = 1 * kj::MILLISECONDS;
  std::map<std::string, Receiver*> receivers_;
  std::set<std::pair<std::string, std::string>> silent_; ///< from, to
  std::vector<std::weak_ptr<Wire>> wires_;
  std::size_t openEnds_ = 0;
};

} // namespace roam::simulation
