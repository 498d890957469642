// One place where addresses of peers are looked for.
#pragma once
#include "net/discovery.h"
#include <string>

namespace roam::net {

/// What every source needs. The references outlive it.
struct Surroundings {
  kj::AsyncIoContext& io;
  Log& log;
  const AddressFound& found;
  std::string cluster;
};

/// Looks from its construction on, until it is destroyed. Nothing in it fails: see Trouble.
class AddressSource {
 public:
  virtual ~AddressSource() noexcept(false) = default;
  /// Resolves when it has looked once. To be asked once.
  virtual kj::Promise<void> firstRound() = 0;
  /// Null if addresses can't be announced there.
  virtual kj::Own<Announcement> announce(const std::string&) { return {}; }
};

/// Tells when a source begins to have trouble and when that is over, and nothing between.
class Trouble {
 public:
  Trouble(Log& log, std::string source) : log_(log), source_(std::move(source)) {}

  void begin(const std::string& why) {
    if (!had_)
      say(why);
    had_ = true;
  }
  void end() {
    if (had_)
      say("works again");
    had_ = false;
  }
  /// One line, whatever is going on.
  void say(const std::string& words) {
    log_.line(kj::str(oneLine(source_).c_str(), ": ", oneLine(words).c_str()));
  }

 private:
  Log& log_;
  std::string source_;
  bool had_ = false;
};

} // namespace roam::net
