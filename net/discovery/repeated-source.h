// A source that can only be asked, again and again: a folder, the DNS, a command.
#pragma once
#include "net/discovery/source.h"
#include <map>
#include <set>

namespace roam::net {

/// What one look gave.
struct Look {
  /// As written there, to what tells one start of the peer from another (or nothing).
  std::map<std::string, std::string> addresses;
  /// What else lies there, in words that name it and say why it is no address. Each is told once.
  std::set<std::string> rubbish;
  /// Why it could not be looked at, or not at all of it; or nothing.
  std::string failure;
};

class RepeatedSource : public AddressSource {
 public:
  kj::Promise<void> firstRound() final { return first_.addBranch(); }

 protected:
  /// `name` is that of the source in messages.
  RepeatedSource(const Surroundings& around, std::string name);

  virtual kj::Promise<Look> look() = 0;
  /// Resolves when it is time to look again.
  virtual kj::Promise<void> pause() = 0;

  /// Called at the end of the constructor of the derived class; what it returns is destroyed first.
  kj::Promise<void> lookOnAndOn();

  const Surroundings around_;
  Trouble trouble_;

 private:
  kj::Promise<Look> lookInTime();
  void take(Look look);
  void takeAddress(Look& look, const std::string& written, const std::string& mark,
                   std::map<std::string, std::string>& seen);
  void lookedOnce();

  std::map<std::string, std::string> known_; ///< as in Look, checked
  std::set<std::string> told_;               ///< of the rubbish that is still there
  kj::Own<kj::PromiseFulfiller<void>> looked_;
  kj::ForkedPromise<void> first_;
};

} // namespace roam::net
