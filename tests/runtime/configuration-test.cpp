// Which place decides a setting, and what is refused.
#include "roam/error.h"
#include "runtime/configuration.h"
#include "runtime/settings.h"
#include "tests/support/temporary-folder.h"
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace roam {
namespace {

using Texts = std::vector<std::string>;

class ConfigurationTest : public testing::Test {
 protected:
  ConfigurationTest() {
    places.files = {file("near.toml"), file("far.toml")};
    places.environment = [this](const char* name) {
      auto found = variables.find(name);
      return found == variables.end() ? nullptr : found->second.c_str();
    };
  }

  std::string file(const std::string& name) const { return folder_.file(name); }
  void near(const std::string& text) { std::ofstream(file("near.toml")) << text; }
  void far(const std::string& text) { std::ofstream(file("far.toml")) << text; }
  void flag(const std::string& name, Texts words) {
    places.flags[name] = {std::move(words), "flag --" + name};
  }
  Configuration read() const { return Configuration(places); }
  /// What is said against it; a failed test if nothing is.
  std::string refusal() const {
    try {
      read();
    } catch (const ConfigurationError& error) {
      return error.what();
    }
    ADD_FAILURE() << "nothing is said against this configuration";
    return "";
  }
  /// `refusal` says where, and what.
  void isRefused(const std::string& where, const std::string& words) const {
    std::string said = refusal();
    EXPECT_TRUE(said.starts_with(where + ": ")) << said;
    EXPECT_NE(said.find(words), std::string::npos) << said;
  }

  ConfigurationPlaces places;
  std::map<std::string, std::string> variables;

 private:
  test::TemporaryFolder folder_;
};

TEST_F(ConfigurationTest, WithNothingChosenAllIsAsTheTableSays) {
  Configuration configuration = read();
  for (const Setting& setting : settings()) {
    EXPECT_EQ(configuration.text(setting.name), setting.otherwise);
    EXPECT_EQ(configuration[setting.name].source, "default");
  }
  EXPECT_EQ(configuration.joinOptions().multicast, "") << "as nobody chose it";
  EXPECT_EQ(configuration.joinOptions().cluster, "");
}

TEST_F(ConfigurationTest, FlagsThenVariablesThenTheNearAndTheFarFileDecide) {
  far("cluster = \"far\"\njoin = \"127.0.0.1:4\"\nstate = \"/far\"\nregister = false\n");
  near("\ncluster = \"near\"\njoin = \"127.0.0.1:3\"\nstate = \"/near\"\n");
  variables = {{"ROAM_CLUSTER", "variable"}, {"ROAM_JOIN", "127.0.0.1:2"}};
  flag("cluster", {"flag"});
  Configuration configuration = read();
  EXPECT_EQ(configuration.text("cluster"), "flag");
  EXPECT_EQ(configuration["cluster"].source, "flag --cluster");
  EXPECT_EQ(configuration.texts("join"), Texts{"127.0.0.1:2"});
  EXPECT_EQ(configuration["join"].source, "ROAM_JOIN");
  EXPECT_EQ(configuration.text("state"), "/near");
  EXPECT_EQ(configuration["state"].source, file("near.toml") + ":4");
  EXPECT_FALSE(configuration.choice("register"));
  EXPECT_EQ(configuration["register"].source, file("far.toml") + ":4");
}

TEST_F(ConfigurationTest, ListsAreWrittenAsEachPlaceWritesThem) {
  near("join = [\"127.0.0.1:1, dir:/a\",\n \"exec:list a,b\"]\nbundle = [\"/a:b\", \"c\"]\n");
  variables = {{"ROAM_REQUIRE", "127.0.0.1:1, unix:/a"}};
  Configuration configuration = read();
  EXPECT_EQ(configuration.texts("join"), (Texts{"127.0.0.1:1", "dir:/a", "exec:list a,b"}));
  EXPECT_EQ(configuration.texts("require"), (Texts{"127.0.0.1:1", "unix:/a"}));
  EXPECT_EQ(configuration.texts("bundle"), (Texts{"/a", "b", "c"}));
  variables["ROAM_BUNDLE"] = ":/a::/b";
  EXPECT_EQ(read().texts("bundle"), (Texts{"/a", "/b"}));
  flag("join", {"127.0.0.1:5,127.0.0.1:6", "127.0.0.1:7"});
  EXPECT_EQ(read().texts("join"), (Texts{"127.0.0.1:5", "127.0.0.1:6", "127.0.0.1:7"}));
}

TEST_F(ConfigurationTest, AnEmptyVariableIsNoneAndAnEmptyFlagIsNothing) {
  near("join = \"127.0.0.1:1\"\n");
  variables["ROAM_JOIN"] = "";
  EXPECT_EQ(read().texts("join"), Texts{"127.0.0.1:1"});
  flag("join", {""});
  EXPECT_EQ(read().texts("join"), Texts{});
  EXPECT_EQ(read()["join"].source, "flag --join");
}

TEST_F(ConfigurationTest, OptionsOfDiscoveryAreThoseInForce) {
  near("join = \"multicast\"\nmulticast = \"239.1.2.3:4\"\nregister = false\ncluster = \"a\"\n");
  net::JoinOptions options = read().joinOptions();
  EXPECT_EQ(options.where, Texts{"multicast"});
  EXPECT_EQ(options.multicast, "239.1.2.3:4");
  EXPECT_EQ(options.cluster, "a");
  EXPECT_FALSE(options.registers);
}

TEST_F(ConfigurationTest, AChoiceIsYesOrNo) {
  for (const char* yes : {"1", "yes", "true"}) {
    variables["ROAM_REGISTER"] = yes;
    EXPECT_TRUE(read().choice("register"));
  }
  for (const char* no : {"0", "no", "false"}) {
    variables["ROAM_REGISTER"] = no;
    EXPECT_FALSE(read().choice("register"));
  }
  variables["ROAM_REGISTER"] = "perhaps";
  isRefused("ROAM_REGISTER", "'perhaps' is neither true nor false");
}

TEST_F(ConfigurationTest, ASettingThatThereIsNotIsRefusedWithItsLine) {
  near("cluster = \"a\"\njion = \"127.0.0.1:1\"\n");
  isRefused(file("near.toml") + ":2", "there is no setting 'jion'; there are: join, cluster");
  near("[peer]\njoin = \"127.0.0.1:1\"\n");
  isRefused(file("near.toml") + ":1", "there is no setting 'peer'");
}

TEST_F(ConfigurationTest, AnotherTypeIsRefusedWithWhatToWrite) {
  near("\ncluster = 3\n");
  isRefused(file("near.toml") + ":2", "cluster must be a text in quotation marks");
  near("cluster = [\"a\"]\n");
  isRefused(file("near.toml") + ":1", "cluster must be a text");
  near("join = [\"127.0.0.1:1\", 2]\n");
  isRefused(file("near.toml") + ":1", "or a list of them");
  near("register = \"yes\"\n");
  isRefused(file("near.toml") + ":1", "register must be true or false");
}

TEST_F(ConfigurationTest, WhatIsNoTomlIsRefusedWithItsLine) {
  near("cluster = \"a\"\njoin = \n");
  isRefused(file("near.toml") + ":2", "is no TOML");
  near("cluster = \"a\"\ncluster = \"b\"\n");
  isRefused(file("near.toml") + ":2", "is no TOML");
  near(std::string("cluster = \"\x80\"\n"));
  isRefused(file("near.toml") + ":1", "is no TOML");
}

TEST_F(ConfigurationTest, WhatCannotBeReadIsRefused) {
  std::filesystem::create_directory(file("near.toml"));
  isRefused(file("near.toml"), "is no file");
  std::filesystem::remove(file("near.toml"));
  mkfifo(file("near.toml").c_str(), 0600);
  isRefused(file("near.toml"), "is no file");
  std::filesystem::remove(file("near.toml"));
  std::filesystem::create_symlink("near.toml", file("near.toml"));
  isRefused(file("near.toml"), "can't be read: ");
  std::filesystem::remove(file("near.toml"));
  near(std::string(2 << 20, '\n'));
  isRefused(file("near.toml"), "has 2097152 bytes");
}

TEST_F(ConfigurationTest, AWrongValueIsRefusedWhereItStands) {
  variables["ROAM_JOIN"] = "10.0.0.5:7070";
  isRefused("ROAM_JOIN", "'10.0.0.5:7070' is not an address of this machine");
  variables = {{"ROAM_CLUSTER", "a b"}};
  isRefused("ROAM_CLUSTER", "no name of a cluster");
  variables = {{"ROAM_MULTICAST", "here"}};
  isRefused("ROAM_MULTICAST", "no multicast group");
  variables = {{"ROAM_JOIN", "127.0.0.1:1"}, {"ROAM_REQUIRE", "nobody"}};
  isRefused("ROAM_REQUIRE", "'nobody' is no address of a peer");
}

TEST_F(ConfigurationTest, WhatContradictsItselfIsRefusedWithBothPlaces) {
  variables["ROAM_JOIN"] = "multicast:239.1.1.1";
  flag("multicast", {"239.1.1.2"});
  isRefused("ROAM_JOIN and flag --multicast", "leave one of them out");
  places.flags.clear();
  variables = {{"ROAM_REQUIRE", "127.0.0.1:1"}};
  isRefused("ROAM_REQUIRE", "nothing says where to look: set join");
}

TEST_F(ConfigurationTest, AStoreIsEtcdOrTheFirstPeer) {
  variables["ROAM_STORE"] = "etcd://127.0.0.1:2379,127.0.0.1:2380";
  EXPECT_EQ(read().text("store"), variables["ROAM_STORE"]);
  for (auto [store, words] : std::map<std::string, std::string>{
           {"sqlite", "write etcd://HOST:PORT"},
           {"etcd://", "write etcd://HOST:PORT"},
           {"etcd://10.0.0.5:2379", "is not an address of this machine"},
           {"etcd://unix:/a", "etcd is reached by HOST:PORT"}}) {
    variables["ROAM_STORE"] = store;
    isRefused("ROAM_STORE", words);
  }
}

TEST(ConfigurationPlacesTest, TheFilesAreHereAndInTheUsersFolder) {
  std::string home = getenv("HOME") ? getenv("HOME") : "";
  const char* before = getenv("XDG_CONFIG_HOME");
  std::string kept = before ? before : "";
  setenv("XDG_CONFIG_HOME", "/somewhere", 1);
  EXPECT_EQ(ConfigurationPlaces::ofThisProcess({}).files,
            (Texts{"./roam.toml", "/somewhere/roam/roam.toml"}));
  setenv("XDG_CONFIG_HOME", "relative", 1);
  setenv("HOME", "/house", 1);
  EXPECT_EQ(ConfigurationPlaces::ofThisProcess({}).files,
            (Texts{"./roam.toml", "/house/.config/roam/roam.toml"}));
  setenv("HOME", home.c_str(), 1);
  if (before)
    setenv("XDG_CONFIG_HOME", kept.c_str(), 1);
  else
    unsetenv("XDG_CONFIG_HOME");
}

} // namespace
} // namespace roam
