// Other programs that this one runs to their end.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace roam::tools {

struct ChildResult {
  int status = 0; ///< exit code, or 128 + signal
  std::string output, errors;
};

/// Runs the program at the path words[0] with `input` on its standard input. What it writes is kept
/// in memory. Callable from any thread. Throws std::runtime_error if it can't be started, or takes
/// longer than `seconds`; it is killed then.
ChildResult runChild(std::vector<std::string> words, std::string_view input, int seconds);

} // namespace roam::tools
