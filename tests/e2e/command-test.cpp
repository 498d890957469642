// The `roam` command as a person and a script use it.
#include "tests/e2e/peers.h"
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <unistd.h>

namespace roam::e2e {
namespace {

class Command : public EndToEnd {
 protected:
  static Ended roam(std::vector<std::string> arguments,
                    const std::vector<std::string>& environment = {}) {
    arguments.insert(arguments.begin(), builtProgram("roam"));
    return run(arguments, environment);
  }
  static void says(const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << "\"" << part << "\" is not in:\n" << text;
  }
};

TEST_F(Command, VersionSaysWhichCodeItExchanges) {
  Ended ended = roam({"version"});
  EXPECT_EQ(ended.status, 0);
  says(ended.output, "roam 0.1.0\n");
  says(ended.output, "platform x86_64-pc-linux-gnu/");
}

TEST_F(Command, HelpStatesCommandsAndExitCodes) {
  Ended ended = roam({"--help"});
  EXPECT_EQ(ended.status, 0);
  for (const char* part :
       {"peer", "status", "drain", "inspect", "show", "bundle", "eval", "push", "run", "version",
        "Exit codes: 0", "1 failed", "2 wrong command line", "3 no peer answered", "ROAM_JOIN"})
    says(ended.output, part);
  for (const char* command :
       {"peer", "status", "drain", "inspect", "show", "bundle", "eval", "push", "run", "version"})
    EXPECT_EQ(roam({command, "--help"}).status, 0) << command;
}

TEST_F(Command, AWrongCommandLineIsTwo) {
  std::vector<std::vector<std::string>> wrong = {{},
                                                 {"frobnicate"},
                                                 {"--wrong"},
                                                 {"peer", "--workers", "0"},
                                                 {"inspect"},
                                                 {"inspect", "/does/not/exist"},
                                                 {"status"},
                                                 {"drain"},
                                                 {"peer", "--wrong"},
                                                 {"bundle"},
                                                 {"bundle", "show"},
                                                 {"bundle", "-o", "x"},
                                                 {"eval"},
                                                 {"run"},
                                                 {"push"},
                                                 {"push", "/does/not/exist"},
                                                 {"run", "/does/not/exist"},
                                                 {"eval", "-i", "/does/not/exist", "1"}};
  for (auto& arguments : wrong) {
    Ended ended = roam(arguments);
    EXPECT_EQ(ended.status, 2) << testing::PrintToString(arguments);
    EXPECT_NE(ended.errors, "") << testing::PrintToString(arguments);
    EXPECT_EQ(ended.output, "") << testing::PrintToString(arguments);
  }
}

// --- inspect -----------------------------------------------------------------------------------

TEST_F(Command, InspectListsTheEntriesOfAProgram) {
  Ended ended = roam({"inspect", builtProgram("roam-e2e-program")});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_TRUE(std::regex_search(
      ended.output,
      std::regex("[0-9a-f]{64}\n  at +[^\n]*program\\.cpp:[0-9]+:[0-9]+\n  call +\\(int\\) -> int\n"
                 "  closure +4 bytes, 1 capture\n    \\+0 +round : int \\(4 bytes\\)\n"
                 "  code +1 function, [0-9]+ instructions in [0-9]{3,} bytes\n"
                 " +[0-9]+  the entry and what was inlined into it\n"
                 "  undefined [0-9]+ symbol")))
      << ended.output;
  EXPECT_TRUE(std::regex_search(ended.output, std::regex("-> std::pair<int, int>\n")))
      << ended.output;
}

TEST_F(Command, InspectTellsWhatALargeClosureIsMadeOf) {
  std::string text = roam({"inspect", builtProgram("roam-e2e-program")}).output;
  std::regex heading("  code +([0-9]+) functions, ([0-9]+) instructions in [0-9]+ bytes\n"
                     "(( +[0-9]+  [^\n]+\n){5})  state +static busy\\(int\\)::calls\n");
  std::smatch found;
  ASSERT_TRUE(std::regex_search(text, found, heading)) << text;
  EXPECT_GT(std::stoi(found[1]), 5);
  std::istringstream lines(found[3]);
  long least = std::stol(found[2]), count;
  for (std::string line; std::getline(lines, line); least = count) {
    count = std::stol(line);
    EXPECT_LE(count, least) << found[3];
    EXPECT_GT(count, 0);
  }
}

TEST_F(Command, InspectNamesPeerLocalVariables) {
  std::string text = roam({"inspect", builtProgram("roam-e2e-program"), "--symbols"}).output;
  says(text, "  state     peer-local visits\n");
  EXPECT_EQ(text.find("roam.peer_local"), std::string::npos) << text;
}

TEST_F(Command, InspectListsTheSymbolsAPeerMustProvide) {
  std::vector<std::string> words = {"inspect", builtProgram("roam-e2e-program")};
  EXPECT_EQ(roam(words).output.find("getppid"), std::string::npos);
  words.push_back("--symbols");
  says(roam(words).output, "    getppid\n");
}

TEST_F(Command, InspectTellsWhereNeedsAreAndWhichAreNowhere) {
  std::string text = roam({"inspect", builtProgram("roam-e2e-across-files")}).output;
  says(text, "functions of other files, ");
  says(text, "libz.so.1");
  says(text, "libroam-e2e-loaded.so");
  says(text,
       "  needs     roam::e2e::inPlainObject(int): no code in this file; it was compiled without "
       "Roam's plugin\n");
  says(text, "  needs     roam::e2e::callsBumpCounter(): uses the variable ");
  text = roam({"inspect", builtProgram("roam-e2e-program")}).output;
  says(text, "  libraries libc.so.6");
  EXPECT_EQ(text.find("  needs  "), std::string::npos) << text;
}

TEST_F(Command, InspectOfAProgramWithoutEntriesSaysSo) {
  Ended ended = roam({"inspect", "/bin/true"});
  EXPECT_EQ(ended.status, 0);
  says(ended.output, "/bin/true holds no entries");
}

TEST_F(Command, InspectOfWhatIsNoProgramNamesTheFile) {
  Ended ended = roam({"inspect", "/etc/passwd"});
  EXPECT_EQ(ended.status, 1);
  says(ended.errors, "/etc/passwd");
  says(ended.errors, "not an ELF file");
}

// --- status ------------------------------------------------------------------------------------

TEST_F(Command, StatusShowsWhatEachPeerHasDone) {
  Peers peers(2);
  run({builtProgram("roam-e2e-program"), "sum"}, {"ROAM_JOIN=" + peers.addresses()});
  Ended ended = roam({"status"}, {"ROAM_JOIN=" + peers.addresses()});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  std::istringstream lines(ended.output);
  std::string heading;
  std::getline(lines, heading);
  says(heading, "ADDRESS");
  std::uint64_t elements = 0, compilations = 0;
  for (auto& peer : peers) {
    std::string address, name;
    std::uint64_t workers, chunks, done, slices, received, compiled;
    lines >> address >> name >> workers >> chunks >> done >> slices >> received >> compiled;
    EXPECT_EQ(address, peer->address());
    EXPECT_TRUE(name.ends_with(":" + std::to_string(peer->id()))) << name;
    EXPECT_EQ(workers, 1u);
    EXPECT_EQ(chunks, done) << "chunks of one element";
    EXPECT_EQ(slices, 1u);
    EXPECT_EQ(received, 1u);
    elements += done;
    compilations += compiled;
    std::getline(lines, name);
  }
  EXPECT_EQ(elements, 400u);
  EXPECT_EQ(compilations, 1u); // one peer for both
}

TEST_F(Command, StatusForScriptsHasAColumnForEachHeadingAfterAddressAndName) {
  Peers peers(1);
  std::istringstream heading(roam({"status", "--join", peers.addresses()}).output);
  std::string headings;
  std::getline(heading, headings);
  std::istringstream words(headings);
  auto columns = std::distance(std::istream_iterator<std::string>(words), {});
  Ended ended = roam({"status", "--plain", "--join", peers.addresses()});
  EXPECT_EQ(std::ranges::count(ended.output, '\t'), columns - 1) << ended.output;
  for (const char* place : {"COMPILED", "DISK", "LINKED", "MEMORY", "BUNDLED", "PEERS", "SHIPPED",
                            "TUNED", "OPEN", "LEAVING"})
    says(headings, place);
}

TEST_F(Command, StatusIsThreeOnlyIfNoPeerAnswers) {
  Peers peers(2);
  peers[1].end(SIGKILL);
  Ended ended = roam({"status", "--join", peers.addresses()});
  EXPECT_EQ(ended.status, 0);
  says(ended.output, "no peer answers at " + peers[1].address());
  peers[0].end(SIGKILL);
  ended = roam({"status", "--join", peers.addresses()});
  EXPECT_EQ(ended.status, 3);
  says(ended.output, "no peer answers at " + peers[0].address());
}

// --- peer --------------------------------------------------------------------------------------

TEST_F(Command, APeerRefusesAddressesThatOthersCouldReach) {
  for (std::string address : {"0.0.0.0:0", "[::]:0", "192.168.0.1:7070"}) {
    Ended ended = roam({"peer", "--listen", address});
    EXPECT_EQ(ended.status, 1);
    EXPECT_EQ(ended.output, "");
    says(ended.errors, address);
    says(ended.errors, "not an address of this machine");
  }
}

TEST_F(Command, APeerNamesAnAddressThatIsInUse) {
  Peers peers(1);
  Ended ended = roam({"peer", "--listen", peers[0].address(), "--workers", "1"});
  EXPECT_EQ(ended.status, 1);
  says(ended.errors, peers[0].address());
}

TEST_F(Command, APeerListensOnSeveralAddresses) {
  TemporaryFolder folder;
  std::string path = "unix:" + folder.path() + "/peer";
  Process peer({builtProgram("roam"), "peer", "--listen", path, "--listen", "127.0.0.1:0",
                "--workers", "1", "--cache", ""});
  std::string addresses;
  for (int i = 0; i < 2; ++i) {
    std::string line = peer.line();
    ASSERT_TRUE(line.starts_with("roam peer listening on ")) << line;
    addresses += (i ? "," : "") + line.substr(sizeof "roam peer listening on " - 1);
  }
  says(addresses, path);
  Ended ended = run({builtProgram("roam-e2e-program"), "sum"}, {"ROAM_JOIN=" + addresses});
  EXPECT_EQ(ended.output, "1800\n2000\n") << ended.errors;
}

TEST_F(Command, APeerDropsSlicesAboveItsMemory) {
  PeerProcess small(1, {"--memory", "1K"}), usual(1);
  for (auto [peer, kept] : {std::pair(&small, 1u), std::pair(&usual, 2u)}) {
    for (const char* word : {"sum", "sort"})
      EXPECT_EQ(
          run({builtProgram("roam-e2e-program"), word}, {"ROAM_JOIN=" + peer->address()}).status,
          0);
    EXPECT_EQ(peer->counters().slices, kept);
  }
}

TEST_F(Command, APeerKeepsItsCacheFolderBelowItsLimit) {
  PeerProcess peer(1, {"--cache-limit", "64K"});
  std::filesystem::path folder = peer.cacheFolder();
  for (int i = 0; i < 100; ++i) // of an older Roam
    std::ofstream(folder / (std::string(62, 'a') + std::to_string(100 + i).substr(1) + "-" +
                            std::string(16, '0') + ".o"))
        << i;
  run({builtProgram("roam-e2e-program"), "sum"}, {"ROAM_JOIN=" + peer.address()});
  await("the folder is within its limit",
        [&] { return std::distance(std::filesystem::directory_iterator(folder), {}) <= 16; });
}

TEST_F(Command, APeerRefusesSizesThatAreNone) {
  for (const char* size : {"0", "-5", "many", "5X"}) {
    Ended ended = roam({"peer", "--memory", size});
    EXPECT_EQ(ended.status, 2) << size;
    says(ended.errors, "--memory");
  }
}

TEST_F(Command, APeerRefusesLimitsOfWorkersThatAreNone) {
  for (const char* words : {"--worker-memory=much", "--worker-memory=-1", "--worker-files=1.5",
                            "--worker-processes=x", "--worker-cpu-time=99999999999"}) {
    Ended ended = roam({"peer", words});
    EXPECT_EQ(ended.status, 1) << words;
    says(ended.errors, std::string(words).substr(0, std::string(words).find('=')));
  }
}

TEST_F(Command, APeerDoesNotRunAsRootUnlessToldSo) {
  if (geteuid() != 0)
    GTEST_SKIP() << "only root can try";
  unsetenv("ROAM_ALLOW_ROOT");
  Ended ended = roam({"peer", "--listen", "127.0.0.1:0"});
  EXPECT_EQ(ended.status, 1);
  EXPECT_EQ(ended.output, "");
  says(ended.errors, "--allow-root");
  setenv("ROAM_ALLOW_ROOT", "true", 1);
  Process peer({builtProgram("roam"), "peer", "--workers", "1", "--cache", ""});
  EXPECT_TRUE(peer.line().starts_with("roam peer listening on "));
}

TEST_F(Command, WorkersOfAPeerMayRunShutIn) {
  PeerProcess peer(1, {"--sandbox", "--no-namespaces"});
  Ended ended = run({builtProgram("roam-e2e-program"), "sum"}, {"ROAM_JOIN=" + peer.address()});
  EXPECT_EQ(ended.output, "1800\n2000\n") << ended.errors;
  await("the worker and the spare are shut in", [&] {
    return std::ranges::count_if(childrenOf(peer.id()), [](pid_t process) {
             std::ifstream file("/proc/" + std::to_string(process) + "/status");
             std::string status((std::istreambuf_iterator<char>(file)), {});
             return status.find("Seccomp:\t2") != std::string::npos;
           }) == 2;
  });
}

TEST_F(Command, APeerEndsInOrderWhenAsked) {
  for (int signal : {SIGTERM, SIGINT}) {
    PeerProcess peer(2);
    std::vector<pid_t> workers = childrenOf(peer.id());
    EXPECT_GE(workers.size(), 2u);
    EXPECT_EQ(peer.end(signal), 0);
    for (pid_t worker : workers)
      await("the worker is gone", [&] { return isGone(worker); });
  }
}

TEST_F(Command, WorkersOfAPeerThatIsKilledEnd) {
  PeerProcess peer(2);
  std::vector<pid_t> workers = childrenOf(peer.id());
  EXPECT_GE(workers.size(), 2u);
  EXPECT_EQ(peer.end(SIGKILL), 128 + SIGKILL);
  for (pid_t worker : workers)
    await("the worker is gone", [&] { return isGone(worker); });
}

TEST_F(Command, AWorkerIsNotForPeople) {
  Ended ended = run({builtProgram("roam-worker")});
  EXPECT_EQ(ended.status, 2);
  says(ended.errors, "roam peer");
}

} // namespace
} // namespace roam::e2e
