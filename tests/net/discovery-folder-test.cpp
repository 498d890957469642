// Finding peers by a list and by a registry folder.
#include "net/discovery/registry-file.h"
#include "tests/net/discovery.h"
#include <sys/stat.h>
#include <unistd.h>

using namespace roam;
using namespace roam::test;

namespace {

class DiscoveryFolder : public ::testing::Test {
 protected:
  ~DiscoveryFolder() noexcept override {}
  Looking looking(std::string cluster = "", bool registers = true) {
    return Looking(io, net::JoinOptions{{folder.place()}, std::move(cluster), registers, ""});
  }
  /// The text of a file as a peer of this machine writes it.
  static net::RegistryFile fileOfThisProcess() {
    return net::RegistryFile::ofThisProcess("default");
  }

  Folder folder;
  kj::AsyncIoContext io = kj::setupAsyncIo();
};

} // namespace

TEST(Discovery, FindsTheAddressesOfAListAtOnceButNotBeforeItIsThere) {
  auto io = kj::setupAsyncIo();
  Looking looking(io, "127.0.0.1:1,unix:/a");
  EXPECT_TRUE(looking.found.empty());
  looking->firstRound().wait(io.waitScope);
  EXPECT_EQ(looking.found, (std::vector<std::string>{"127.0.0.1:1", "unix:/a"}));
}

TEST(Discovery, OfNowhereHasLookedEverywhere) {
  auto io = kj::setupAsyncIo();
  Looking looking(io, "");
  looking->firstRound().wait(io.waitScope);
  EXPECT_TRUE(looking.found.empty());
  looking->announce("127.0.0.1:1");
}

TEST_F(DiscoveryFolder, APeerThatAnnouncesItselfIsFoundByOthers) {
  Looking early = looking(), peer = looking();
  auto announced = peer->announce("127.0.0.1:1");
  auto socket = peer->announce("unix:/run/roam.sock");
  await(io, "both are found", [&] { return early.found.size() == 2; });
  EXPECT_TRUE(folder.has("127.0.0.1:1"));
  EXPECT_TRUE(folder.has("unix:%2Frun%2Froam.sock"));
  Looking late = looking();
  late->firstRound().wait(io.waitScope);
  EXPECT_EQ(late.found, (std::vector<std::string>{"127.0.0.1:1", "unix:/run/roam.sock"}));
  EXPECT_TRUE(late.log.all.empty()) << late.log.all.front();
}

TEST_F(DiscoveryFolder, AFileHoldsHostAndStart) {
  Looking peer = looking();
  auto announced = peer->announce("127.0.0.1:1");
  await(io, "the file is there", [&] { return folder.has("127.0.0.1:1"); });
  char host[256] = {};
  gethostname(host, sizeof host - 1);
  EXPECT_TRUE(contains(folder.text("127.0.0.1:1").c_str(), std::string("host ") + host + "\n"));
  EXPECT_TRUE(contains(folder.text("127.0.0.1:1").c_str(), "\nstarted 20"));
}

TEST_F(DiscoveryFolder, AFileGoesWithItsAnnouncement) {
  Looking peer = looking();
  auto announced = peer->announce("127.0.0.1:1");
  await(io, "the file is there", [&] { return folder.has("127.0.0.1:1"); });
  announced = nullptr;
  EXPECT_FALSE(folder.has("127.0.0.1:1"));
}

TEST_F(DiscoveryFolder, AFileThatAnotherPeerHasWrittenMeanwhileIsNotRemoved) {
  Looking peer = looking();
  auto announced = peer->announce("127.0.0.1:1");
  await(io, "the file is there", [&] { return folder.has("127.0.0.1:1"); });
  net::RegistryFile other = fileOfThisProcess();
  other.machine = "another";
  folder.write("127.0.0.1:1", other.text());
  announced = nullptr;
  EXPECT_TRUE(folder.has("127.0.0.1:1"));
}

TEST_F(DiscoveryFolder, AFileThatIsRemovedIsWrittenAgain) {
  Looking peer = looking();
  auto announced = peer->announce("127.0.0.1:1");
  await(io, "the file is there", [&] { return folder.has("127.0.0.1:1"); });
  std::filesystem::remove(folder.file("127.0.0.1:1"));
  await(io, "the file is there again", [&] { return folder.has("127.0.0.1:1"); });
}

TEST_F(DiscoveryFolder, WhoDoesNotRegisterOnlyReads) {
  Looking other = looking();
  auto announced = other->announce("127.0.0.1:1");
  Looking silent = looking("", false);
  auto none = silent->announce("127.0.0.1:2");
  await(io, "the other is found", [&] { return silent.times("127.0.0.1:1") == 1; });
  net::RegistryFile dead = fileOfThisProcess();
  dead.ticks += 1;
  folder.write("127.0.0.1:3", dead.text());
  folder.write("rubbish", "");
  await(io, "the folder was read", [&] { return silent.lines("rubbish") == 1; });
  EXPECT_FALSE(folder.has("127.0.0.1:2"));
  EXPECT_EQ(silent.times("127.0.0.1:3"), 0u);
}

TEST_F(DiscoveryFolder, PeersOfOtherClustersAreNotFound) {
  Looking prices = looking("prices"), weather = looking("weather");
  auto one = prices->announce("127.0.0.1:1");
  auto two = weather->announce("127.0.0.1:2");
  await(io, "each finds its own", [&] { return prices.found.size() + weather.found.size() == 2; });
  Looking late = looking("weather");
  late->firstRound().wait(io.waitScope);
  EXPECT_EQ(late.found, (std::vector<std::string>{"127.0.0.1:2"}));
  EXPECT_EQ(prices.found, (std::vector<std::string>{"127.0.0.1:1"}));
}

TEST_F(DiscoveryFolder, AFileOfAProcessThatHasEndedIsRemoved) {
  net::RegistryFile dead = fileOfThisProcess();
  dead.ticks += 1; // as if the number had been used again
  folder.write("127.0.0.1:1", dead.text());
  Looking late = looking();
  late->firstRound().wait(io.waitScope);
  EXPECT_TRUE(late.found.empty());
  EXPECT_FALSE(folder.has("127.0.0.1:1"));
}

TEST_F(DiscoveryFolder, AFileOfAnotherMachineIsLeftToThoseWhoDial) {
  net::RegistryFile far = fileOfThisProcess();
  far.machine = "another";
  far.process = 999999999;
  folder.write("127.0.0.1:1", far.text());
  Looking late = looking();
  late->firstRound().wait(io.waitScope);
  EXPECT_EQ(late.times("127.0.0.1:1"), 1u);
  EXPECT_TRUE(folder.has("127.0.0.1:1"));
}

TEST_F(DiscoveryFolder, APeerThatStartedAnewIsFoundAgain) {
  net::RegistryFile far = fileOfThisProcess();
  far.machine = "another";
  folder.write("127.0.0.1:1", far.text());
  Looking early = looking();
  early->firstRound().wait(io.waitScope);
  far.started = "2027-01-01T00:00:00Z";
  folder.write("127.0.0.1:1", far.text());
  await(io, "it is found again", [&] { return early.times("127.0.0.1:1") == 2; });
}

TEST_F(DiscoveryFolder, RubbishIsToldOnceEachAndIgnored) {
  folder.write("README", "what this folder is for");
  folder.write(".hidden", "left alone");
  folder.write("127.0.0.1:1", std::string("\0\1\2", 3));
  folder.write("127.0.0.1:2", std::string(1 << 20, 'x'));
  folder.write("10.0.0.5:7070", fileOfThisProcess().text());
  folder.write("127.0.0.1:%31", fileOfThisProcess().text());
  mkdir(folder.file("127.0.0.1:3").c_str(), 0700);
  mkfifo(folder.file("127.0.0.1:4").c_str(), 0600);
  std::filesystem::create_symlink("/etc/passwd", folder.file("127.0.0.1:5"));
  Looking early = looking(), peer = looking();
  early->firstRound().wait(io.waitScope);
  auto announced = peer->announce("127.0.0.1:9");
  await(io, "the folder was read again", [&] { return early.times("127.0.0.1:9") == 1; });
  EXPECT_EQ(early.found.size(), 1u);
  EXPECT_EQ(early.log.all.size(), 8u);
  for (const char* name : {"README", "127.0.0.1:1 ", "127.0.0.1:2", "127.0.0.1:3", "127.0.0.1:4",
                           "127.0.0.1:5", "127.0.0.1:%31", "'10.0.0.5:7070'"})
    EXPECT_EQ(early.lines(name), 1u) << name;
}

TEST_F(DiscoveryFolder, AFolderThatDisappearsAndComesBackIsToldOnceEachAndRiddenOut) {
  Looking early = looking(), peer = looking();
  auto announced = peer->announce("127.0.0.1:1");
  await(io, "it is found", [&] { return early.found.size() == 1; });
  std::filesystem::remove_all(folder.path());
  await(io, "that is told", [&] { return early.lines("No such file") == 1; });
  Looking meanwhile = looking();
  meanwhile->firstRound().wait(io.waitScope);
  EXPECT_TRUE(meanwhile.found.empty());
  EXPECT_EQ(meanwhile.lines("No such file"), 1u);
  std::filesystem::create_directory(folder.path());
  await(io, "the peer is back", [&] { return meanwhile.found.size() == 1; });
  await(io, "that is told", [&] { return early.lines("works again") == 1; });
  EXPECT_EQ(early.lines("No such file"), 1u);
}

TEST_F(DiscoveryFolder, AFileThatCannotBeWrittenIsTold) {
  // As root every folder can be written to; but a name that is too long can't be.
  Looking peer = looking();
  auto announced = peer->announce("unix:/" + std::string(98, '/'));
  await(io, "that is told",
        [&] { return peer.lines("can't be written: File name too long") == 1; });
}

TEST(RegistryFile, NamesOfFilesAreThoseOfAddresses) {
  for (std::string address : {"127.0.0.1:7070", "[::1]:7070", "unix:/run/a%b c", ".x", "\x01"}) {
    std::string name = net::registryName(address);
    EXPECT_EQ(name.find_first_of("/ \x01"), std::string::npos);
    EXPECT_FALSE(name.starts_with('.'));
    EXPECT_EQ(net::addressOfName(name), address);
  }
  for (const char* name : {"%", "%2", "%2f", "%41", "a b", ".x"})
    EXPECT_EQ(net::addressOfName(name), std::nullopt) << name;
}

TEST(RegistryFile, IsReadAsItWasWritten) {
  auto mine = net::RegistryFile::ofThisProcess("prices");
  auto read = net::RegistryFile::parse(mine.text() + "colour blue\n");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->text(), mine.text());
  EXPECT_FALSE(read->isStale());
  EXPECT_FALSE(net::RegistryFile::parse("host a\n"));
}
