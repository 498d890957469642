// One process of roam-compiler an object. Its input and output are files in memory, so that nobody
// has to read while somebody writes.
#include "tools/object-making.h"
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <kj/io.h>
#include <map>
#include <optional>
#include <poll.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace roam::tools {
namespace {

/// For one slice. The largest of the tests takes 2 s.
constexpr int mostSeconds = 600;

/// A file without a name.
class MemoryFile {
 public:
  MemoryFile() : fd_(memfd_create("roam bundle", MFD_CLOEXEC)) {
    if (fd_ == nullptr)
      throw std::runtime_error(fmt::format("no file in memory: {}", std::strerror(errno)));
  }

  int descriptor() const { return fd_.get(); }

  void write(std::string_view bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
      ssize_t count = pwrite(fd_, bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
      if (count < 0 && errno != EINTR)
        throw std::runtime_error(fmt::format("no memory for a file: {}", std::strerror(errno)));
      at += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    }
  }

  std::vector<std::byte> read() const {
    std::vector<std::byte> bytes(static_cast<std::size_t>(lseek(fd_.get(), 0, SEEK_END)));
    for (std::size_t at = 0; at < bytes.size();) {
      ssize_t count =
          pread(fd_.get(), bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
      if (count <= 0)
        throw std::runtime_error(fmt::format("a file in memory ended: {}", std::strerror(errno)));
      at += static_cast<std::size_t>(count);
    }
    return bytes;
  }

 private:
  kj::AutoCloseFd fd_;
};

struct Job {
  Digest digest;
  std::string_view code;
  std::string cpu;
};

struct Outcome {
  std::vector<std::byte> object;
  std::string failure; ///< empty if there is an object
};

pid_t start(const std::string& compiler, const std::string& cpu, int input, int output,
            int errors) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
  std::string words[] = {compiler, "compile", "--target", cpu};
  char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(), nullptr};
  pid_t process;
  int failure = posix_spawn(&process, compiler.c_str(), &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0)
    throw std::runtime_error(fmt::format("cannot start {}: {}", compiler, std::strerror(failure)));
  return process;
}

/// Its wait status; nothing if it had to be killed.
std::optional<int> endOf(pid_t process) {
  // Not pidfd_open: its header of Debian 12 is not for C++.
  kj::AutoCloseFd fd(static_cast<int>(syscall(SYS_pidfd_open, process, 0)));
  pollfd ending{fd.get(), POLLIN, 0};
  bool ended = fd != nullptr && poll(&ending, 1, mostSeconds * 1000) == 1;
  if (!ended)
    kill(process, SIGKILL);
  int status = 0;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR)
    ;
  return ended ? std::optional(status) : std::nullopt;
}

std::vector<std::byte> compile(const std::string& compiler, const Job& job) {
  MemoryFile input, output, errors;
  input.write(job.code);
  std::optional<int> status =
      endOf(start(compiler, job.cpu, input.descriptor(), output.descriptor(), errors.descriptor()));
  if (!status)
    throw std::runtime_error(fmt::format("it took more than {} s", mostSeconds));
  if (WIFSIGNALED(*status))
    throw std::runtime_error(fmt::format("roam-compiler ended by signal {}", WTERMSIG(*status)));
  if (*status != 0) {
    std::vector<std::byte> said = errors.read();
    std::string words(reinterpret_cast<const char*>(said.data()), said.size());
    while (words.ends_with('\n'))
      words.pop_back();
    throw std::runtime_error(words.empty() ? "roam-compiler failed without a word" : words);
  }
  std::vector<std::byte> object = output.read();
  if (CompiledObject::read(object).slice != job.digest)
    throw std::runtime_error("roam-compiler compiled something else");
  return object;
}

std::vector<Outcome> compileAll(const std::string& compiler, const std::vector<Job>& jobs) {
  std::vector<Outcome> outcomes(jobs.size());
  std::atomic<std::size_t> next = 0;
  auto work = [&] {
    for (std::size_t i; (i = next++) < jobs.size();)
      try {
        outcomes[i].object = compile(compiler, jobs[i]);
      } catch (const std::runtime_error& error) {
        outcomes[i].failure = error.what();
      }
  };
  std::vector<std::jthread> threads;
  for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i)
    threads.emplace_back(work);
  work();
  threads.clear();
  return outcomes;
}

} // namespace

std::vector<std::string> addObjects(BundleWriter& bundle, const std::vector<std::string>& cpus,
                                    const std::string& compiler) {
  std::vector<Job> jobs;
  for (const std::string& cpu : cpus)
    for (const Digest& digest : bundle.digests())
      jobs.push_back({digest, bundle.code(digest), cpu});
  std::vector<Outcome> outcomes = compileAll(compiler, jobs);
  std::vector<std::string> failures;
  std::map<std::string, std::string> useless; // CPUs that nothing was compiled for yet, and why
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    auto& [digest, code, cpu] = jobs[i];
    if (outcomes[i].failure.empty()) {
      bundle.addObject(std::move(outcomes[i].object));
      useless[cpu] = "";
      continue;
    }
    useless.try_emplace(cpu, outcomes[i].failure);
    failures.push_back(
        fmt::format("the object of {} for {}: {}", digest.shortened(), cpu, outcomes[i].failure));
  }
  for (auto& [cpu, why] : useless)
    if (!why.empty())
      throw std::runtime_error(fmt::format("no object could be made for {}: {}", cpu, why));
  return failures;
}

} // namespace roam::tools
