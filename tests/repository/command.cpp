#include "tests/repository/command.h"
#include <array>
#include <cstdio>
#include <stdexcept>
#include <sys/wait.h>

namespace roam::test {

CommandResult run(const std::string& command) {
  std::FILE* pipe = popen(("{ " + command + "\n} 2>&1").c_str(), "r");
  if (!pipe)
    throw std::runtime_error("no shell to run " + command);
  CommandResult result;
  std::array<char, 4096> bytes;
  while (std::size_t size = std::fread(bytes.data(), 1, bytes.size(), pipe))
    result.output.append(bytes.data(), size);
  int status = pclose(pipe);
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

} // namespace roam::test
