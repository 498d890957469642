// Processes without a shell, ended by their id.
#include "tests/support/child-process.h"
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace roam::test {

ChildProcess::ChildProcess(const std::vector<std::string>& words, const std::string& errors) {
  int pipe[2];
  if (pipe2(pipe, O_CLOEXEC) != 0)
    throw std::system_error(errno, std::generic_category(), "pipe");
  std::vector<char*> arguments;
  for (auto& word : words)
    arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  process_ = fork();
  if (process_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigset_t none; // an event loop blocks some
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    dup2(pipe[1], 1);
    if (!errors.empty())
      dup2(open(errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  close(pipe[1]);
  output_ = pipe[0];
  if (process_ < 0)
    throw std::system_error(errno, std::generic_category(), "fork");
}

ChildProcess::~ChildProcess() {
  kill();
  close(output_);
}

std::string ChildProcess::line() {
  for (;;) {
    if (auto end = read_.find('\n'); end != read_.npos) {
      std::string line = read_.substr(0, end);
      read_.erase(0, end + 1);
      return line;
    }
    pollfd ready = {output_, POLLIN, 0};
    char bytes[4096];
    ssize_t size = poll(&ready, 1, 30'000) == 1 ? read(output_, bytes, sizeof bytes) : -1;
    if (size <= 0)
      throw std::runtime_error("the program said nothing more");
    read_.append(bytes, std::size_t(size));
  }
}

void ChildProcess::kill() {
  if (process_ <= 0)
    return;
  ::kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  process_ = -1;
}

bool ChildProcess::runs() {
  return process_ > 0 && waitpid(process_, nullptr, WNOHANG) == 0;
}

} // namespace roam::test
