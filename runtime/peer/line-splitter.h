// Bytes that a process prints, cut into lines.
#pragma once
#include "net/limits.h"
#include <algorithm>
#include <string>
#include <string_view>

namespace roam::peer {

/// Keeps a line that has begun. One longer than limits::outputLine comes in pieces.
class LineSplitter {
 public:
  /// Calls tell(std::string_view) for each line that ends in these bytes.
  template <class Tell>
  void add(std::string_view bytes, Tell&& tell) {
    while (!bytes.empty()) {
      const std::size_t room = limits::outputLine - begun_.size();
      const std::size_t end = bytes.substr(0, room).find('\n');
      begun_.append(bytes.substr(0, std::min(end, room)));
      bytes.remove_prefix(std::min({end == bytes.npos ? end : end + 1, room, bytes.size()}));
      if (end != bytes.npos || begun_.size() >= limits::outputLine)
        finish(tell);
    }
  }
  /// What was begun is a line, too; nothing if none was.
  template <class Tell>
  void end(Tell&& tell) {
    if (!begun_.empty())
      finish(tell);
  }

 private:
  template <class Tell>
  void finish(Tell&& tell) {
    tell(std::string_view(begun_));
    begun_.clear();
  }
  std::string begun_;
};

} // namespace roam::peer
