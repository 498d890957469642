// The table of settings.
#include "runtime/settings.h"
#include <algorithm>

namespace roam {
namespace {

constexpr Setting all[] = {
    {"join", Setting::Kind::texts, ',', "ROAM_JOIN", "--join", "",
     "Where the peers of the cluster are found: HOST:PORT, unix:/PATH, dir:PATH, "
     "multicast[:GROUP:PORT], dns:NAME:PORT, exec:COMMAND"},
    {"cluster", Setting::Kind::text, 0, "ROAM_CLUSTER", "--cluster", "default",
     "Name of the cluster: peers of others are not found"},
    {"require", Setting::Kind::texts, ',', "ROAM_REQUIRE", "--require", "",
     "Addresses of members to wait for"},
    {"register", Setting::Kind::choice, 0, "ROAM_REGISTER", "--no-register", "true",
     "Whether a peer lets others find it in dir: and by multicast"},
    {"multicast", Setting::Kind::text, 0, "ROAM_MULTICAST", "--multicast", "239.255.77.77:7077",
     "GROUP:PORT that the place \"multicast\" stands for"},
    {"store", Setting::Kind::text, 0, "ROAM_STORE", "--store", "",
     "What keeps the names and members of the cluster: etcd://HOST:PORT,...; else its first peer"},
    {"state", Setting::Kind::text, 0, "ROAM_STATE", "--state",
     "$XDG_STATE_HOME/roam, else ~/.local/state/roam",
     "Folder of that store, where a peer keeps it; \"\": in memory, as without a name of the "
     "cluster and without a port of the peer's own"},
    {"worker-memory", Setting::Kind::text, 0, "ROAM_WORKER_MEMORY", "--worker-memory",
     "half of this machine's",
     "What the code in one worker process may allocate, in bytes or with K, M or G; 0: no limit"},
    {"worker-cpu-time", Setting::Kind::text, 0, "ROAM_WORKER_CPU_TIME", "--worker-cpu-time", "0",
     "Processor time of one chunk, in seconds; 0: no limit"},
    {"worker-files", Setting::Kind::text, 0, "ROAM_WORKER_FILES", "--worker-files", "1024",
     "Files that a worker process may have open; 0: as many as the user"},
    {"worker-processes", Setting::Kind::text, 0, "ROAM_WORKER_PROCESSES", "--worker-processes", "0",
     "Processes and threads that the user may have, for a worker to start one more; 0: as many as "
     "the user"},
    {"sandbox", Setting::Kind::choice, 0, "ROAM_SANDBOX", "--sandbox", "false",
     "Whether workers run shut in: no network, no files but the system's libraries, no other "
     "processes"},
    {"namespaces", Setting::Kind::choice, 0, "ROAM_NAMESPACES", "--no-namespaces", "true",
     "Whether the sandbox is made of namespaces, too, not of a filter of system calls alone"},
    {"allow-root", Setting::Kind::choice, 0, "ROAM_ALLOW_ROOT", "--allow-root", "false",
     "Whether a peer runs as root, and the code of others with it"},
    {"bundle", Setting::Kind::texts, ':', "ROAM_BUNDLE", nullptr, "",
     "Bundles whose compiled code a program sends along with its closures"},
    {"command", Setting::Kind::text, 0, "ROAM_COMMAND", nullptr, "",
     "The roam program that a program starts private peers with"},
};

} // namespace

std::span<const Setting> settings() {
  return all;
}

const Setting* findSetting(std::string_view name) {
  auto found = std::find_if(std::begin(all), std::end(all),
                            [&](const Setting& setting) { return setting.name == name; });
  return found == std::end(all) ? nullptr : found;
}

} // namespace roam
