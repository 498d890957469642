// `roam peer`: runs a peer in this process and its workers.
#include "net/limits.h"
#include "runtime/peer/peer.h"
#include "tools/commands.h"
#include "tools/joining.h"
#include "tools/worker-settings.h"
#include <memory>

namespace roam::tools {
namespace {

void addBytes(CLI::App& command, const char* name, std::uint64_t& bytes, std::string what) {
  command.add_option(name, bytes, what + ". Bytes, or with K, M or G for powers of 1024")
      ->transform(CLI::AsSizeValue(false))
      ->check(CLI::PositiveNumber)
      ->default_str(std::to_string(bytes >> 20) + "M");
}

void addCluster(CLI::App& command, peer::PeerOptions& options) {
  addSettings(
      command,
      {"join", "cluster", "require", "register", "multicast", "store", "state", "worker-memory",
       "worker-cpu-time", "worker-files", "worker-processes", "sandbox", "namespaces", "allow-root"},
      [&options](const Configuration& configuration) {
        options.join = configuration.joinOptions();
        options.require = configuration.texts("require");
        options.store = configuration.text("store");
        const ConfiguredValue& state = configuration["state"];
        options.stateDirectory =
            state.source == "default" ? peer::defaultStateDirectory() : configuration.text("state");
        takeWorkerSettings(configuration, options);
      },
      true);
}

} // namespace

void addPeerCommand(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<peer::PeerOptions>();
  options->version = ROAM_VERSION;
  auto* command = app.add_subcommand(
      "peer",
      "Run a peer: it executes the closures that programs send to it, each in one of its worker "
      "processes. Prints one line, `roam peer listening on ADDRESS`, for each address, and runs "
      "until SIGTERM, SIGINT, `roam drain`, or the end of --lifeline. Told to leave, it takes no "
      "new work, finishes what runs, hands back the rest, and ends; a second signal ends it at "
      "once. Whoever can connect runs code as this user.");
  command
      ->add_option(
          "--listen", options->listen,
          "Where to listen: 127.0.0.1:PORT (port 0: the kernel chooses), unix:/PATH. May be "
          "repeated. Only this machine's own addresses are allowed.")
      ->capture_default_str();
  addCluster(*command, *options);
  command
      ->add_option("--workers", options->workers,
                   "Closures run at the same time, each in a process of its own")
      ->check(CLI::Range(1u, limits::workers))
      ->capture_default_str();
  command
      ->add_option(
          "--cache", options->cacheDirectory,
          "Folder for compiled code, so that a restarted peer compiles nothing; \"\" for none")
      ->capture_default_str();
  addBytes(*command, "--cache-limit", options->cacheLimit,
           "What that folder may take on disk; objects not used for longest are removed first");
  command
      ->add_option("--drain-time", options->drainSeconds,
                   "When the peer is told to leave: seconds for what runs to end. What still runs "
                   "then is lost, and its callers run it elsewhere")
      ->check(CLI::Range(0u, 86400u))
      ->capture_default_str();
  addBytes(*command, "--memory", options->memory,
           "What slices and compiled code may take of the supervisor's memory; a third of it is "
           "what loaded code may take of each worker's. What was not used for longest is dropped "
           "first, and asked for or compiled again when it is used");
  command
      ->add_option("--bundle", options->bundles,
                   "File made by `roam bundle`, whose code is neither fetched nor compiled. May be "
                   "repeated.")
      ->check(CLI::ExistingFile);
  command
      ->add_option("--accept-signed", options->acceptSigned,
                   "File with a public key (PEM, Ed25519): only code of bundles that one of these "
                   "keys has signed is run, and of libraries given by --load. May be repeated.")
      ->check(CLI::ExistingFile);
  command->add_option("--audit", options->audit,
                      "File to which a line of JSON is appended whenever somebody connects, is "
                      "refused, brings code, calls code for the first time, or binds a name");
  command->add_flag("!--no-tuning", options->tunes,
                    "Run code as it was found, even if it is not made for this CPU or was compiled "
                    "in haste; else what runs much is compiled again in the background");
  command
      ->add_option("--load", options->load,
                   "Shared library built with roam_linked(TARGET): its closures run as they were "
                   "compiled there, and need neither be received nor compiled. May be repeated")
      ->allow_extra_args(false);
  command->add_option(
      "--lifeline", options->lifelineFd,
      "Descriptor of a pipe or socket: the peer ends when its other end is closed, and "
      "removes the folders of its unix sockets if they are empty then");
  command->callback([&chosen, options] { chosen = [options] { return peer::runPeer(*options); }; });
}

} // namespace roam::tools
