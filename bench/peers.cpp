#include "bench/peers.h"
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace roam::bench {

std::string thisProgram() {
  return std::filesystem::read_symlink("/proc/self/exe").string();
}

std::string roamCommand() {
  return (std::filesystem::path(thisProgram()).parent_path() / "roam").string();
}

Peers::Peers(unsigned count, const std::string& cache, const std::vector<std::string>& more) {
  std::string command = roamCommand();
  for (unsigned i = 0; i < count; ++i) {
    std::string folder = cache.empty() ? "" : cache + "-" + std::to_string(i);
    std::vector<const char*> words = {"roam",    "peer",         "--listen",    "127.0.0.1:0",
                                      "--cache", folder.c_str(), "--allow-root"};
    if (std::ranges::find(more, "--workers") == more.end())
      words.insert(words.end(), {"--workers", "1"});
    for (const std::string& word : more)
      words.push_back(word.c_str());
    words.push_back(nullptr);
    int pipe[2];
    if (pipe2(pipe, O_CLOEXEC) != 0)
      throw std::runtime_error("pipe");
    pid_t process = fork();
    if (process == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      dup2(pipe[1], STDOUT_FILENO);
      execv(command.c_str(), const_cast<char* const*>(words.data()));
      _exit(127);
    }
    processes_.push_back(process);
    close(pipe[1]);
    FILE* lines = fdopen(pipe[0], "r");
    char line[512] = "";
    char address[512] = "";
    if (fgets(line, sizeof line, lines) == nullptr ||
        std::sscanf(line, "roam peer listening on %511s", address) != 1)
      throw std::runtime_error(command + " peer did not start");
    fclose(lines);
    addresses_ += (addresses_.empty() ? "" : ",") + std::string(address);
  }
}

Peers::~Peers() {
  for (pid_t process : processes_)
    kill(process, SIGTERM);
  for (pid_t process : processes_)
    waitpid(process, nullptr, 0);
}

void bundleOfThisProgram(const std::string& path) {
  std::string command = roamCommand() + " bundle -o " + path + " " + thisProgram() + " >/dev/null";
  if (std::system(command.c_str()) != 0)
    throw std::runtime_error(command);
}

} // namespace roam::bench
