// `roam push`: binds the names of functions to what their files say now, on every peer at once.
#include "net/hello.h"
#include "net/log.h"
#include "runtime/members.h"
#include "runtime/push.h"
#include "tools/commands.h"
#include "tools/file-watch.h"
#include "tools/files.h"
#include "tools/joining.h"
#include "tools/live-closures.h"
#include "tools/source-compiling.h"
#include "tools/temporary-folder.h"
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <stdexcept>

namespace roam::tools {
namespace {

struct Wish {
  std::vector<std::string> files, folders;
  std::string build;
  bool watches = false;
  net::JoinOptions join;
};

double millisecondsIn(kj::Duration duration) {
  return static_cast<double>(duration / kj::MICROSECONDS) / 1e3;
}

/// The cluster, as long as the command runs.
class Pusher {
 public:
  Pusher(kj::AsyncIoContext& io, const Wish& wish)
      : io_(io), wish_(wish), origin_(io.provider->getTimer()),
        members_(io, origin_, mine(), {wish.join, {}},
                 [](PeerChange, const Member&, const std::string&) {}),
        names_(members_.store()), watched_(absolute(wish.files)) {}

  /// Throws what is wrong, in words for people.
  void push() {
    auto begin = std::chrono::steady_clock::now();
    std::vector<PushedFunction> functions = compile();
    std::chrono::duration<double, std::milli> compiling = std::chrono::steady_clock::now() - begin;
    members_.joined().wait(io_.waitScope);
    PushReport report = roam::push(members_, names_, io_.provider->getTimer(), std::move(functions),
                                   net::nameOfThisProcess())
                            .wait(io_.waitScope);
    for (const NamedBinding& bound : report.bindings)
      fmt::print("{}  revision {}  {}  compile {:.0f} ms, ship {:.1f} ms, switch {:.1f} ms\n",
                 bound.name, bound.binding.revision, bound.binding.digest.shortened(),
                 compiling.count(), millisecondsIn(report.shipping),
                 millisecondsIn(report.switching));
    std::fflush(stdout);
  }

  /// The files of the last push that compiled, and all that they included.
  const std::vector<std::string>& watched() const { return watched_; }

 private:
  static net::Hello mine() {
    net::Hello mine;
    mine.name = net::nameOfThisProcess();
    mine.version = ROAM_VERSION;
    return mine;
  }
  static std::vector<std::string> absolute(std::vector<std::string> files) {
    for (std::string& file : files)
      file = std::filesystem::absolute(file);
    return files;
  }

  std::vector<PushedFunction> compile() {
    std::vector<std::string> flags, objects, read = absolute(wish_.files);
    for (const std::string& folder : wish_.folders)
      flags.push_back("-I" + folder);
    TemporaryFolder folder;
    for (CompiledSource& source :
         compileSources({wish_.files, wish_.build, flags, true}, folder.path())) {
      objects.push_back(readFile(source.object));
      read.insert(read.end(), source.madeOf.begin(), source.madeOf.end());
    }
    watched_ = std::move(read);
    std::vector<PushedFunction> functions = liveFunctionsIn(objects);
    if (functions.empty())
      throw std::runtime_error(fmt::format(
          "there is nothing to push: no function in {} is marked [[roam::live(\"name\")]]",
          fmt::join(wish_.files, ", ")));
    return functions;
  }

  kj::AsyncIoContext& io_;
  const Wish& wish_;
  Origin origin_;
  Members members_;
  NameStore names_;
  std::vector<std::string> watched_;
};

/// False if it could not be done; why is on standard error.
bool tryToPush(Pusher& pusher) {
  try {
    pusher.push();
    return true;
  } catch (const kj::Exception& failure) {
    fmt::print(stderr, "roam: {}\n", net::wordsOf(failure).cStr());
  } catch (const std::exception& failure) {
    fmt::print(stderr, "roam: {}\n", failure.what());
  }
  fmt::print(stderr, "roam: nothing was changed: what was pushed before is in force\n");
  return false;
}

int push(const Wish& wish) {
  if (wish.join.where.empty())
    throw std::runtime_error(
        "there is no cluster to push to: give --join, or set join as `roam config` tells");
  auto io = kj::setupAsyncIo();
  Pusher pusher(io, wish);
  if (!wish.watches)
    return tryToPush(pusher) ? exitDone : exitFailed;
  FileWatch watch(io.unixEventPort, io.provider->getTimer());
  for (;;) {
    watch.watch(pusher.watched()); // also of what is saved while this is pushed
    tryToPush(pusher);
    watch.watch(pusher.watched());
    fmt::print(stderr, "roam: waiting for a file to be saved; end with Ctrl-C\n");
    watch.saved().wait(io.waitScope);
  }
}

} // namespace

void addPushCommand(CLI::App& app, Command& chosen) {
  auto wish = std::make_shared<Wish>();
  auto* command = app.add_subcommand(
      "push",
      "Compile files, and bind each name in [[roam::live(\"name\")]] to its function on all "
      "peers of a cluster: all names at once, when every peer has the code ready; or none, "
      "and who can't is told. Prints a line for each name.");
  command->add_option("FILE", wish->files, "Sources with functions that are marked so")
      ->required()
      ->check(CLI::ExistingFile);
  command
      ->add_option("-p,--project", wish->build,
                   "Build folder with a compile_commands.json that says how the files are "
                   "compiled; else as C++20")
      ->check(CLI::ExistingDirectory);
  command
      ->add_option("-I", wish->folders, "Folder in which headers are looked for. May be repeated")
      ->check(CLI::ExistingDirectory)
      ->allow_extra_args(false);
  command->add_flag("--watch", wish->watches,
                    "Stay, and push again whenever one of the files or a header of theirs is "
                    "saved. A push that fails leaves the last one in force");
  addJoinWords(*command, wish->join);
  command->callback([&chosen, wish] { chosen = [wish] { return push(*wish); }; });
}

} // namespace roam::tools
