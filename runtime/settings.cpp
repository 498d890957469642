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
