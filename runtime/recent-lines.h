// The last lines that were said, for error messages: a program has no log of Roam's.
#pragma once
#include "net/log.h"
#include <deque>
#include <string>

namespace roam {

/// Eight of them.
class RecentLines final : public net::Log {
 public:
  void line(kj::StringPtr text) override {
    lines_.push_back(text.cStr());
    if (lines_.size() > 8)
      lines_.pop_front();
  }
  bool isEmpty() const { return lines_.empty(); }
  /// Each on a line of its own, after a line end. Empty if there are none.
  std::string text() const {
    std::string all;
    for (const std::string& line : lines_)
      all += "\n  " + line;
    return all;
  }

 private:
  std::deque<std::string> lines_;
};

} // namespace roam
