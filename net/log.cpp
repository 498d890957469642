// KJ's own messages as log lines.
#include "net/log.h"

namespace roam::net {

void KjLogScope::logMessage(kj::LogSeverity severity, const char*, int, int, kj::String&& text) {
  // The text may have several lines; a log line is one.
  for (char& c : text)
    if (c == '\n')
      c = ' ';
  log_.line(kj::str("kj ", severity, ": ", text));
}

kj::String wordsOf(const kj::Exception& exception) {
  kj::StringPtr words = exception.getDescription();
  constexpr kj::StringPtr mark = "remote exception: "_kj;
  while (words.startsWith(mark))
    words = words.slice(mark.size());
  return kj::str(words);
}

} // namespace roam::net
