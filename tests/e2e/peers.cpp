#include "tests/e2e/peers.h"
#include "net/peer.h"
#include "net/remote-store.h"
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

extern char** environ;

namespace roam::e2e {
namespace {

constexpr unsigned secondsOfATest = 90;
constexpr auto patience = std::chrono::seconds(20);

void sayWhichTest(int) {
  const char* name = testing::UnitTest::GetInstance()->current_test_info()->name();
  for (const char* text : {"\nthis test did not end within its deadline: ", name, "\n"})
    if (write(STDERR_FILENO, text, std::strlen(text)) < 0)
      break;
  _exit(1);
}

/// Starts a program with these descriptors as 0, 1 and 2; -1 leaves ours.
pid_t spawn(std::vector<std::string> words, const std::vector<std::string>& environment,
            std::array<int, 3> descriptors) {
  auto pointers = [](std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (auto& text : texts)
      all.push_back(text.data());
    all.push_back(nullptr);
    return all;
  };
  std::vector<std::string> added = environment;
  for (char** entry = environ; *entry != nullptr; ++entry)
    added.push_back(*entry); // of two settings of one name, the first counts
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (int i = 0; i < 3; ++i)
    if (descriptors[i] >= 0)
      posix_spawn_file_actions_adddup2(&actions, descriptors[i], i);
  pid_t process = -1;
  int error = posix_spawn(&process, words[0].c_str(), &actions, nullptr, pointers(words).data(),
                          pointers(added).data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0)
    throw std::runtime_error("cannot start " + words[0] + ": " + strerror(error));
  return process;
}

struct Pipe {
  int read = -1, write = -1;
  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
      throw std::runtime_error("no pipe");
    read = ends[0];
    write = ends[1];
  }
};

int codeOf(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int waitFor(pid_t process) {
  int status = 0;
  while (waitpid(process, &status, 0) < 0)
    if (errno != EINTR)
      throw std::runtime_error("the process was waited for already");
  return codeOf(status);
}

/// Reads both to their end.
void readAll(std::array<int, 2> from, std::array<std::string*, 2> texts) {
  std::array<pollfd, 2> polls{{{from[0], POLLIN, 0}, {from[1], POLLIN, 0}}};
  for (int open = 2; open > 0;) {
    if (poll(polls.data(), polls.size(), -1) < 0)
      continue;
    for (std::size_t i = 0; i < polls.size(); ++i) {
      if (polls[i].revents == 0)
        continue;
      char buffer[65536];
      ssize_t size = read(polls[i].fd, buffer, sizeof buffer);
      if (size > 0)
        texts[i]->append(buffer, std::size_t(size));
      else {
        close(std::exchange(polls[i].fd, -1));
        --open;
      }
    }
  }
}

/// Names of our environment variables that would configure the programs of a test.
std::vector<std::string> variablesOfRoam() {
  std::vector<std::string> names;
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (std::string_view(*entry).starts_with("ROAM_"))
      names.emplace_back(*entry, std::strcspn(*entry, "="));
  return names;
}

/// The letter of the process's state: 'Z' for a zombie; 'X' if there is no such process.
char stateOf(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  auto name = text.rfind(") ");
  return name == std::string::npos ? 'X' : text[name + 2];
}

} // namespace

EndToEnd::EndToEnd() {
  static TemporaryFolder caches; // of private clusters: the user's own stays as it is
  setenv("XDG_CACHE_HOME", caches.path().c_str(), 1);
  setenv("XDG_STATE_HOME", caches.path().c_str(), 1);
  setenv("XDG_CONFIG_HOME", caches.path().c_str(), 1); // nor does it decide anything here
  for (std::string& name : variablesOfRoam())
    unsetenv(name.c_str());
  setenv("ROAM_ALLOW_ROOT", "true", 1); // tests may run as anyone
  signal(SIGALRM, sayWhichTest);
  alarm(secondsOfATest);
}

EndToEnd::~EndToEnd() {
  alarm(0);
}

void await(const char* what, const std::function<bool()>& condition) {
  auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline)
      throw std::runtime_error(std::string("waited 20 s in vain until ") + what);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

bool isGone(pid_t process) {
  char state = stateOf(process);
  return state == 'X' || state == 'Z';
}

std::vector<pid_t> childrenOf(pid_t process) {
  std::vector<pid_t> children;
  std::string tasks = "/proc/" + std::to_string(process) + "/task";
  std::error_code gone;
  for (auto& task : std::filesystem::directory_iterator(tasks, gone)) {
    std::ifstream file(task.path() / "children");
    for (pid_t child; file >> child;)
      if (!isGone(child))
        children.push_back(child);
  }
  return children;
}

std::string builtProgram(const std::string& name) {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / name).string();
}

Ended run(const std::vector<std::string>& words, const std::vector<std::string>& environment) {
  Ended ended;
  Pipe output, errors;
  int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  pid_t process = spawn(words, environment, {nothing, output.write, errors.write});
  for (int ours : {nothing, output.write, errors.write})
    close(ours);
  readAll({output.read, errors.read}, {&ended.output, &ended.errors});
  ended.status = waitFor(process);
  return ended;
}

Process::Process(const std::vector<std::string>& words) {
  Pipe input, output;
  id_ = spawn(words, {}, {input.read, output.write, -1});
  close(input.read);
  close(output.write);
  input_ = input.write;
  output_ = output.read;
}

Process::~Process() {
  if (id_ > 0)
    end(SIGKILL);
  close(input_);
  close(output_);
}

std::string Process::line() {
  std::size_t length;
  while ((length = read_.find('\n')) == std::string::npos) {
    char buffer[4096];
    ssize_t size = read(output_, buffer, sizeof buffer);
    if (size <= 0)
      throw std::runtime_error("the program ended where its next line was expected");
    read_.append(buffer, std::size_t(size));
  }
  std::string line = read_.substr(0, length);
  read_.erase(0, length + 1);
  return line;
}

void Process::signal(int number) const {
  kill(id_, number);
}

int Process::end(int number) {
  signal(number);
  return waitFor(std::exchange(id_, -1));
}

PeerProcess::PeerProcess(unsigned workers, const std::vector<std::string>& more)
    : workers_(workers), more_(more) {
  start();
}

void PeerProcess::start() {
  // Its standard input is also its lifeline: it ends with this program, however that ends.
  std::vector<std::string> words{builtProgram("roam"),
                                 "peer",
                                 "--listen",
                                 "127.0.0.1:0",
                                 "--workers",
                                 std::to_string(workers_),
                                 "--cache",
                                 cache_.path(),
                                 "--lifeline",
                                 "0",
                                 "--allow-root"};
  words.insert(words.end(), more_.begin(), more_.end());
  process_ = std::make_unique<Process>(words);
  std::string line = process_->line();
  constexpr std::string_view announcement = "roam peer listening on ";
  if (!line.starts_with(announcement))
    throw std::runtime_error("a peer said: " + line);
  address_ = line.substr(announcement.size());
}

void PeerProcess::restart() {
  if (int status = end(SIGTERM); status != 0)
    throw std::runtime_error("a peer ended with status " + std::to_string(status));
  start();
}

namespace {

/// What ask(peer) promises.
template <class Ask>
auto asked(const std::string& address, Ask ask) {
  auto io = kj::setupAsyncIo();
  net::Hello mine;
  mine.name = "a test";
  auto peer = net::dial(io.provider->getNetwork(), io.provider->getTimer(), address, mine)
                  .wait(io.waitScope);
  return ask(*peer).wait(io.waitScope);
}

} // namespace

std::vector<std::string> storeKeys(const std::string& address, const std::string& prefix) {
  std::vector<std::string> keys;
  auto io = kj::setupAsyncIo();
  net::Hello mine;
  mine.name = "a test";
  auto& timer = io.provider->getTimer();
  auto peer = net::dial(io.provider->getNetwork(), timer, address, mine).wait(io.waitScope);
  net::RemoteStore store([&] { return peer->store(); }, timer);
  for (auto& entry : store.list(prefix).wait(io.waitScope).entries)
    keys.push_back(entry.key);
  return keys;
}

Counters PeerProcess::counters() const {
  return countersOf(address_);
}

Counters countersOf(const std::string& address) {
  net::PeerStatus status = asked(address, [](net::Peer& peer) { return peer.status(); });
  return {status.elementsDone, status.chunksDone, status.slices,      status.slicesReceived,
          status.compiled,     status.cacheHits,  status.workersLost, status.linked,
          status.memory,       status.bundled,    status.fromPeers,   status.shipped};
}

std::vector<std::string> PeerProcess::digests() const {
  std::vector<std::string> digests;
  for (auto& code : asked(address_, [](net::Peer& peer) { return peer.codes({}); }))
    digests.push_back(code.digest.toString());
  return digests;
}

Peers::Peers(unsigned count, unsigned workers) {
  for (unsigned i = 0; i < count; ++i)
    peers_.push_back(std::make_unique<PeerProcess>(workers));
}

std::string Peers::addresses() const {
  std::string all;
  for (auto& peer : peers_)
    all += (all.empty() ? "" : ",") + peer->address();
  return all;
}

} // namespace roam::e2e
