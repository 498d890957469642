// Where the network side says what happened: one line an event, for whoever runs the process.
#pragma once
#include <kj/exception.h>
#include <kj/string.h>
#include <string>
#include <string_view>

namespace roam::net {

/// Takes log lines. Called on the loop thread. Must outlive whoever was given it.
class Log {
 public:
  virtual ~Log() noexcept(false) = default;
  /// One event in one line, without a line end.
  virtual void line(kj::StringPtr text) = 0;
};

/// For a function that declares a KjLogScope: keeps AddressSanitizer from moving its variables off
/// the stack.
#define ROAM_ON_TRUE_STACK __attribute__((no_sanitize("address")))

/// Sends what KJ and Cap'n Proto say by themselves (for example of a failed handshake) to `log`
/// instead of stderr. Must stand on the stack of the loop thread, under everything whose messages
/// it should take: KJ checks that, so its function is marked ROAM_ON_TRUE_STACK.
class KjLogScope final : public kj::ExceptionCallback {
 public:
  explicit KjLogScope(Log& log) : log_(log) {}
  void logMessage(kj::LogSeverity severity, const char* file, int line, int contextDepth,
                  kj::String&& text) override;

 private:
  Log& log_;
};

/// The text in one line and without control characters: what others sent must not move the cursor
/// of a terminal, nor pretend to be a line of its own. Each becomes "\\x1b".
std::string oneLine(std::string_view text);

/// What an exception says, for people: without file, line and the marks Cap'n Proto adds to what
/// came from a peer.
kj::String wordsOf(const kj::Exception& exception);

} // namespace roam::net
