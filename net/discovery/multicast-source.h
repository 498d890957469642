// multicast: peers that answer a question to all. See net/discovery.capnp.
#pragma once
#include "net/discovery/datagram.h"
#include "net/discovery/multicast-socket.h"
#include "net/discovery/source.h"
#include "net/join-place.h"
#include <map>
#include <set>

namespace roam::net {

class MulticastSource final : public AddressSource {
 public:
  /// `answers`: JoinOptions::registers.
  MulticastSource(const Surroundings& around, const JoinPlace& place, bool answers);

  kj::Promise<void> firstRound() override { return first_.addBranch(); }
  kj::Own<Announcement> announce(const std::string& address) override;

 private:
  class Answer;
  /// A peer that answered.
  struct Heard {
    std::uint64_t sender;
    kj::TimePoint last;
  };

  kj::Promise<void> openOnAndOn();
  kj::Promise<void> ask();
  kj::Promise<void> receive();
  void take(kj::ArrayPtr<const kj::byte> bytes);
  void takeAddress(const std::string& written, std::uint64_t sender);
  bool isFlood();
  void ignore(const char* why);
  void answerSoon();
  void say(std::optional<std::vector<std::string>> addresses);
  void finishRoundAt(kj::TimePoint time);

  const Surroundings around_;
  const JoinPlace place_;
  const bool answers_;
  kj::Timer& timer_;
  Trouble trouble_;
  const std::uint64_t sender_;
  std::set<std::string> own_;          ///< what is answered
  std::map<std::string, Heard> heard_; ///< by address
  kj::TimePoint second_;               ///< in which the datagrams are counted
  unsigned inSecond_ = 0;
  kj::TimePoint tellAt_; ///< of ignored datagrams, not before
  std::uint64_t ignored_ = 0;
  kj::TimePoint answered_;
  bool isAnswering_ = false;
  const kj::TimePoint roundEndsBy_;
  kj::Own<kj::PromiseFulfiller<void>> looked_;
  kj::ForkedPromise<void> first_ = nullptr;
  kj::Own<MulticastSocket> socket_; ///< null while there is none
  kj::Promise<void> roundEnd_ = nullptr, answering_ = nullptr, running_ = nullptr;
};

} // namespace roam::net
