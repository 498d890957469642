// Reading what a command prints.
#include "net/discovery/command-source.h"
#include "net/address.h"
#include "net/coroutine.h"
#include "net/discovery/shell-command.h"
#include "net/limits.h"
#include <sstream>

namespace roam::net {
namespace {

/// Why the line is no address that can be used, or "".
std::string refusalOf(const std::string& line) {
  KJ_IF_MAYBE (failure, kj::runCatchingExceptions([&] { loopbackAddress(line.c_str()); }))
    return wordsOf(*failure).cStr();
  return "";
}

std::string firstLine(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

/// A command that prints one line that is none may print another each time: the first is told, as
/// trouble that lasts.
Look lookOf(const CommandEnd& ended) {
  Look look;
  std::istringstream lines(ended.output);
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    line.erase(line.find_last_not_of(" \t\r") + 1);
    line.erase(0, line.find_first_not_of(" \t"));
    if (line.empty())
      continue;
    std::string refusal = refusalOf(line.substr(0, limits::addressBytes));
    if (refusal.empty())
      look.addresses.emplace(line, "");
    else if (look.failure.empty())
      look.failure =
          "line " + std::to_string(number) + " of what it prints is left out: " + refusal;
  }
  if (!ended.failure.empty())
    look.failure = "the command " + ended.failure +
                   (ended.errors.empty() ? "" : ": " + firstLine(ended.errors));
  else if (number == 0)
    look.failure = "the command printed no address";
  return look;
}

} // namespace

CommandSource::CommandSource(const Surroundings& around, const std::string& command)
    : RepeatedSource(around, "exec:" + command), command_(command), looking_(lookOnAndOn()) {}

kj::Promise<Look> CommandSource::look() {
  co_return lookOf(co_await runCommand(around_.io, command_, limits::commandTime));
}

kj::Promise<void> CommandSource::pause() {
  return around_.io.provider->getTimer().afterDelay(limits::commandRepeat);
}

} // namespace roam::net
