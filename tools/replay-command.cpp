// `roam replay`: makes a call that ended its worker once more, on this machine.
#include "jit/host-target.h"
#include "jit/slice/platform.h"
#include "net/limits.h"
#include "runtime/peer/peer-options.h"
#include "runtime/peer/repro-file.h"
#include "runtime/peer/worker-pool.h"
#include "tools/commands.h"
#include "tools/files.h"
#include "tools/joining.h"
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <memory>
#include <unistd.h>

namespace roam::tools {
namespace {

/// What the code prints, as it would have on the peer.
class PrintedHere final : public net::OutputSink {
 public:
  void line(kj::StringPtr text, bool isError) override {
    fmt::print(isError ? stderr : stdout, "{}\n", text.cStr());
  }
};

kj::ArrayPtr<const kj::byte> bytesOf(std::string_view text) {
  return kj::arrayPtr(reinterpret_cast<const kj::byte*>(text.data()), text.size());
}

/// In a worker process, as a peer would.
net::ChunkOutcome run(const peer::ReproFile& file) {
  PrintedHere output;
  LogOnErrors log;
  kj::AsyncIoContext io = kj::setupAsyncIo();
  kj::Timer& timer = io.provider->getTimer();
  peer::Quarantine quarantine(timer);
  peer::Compilers compilers(io.unixEventPort, timer, log, kj::str(peer::findCompiler().c_str()), 1);
  peer::CodeLadder ladder(compilers, log,
                          {.host = jit::hostTarget(), .memoryBytes = limits::objectStoreBytes});
  peer::WorkerPool::Options options;
  options.executable = kj::str(peer::findWorker().c_str());
  options.output = &output;
  peer::WorkerPool pool(io.unixEventPort, timer, log, ladder, quarantine, kj::mv(options));
  return pool
      .run({file.entry, bytesOf(file.captures), bytesOf(file.arguments), file.count, file.first},
           bytesOf(file.slice))
      .wait(io.waitScope);
}

bool isSameEnd(const peer::ReproFile& file, const net::Failure& failure) {
  return failure.kind == net::Failure::Kind::workerDied && failure.signal == file.signal &&
         failure.exitStatus == file.exitStatus;
}

int replay(const std::string& path) {
  const std::string bytes = readFile(path);
  const peer::ReproFile file = peer::ReproFile::read(bytes);
  if (std::string difference = Platform::here().differenceFrom(Platform::parse(file.platform));
      !difference.empty())
    throw std::runtime_error("it was kept on another platform: " + difference);
  fmt::print("kept: {}\n", file.what);
  std::fflush(stdout);
  net::ChunkOutcome outcome = run(file);
  KJ_IF_MAYBE (failure, outcome.failure) {
    fmt::print("now:  {}\n", failure->message.cStr());
    for (const kj::String& line : failure->stack)
      fmt::print("    at {}\n", line.cStr());
    fmt::print("{}\n", isSameEnd(file, *failure) ? "the same end" : "another end");
    return isSameEnd(file, *failure) ? exitDone : exitFailed;
  }
  fmt::print("now:  it came back, with {} bytes of results\nanother end\n", outcome.results.size());
  return exitFailed;
}

/// In the place of this process. The first process that the replay starts is the worker.
[[noreturn]] void debug(const std::string& path) {
  std::string self = "/proc/self/exe";
  char real[4096];
  if (ssize_t size = readlink(self.c_str(), real, sizeof real); size > 0)
    self.assign(real, static_cast<std::size_t>(size));
  const char* words[] = {"gdb",    "-q",  "-ex",        "set follow-fork-mode child",
                         "-ex",    "run", "--args",     self.c_str(),
                         "replay", "--",  path.c_str(), nullptr};
  execvp("gdb", const_cast<char* const*>(words));
  throw std::runtime_error(std::string("gdb can't be started: ") + std::strerror(errno));
}

} // namespace

void addReplayCommand(CLI::App& app, Command& chosen) {
  struct Arguments {
    std::string path;
    bool inDebugger = false;
  };
  auto arguments = std::make_shared<Arguments>();
  auto* command = app.add_subcommand(
      "replay",
      "Make a call that ended its worker once more, in a worker process on this machine: with the "
      "code, captures and arguments that the peer has kept, in the folder `repro` of its state. "
      "Prints how it ended then and now. Exits with 0 if that is the same. The code runs as this "
      "user.");
  command->add_option("FILE", arguments->path, "The repro file that the error names")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_flag("--gdb", arguments->inDebugger,
                    "Under gdb, which stops where the worker process crashes");
  command->callback([&chosen, arguments] {
    chosen = [arguments] {
      if (arguments->inDebugger)
        debug(arguments->path);
      return replay(arguments->path);
    };
  });
}

} // namespace roam::tools
