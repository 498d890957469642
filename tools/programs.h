// Other programs, run to their end.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace roam::tools {

struct Ended {
  int status = -1;    ///< exit code, or 128 + signal
  std::string output; ///< what it printed on standard output
};

/// Runs a program with these arguments, and `input` on its standard input; what it prints on
/// standard error goes to ours. A path, or a name that is looked for in PATH. Throws
/// std::system_error if it can't be started.
Ended runProgram(const std::string& program, const std::vector<std::string>& arguments,
                 std::string_view input = "");

/// The path of a program of Roam's own: beside the running one, or in ../libexec/roam from there.
/// Throws std::runtime_error that says where it was looked for.
std::string findProgram(const std::string& name);

} // namespace roam::tools
