// The input is a file in memory, so that it need not be written while the output is read.
#include "tools/programs.h"
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <kj/io.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

extern char** environ;

namespace roam::tools {
namespace {

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

kj::AutoCloseFd fileOf(std::string_view bytes) {
  kj::AutoCloseFd file(memfd_create("input", MFD_CLOEXEC));
  if (file.get() < 0)
    fail(errno, "can't make a file in memory");
  while (!bytes.empty()) {
    ssize_t written = write(file.get(), bytes.data(), bytes.size());
    if (written < 0)
      fail(errno, "can't write a file in memory");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  lseek(file.get(), 0, SEEK_SET);
  return file;
}

std::string readToEnd(int descriptor) {
  std::string text;
  char buffer[65536];
  for (;;) {
    ssize_t got = read(descriptor, buffer, sizeof buffer);
    if (got > 0)
      text.append(buffer, static_cast<std::size_t>(got));
    else if (got == 0 || errno != EINTR)
      return text;
  }
}

int endOf(pid_t process) {
  int status;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR)
    ;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

} // namespace

Ended runProgram(const std::string& program, const std::vector<std::string>& arguments,
                 std::string_view input) {
  kj::AutoCloseFd file = fileOf(input);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    fail(errno, "can't make a pipe");
  kj::AutoCloseFd from(ends[0]), to(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, file.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, to.get(), STDOUT_FILENO);
  std::vector<char*> words{const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments)
    words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  pid_t process;
  int failure = posix_spawnp(&process, program.c_str(), &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0)
    fail(failure, fmt::format("can't start {}", program));
  to = nullptr;
  Ended ended;
  ended.output = readToEnd(from.get());
  ended.status = endOf(process);
  return ended;
}

std::string findProgram(const std::string& name) {
  std::filesystem::path folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  std::filesystem::path beside = folder / name;
  std::filesystem::path installed = folder.parent_path() / "libexec/roam" / name;
  for (const std::filesystem::path& path : {beside, installed})
    if (access(path.c_str(), X_OK) == 0)
      return path;
  throw std::runtime_error(
      fmt::format("{} is neither at {} nor at {}: is Roam installed completely?", name,
                  beside.string(), installed.string()));
}

} // namespace roam::tools
