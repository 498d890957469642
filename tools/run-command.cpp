// `roam run`: a program of one file, compiled, linked and run at once.
#include "net/child-start.h"
#include "net/join-place.h"
#include "tools/cluster-peers.h"
#include "tools/commands.h"
#include "tools/program-linking.h"
#include "tools/source-compiling.h"
#include "tools/temporary-folder.h"
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fmt/format.h>
#include <memory>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace roam::tools {
namespace {

struct Wish {
  std::string file, build;
  std::vector<std::string> folders, libraries, arguments;
  net::JoinOptions join;
};

/// Signals for this command, which are for the program that it runs. Blocked as long as it lives.
class PassedSignals {
 public:
  PassedSignals() {
    sigemptyset(&ours_);
    for (int signal : {SIGCHLD, SIGTERM, SIGHUP, SIGINT, SIGQUIT})
      sigaddset(&ours_, signal);
    sigprocmask(SIG_BLOCK, &ours_, &before_);
  }
  ~PassedSignals() { sigprocmask(SIG_SETMASK, &before_, nullptr); }
  PassedSignals(const PassedSignals&) = delete;

  const sigset_t& before() const { return before_; }

  /// Passes signals on until the process ends. Returns its wait status.
  int awaitEndOf(pid_t process) const {
    for (;;) {
      int status = 0;
      if (waitpid(process, &status, WNOHANG) == process)
        return status;
      siginfo_t signal{};
      if (sigwaitinfo(&ours_, &signal) > 0 && signal.si_signo != SIGCHLD && signal.si_pid != 0)
        kill(process, signal.si_signo); // a terminal sends its signals to both
    }
  }

 private:
  sigset_t ours_, before_;
};

pid_t start(const std::string& program, std::vector<std::string> words, const sigset_t& signals) {
  net::ChildStart child;
  child.block(signals);
  pid_t process;
  int failure = child.start(program, std::move(words), process);
  if (failure != 0)
    throw std::runtime_error(fmt::format("cannot start {}: {}", program, std::strerror(failure)));
  return process;
}

void setEnvironment(const net::JoinOptions& join) {
  if (!join.where.empty())
    setenv("ROAM_JOIN", net::joinedPlaces(join.where).c_str(), /*overwrite=*/1);
  if (!join.cluster.empty())
    setenv("ROAM_CLUSTER", join.cluster.c_str(), /*overwrite=*/1);
  if (!join.multicast.empty())
    setenv("ROAM_MULTICAST", join.multicast.c_str(), /*overwrite=*/1);
}

int runProgram(const Wish& wish) {
  TemporaryFolder folder;
  std::vector<std::string> flags{"-O2"}, objects, libraries;
  for (const std::string& include : wish.folders)
    flags.push_back("-I" + include);
  for (const CompiledSource& source :
       compileSources({{wish.file}, wish.build, flags, true}, folder.path()))
    objects.push_back(source.object);
  for (const std::string& library : wish.libraries)
    libraries.push_back("-l" + library);
  std::string program = folder.path() + "/program";
  linkProgram(program, objects, libraries);

  setEnvironment(wish.join);
  std::vector<std::string> words{wish.file};
  words.insert(words.end(), wish.arguments.begin(), wish.arguments.end());
  PassedSignals signals;
  int status = signals.awaitEndOf(start(program, std::move(words), signals.before()));
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

} // namespace

void addRunCommand(CLI::App& app, Command& chosen) {
  auto wish = std::make_shared<Wish>();
  auto* command = app.add_subcommand(
      "run", "Compile a C++ file with Roam's plugin, link it with libroam, and run it: a program "
             "against a cluster without a build. What stands after -- are its arguments; its exit "
             "code is that of this command.");
  command->add_option("FILE", wish->file, "The source of the program")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_option("ARGUMENTS", wish->arguments, "Of the program, after --");
  command
      ->add_option("-p,--project", wish->build,
                   "Build folder with a compile_commands.json that says how the file is compiled; "
                   "else as C++20 with -O2")
      ->check(CLI::ExistingDirectory);
  command
      ->add_option("-I", wish->folders, "Folder in which headers are looked for. May be repeated")
      ->check(CLI::ExistingDirectory)
      ->allow_extra_args(false);
  command->add_option("-l", wish->libraries, "Library to link, as in -lz. May be repeated")
      ->allow_extra_args(false);
  addJoinWords(*command, wish->join);
  command->callback([&chosen, wish] { chosen = [wish] { return runProgram(*wish); }; });
}

} // namespace roam::tools
