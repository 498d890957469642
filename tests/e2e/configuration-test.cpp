// What is configured, as a person sees it, and clusters that are found by it.
#include "tests/e2e/peers.h"
#include <algorithm>
#include <filesystem>
#include <fstream>

namespace roam::e2e {
namespace {

class Configured : public EndToEnd {
 protected:
  static Ended roam(std::vector<std::string> arguments,
                    const std::vector<std::string>& environment = {}) {
    arguments.insert(arguments.begin(), builtProgram("roam"));
    return run(arguments, environment);
  }
  /// The same with this folder for the user's configuration.
  Ended roamHere(std::vector<std::string> arguments) const {
    return roam(std::move(arguments), {"XDG_CONFIG_HOME=" + folder.path()});
  }
  std::string writeConfiguration(const std::string& text) const {
    std::filesystem::create_directories(folder.path() + "/roam");
    std::string path = folder.path() + "/roam/roam.toml";
    std::ofstream(path) << text;
    return path;
  }
  static void says(const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << "\"" << part << "\" is not in:\n" << text;
  }

  TemporaryFolder folder;
};

TEST_F(Configured, ConfigPrintsEverySettingItsValueAndItsPlace) {
  std::string path = writeConfiguration("# where\ncluster = \"prices\"\njoin = [\"dir:/a\", "
                                        "\"127.0.0.1:1\"]\n");
  Ended ended = roam({"config", "--plain", "--no-register"},
                     {"XDG_CONFIG_HOME=" + folder.path(), "ROAM_MULTICAST=239.1.2.3:4"});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(ended.output, "join\tdir:/a, 127.0.0.1:1\t" + path +
                              ":3\n"
                              "cluster\tprices\t" +
                              path +
                              ":2\n"
                              "require\t\tdefault\n"
                              "register\tfalse\tflag --no-register\n"
                              "multicast\t239.1.2.3:4\tROAM_MULTICAST\n"
                              "store\t\tdefault\n"
                              "state\t$XDG_STATE_HOME/roam, else ~/.local/state/roam\tdefault\n"
                              "worker-memory\thalf of this machine's\tdefault\n"
                              "worker-cpu-time\t0\tdefault\n"
                              "worker-files\t1024\tdefault\n"
                              "worker-processes\t0\tdefault\n"
                              "sandbox\tfalse\tdefault\n"
                              "namespaces\ttrue\tdefault\n"
                              "allow-root\ttrue\tROAM_ALLOW_ROOT\n"
                              "bundle\t\tdefault\n"
                              "command\t\tdefault\n");
  Ended table = roamHere({"config"});
  for (const char* part : {"SETTING", "MEANING", "prices", "ROAM_STATE"})
    says(table.output, part);
}

TEST_F(Configured, WhatIsWrongIsToldByEveryCommandThatUsesIt) {
  std::string path = writeConfiguration("cluster = \"a\"\njion = \"127.0.0.1:1\"\n");
  for (std::vector<std::string> words :
       {std::vector<std::string>{"config"}, {"status"}, {"peer"}}) {
    Ended ended = roamHere(words);
    EXPECT_EQ(ended.status, 1) << words[0];
    says(ended.errors, path + ":2: there is no setting 'jion'");
    EXPECT_EQ(ended.output, "");
  }
  EXPECT_EQ(roamHere({"status", "--help"}).status, 0);
}

TEST_F(Configured, APlaceThatIsNamedByAFileIsLookedAt) {
  PeerProcess peer(1);
  writeConfiguration("join = \"" + peer.address() + "\"\n");
  Ended ended = roamHere({"status", "--plain"});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_TRUE(ended.output.starts_with(peer.address() + "\t")) << ended.output;
}

TEST_F(Configured, APeerMayBeToldToReadNoConfiguration) {
  writeConfiguration("no toml");
  Process peer({builtProgram("roam"), "peer", "--no-configuration", "--cache", folder.path(),
                "--lifeline", "0", "--allow-root"});
  EXPECT_TRUE(peer.line().starts_with("roam peer listening on "));
}

TEST_F(Configured, StatusAsksThePeersThatACommandPrints) {
  Peers peers(2);
  Ended ended = roam({"status", "--plain", "--join",
                      "exec:printf '%s\\n' " + peers[0].address() + " " + peers[1].address()});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(std::count(ended.output.begin(), ended.output.end(), '\n'), 2) << ended.output;
}

TEST_F(Configured, StatusSaysWhyNobodyIsFound) {
  Ended ended = roam({"status", "--join", "dir:" + folder.path() + "/none"});
  EXPECT_EQ(ended.status, 3);
  says(ended.errors, "/none: the folder can't be read: No such file or directory");
  says(ended.errors, "no peer was found");
}

} // namespace
} // namespace roam::e2e
