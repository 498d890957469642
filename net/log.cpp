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

std::string oneLine(std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  std::string line;
  for (unsigned char c : text) {
    const bool afterMark = !line.empty() && line.back() == '\xc2';
    if (c < 0x20 || c == 0x7f || (afterMark && c < 0xa0)) { // UTF-8 has controls at C2 80 to C2 9F
      if (afterMark)
        line.pop_back();
      line += {'\\', 'x', digits[c >> 4], digits[c & 15]};
    } else {
      line += char(c);
    }
  }
  return line;
}

kj::String wordsOf(const kj::Exception& exception) {
  kj::StringPtr words = exception.getDescription();
  constexpr kj::StringPtr mark = "remote exception: "_kj;
  while (words.startsWith(mark))
    words = words.slice(mark.size());
  return kj::str(words);
}

} // namespace roam::net
