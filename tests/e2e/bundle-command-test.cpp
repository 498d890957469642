// `roam bundle` as a person or a script uses it: making, showing, verifying, merging and comparing
// bundles, and signing them.
#include "tests/e2e/keys.h"
#include "tests/e2e/peers.h"
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace roam::e2e {
namespace {

namespace fs = std::filesystem;

class BundleCommand : public EndToEnd {
 protected:
  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
  std::string file(const std::string& name, const std::string& bytes) const {
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }
  static std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  Ended bundle(std::vector<std::string> words) const {
    words.insert(words.begin(), {builtProgram("roam"), "bundle"});
    return run(words);
  }
  /// A bundle of a program of this build, of slices alone unless `more` says otherwise.
  std::string make(const std::string& name, const std::string& program,
                   const std::vector<std::string>& more = {"--target", "none"}) const {
    std::vector<std::string> words{"-o", path(name), builtProgram(program)};
    words.insert(words.end(), more.begin(), more.end());
    Ended ended = bundle(words);
    EXPECT_EQ(ended.status, 0) << ended.errors;
    return path(name);
  }

  TemporaryFolder folder_;
};

void says(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "'" << part << "' is missing in:\n" << text;
}

TEST_F(BundleCommand, MakesTheSameBytesEachTime) {
  std::string one = make("one.roam", "roam-e2e-program"),
              two = make("two.roam", "roam-e2e-program");
  EXPECT_EQ(read(one), read(two));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), {}), 2) << "nothing else is left";
}

TEST_F(BundleCommand, ShowsPlacesAndWhoSigned) {
  std::string made = make("one.roam", "roam-e2e-program");
  Ended shown = bundle({"show", made});
  EXPECT_EQ(shown.status, 0) << shown.errors;
  for (const char* part : {"DIGEST", "program.cpp:", " entries, content ", "not signed"})
    says(shown.output, part);
}

TEST_F(BundleCommand, CompilesForEachCpuItIsTold) {
  std::string made = make("one.roam", "roam-e2e-program", {"--target", "x86-64-v3,x86-64-v2"});
  std::string shown = bundle({"show", "--plain", made}).output;
  EXPECT_EQ(std::ranges::count(shown, '\n'), 5) << shown;
  std::istringstream lines(shown);
  for (std::string line; std::getline(lines, line);)
    EXPECT_TRUE(line.ends_with("\tx86-64-v2,x86-64-v3")) << line;
  EXPECT_EQ(bundle({"verify", made}).status, 0);
  std::string none = make("none.roam", "roam-e2e-program");
  says(bundle({"diff", none, made}).output, " objects x86-64-v2,x86-64-v3, were -");
  std::string again = make("again.roam", "roam-e2e-program", {"--target", "x86-64-v3,x86-64-v2"});
  says(bundle({"diff", made, again}).output, " compiled anew for x86-64-v2,x86-64-v3");
}

TEST_F(BundleCommand, RefusesACpuThatThereIsNot) {
  Ended ended =
      bundle({"-o", path("none.roam"), "--target", "native,z80", builtProgram("roam-e2e-program")});
  EXPECT_EQ(ended.status, 1);
  says(ended.errors, "no object could be made for z80: ");
  EXPECT_FALSE(fs::exists(path("none.roam")));
}

TEST_F(BundleCommand, SignsAndVerifies) {
  std::string key = file("key.pem", privateKey), other = file("other.pem", otherKey),
              pub = file("public.pem", publicKey);
  std::string made = make("one.roam", "roam-e2e-program", {"--target", "none", "--sign", key});
  says(bundle({"show", made}).output, std::string("signed by ") + signer);
  EXPECT_EQ(bundle({"verify", made}).status, 0);
  EXPECT_EQ(bundle({"verify", "--key", pub, made}).status, 0);
  Ended refused = bundle({"verify", "--key", other, made});
  EXPECT_EQ(refused.status, 1);
  says(refused.errors, std::string("it is signed by ") + signer);
  refused = bundle({"verify", "--key", pub, make("plain.roam", "roam-e2e-program")});
  EXPECT_EQ(refused.status, 1);
  says(refused.errors, "it is not signed");
}

TEST_F(BundleCommand, AddsASignatureToABundleOfTheSameContent) {
  std::string made = make("one.roam", "roam-e2e-program",
                          {"--target", "none", "--sign", file("key.pem", privateKey)});
  std::string both = path("both.roam");
  EXPECT_EQ(bundle({"merge", "-o", both, "--sign", file("other.pem", otherKey), made}).status, 0);
  for (const char* pem : {"key.pem", "other.pem"})
    EXPECT_EQ(bundle({"verify", "--key", path(pem), both}).status, 0) << pem;
}

TEST_F(BundleCommand, VerifyTellsEachFault) {
  std::string bytes = read(make("one.roam", "roam-e2e-program"));
  std::size_t first = bytes.find("BC\xC0\xDE"), second = bytes.find("BC\xC0\xDE", first + 4);
  ASSERT_NE(second, std::string::npos);
  bytes[first] = bytes[second] = 'X';
  Ended ended = bundle({"verify", file("damaged.roam", bytes)});
  EXPECT_EQ(ended.status, 1);
  std::size_t lines = static_cast<std::size_t>(std::ranges::count(ended.errors, '\n'));
  EXPECT_EQ(lines, 2u) << ended.errors;
  says(ended.errors, "damaged.roam: ");
  says(ended.errors, ", code: ");
}

TEST_F(BundleCommand, RefusesWhatIsNoBundleAndNamesIt) {
  for (const char* command : {"show", "verify"}) {
    Ended ended = bundle({command, "/etc/passwd"});
    EXPECT_EQ(ended.status, 1);
    says(ended.errors, "/etc/passwd: this is not a bundle of Roam");
  }
  Ended ended = bundle({"-o", path("none.roam"), "/bin/true"});
  EXPECT_EQ(ended.status, 1);
  says(ended.errors, "/bin/true: it holds no entries");
  EXPECT_FALSE(fs::exists(path("none.roam")));
}

TEST_F(BundleCommand, LeavesTheOldFileIfTheNewOneCanNotBeWritten) {
  Ended ended = bundle({"-o", path("no folder/one.roam"), builtProgram("roam-e2e-program")});
  EXPECT_EQ(ended.status, 1);
  says(ended.errors, "no folder/one.roam: No such file");
  std::string kept = file("kept.roam", "as it was");
  ended = bundle({"-o", kept, "--sign", path("no key.pem"), builtProgram("roam-e2e-program")});
  EXPECT_EQ(ended.status, 1);
  EXPECT_EQ(read(kept), "as it was");
}

TEST_F(BundleCommand, ReplacesFilesOnly) {
  fs::create_symlink("/dev/null", path("device"));
  Ended ended =
      bundle({"-o", path("device"), "--target", "none", builtProgram("roam-e2e-program")});
  EXPECT_EQ(ended.status, 1);
  says(ended.errors, "not a file");
  EXPECT_TRUE(fs::is_character_file(path("device")));
}

TEST_F(BundleCommand, SaysThatItCouldNotPrint) {
  std::string made = make("one.roam", "roam-e2e-program");
  Ended ended =
      run({"/bin/sh", "-c", builtProgram("roam") + " bundle show " + made + " >/dev/full"});
  EXPECT_EQ(ended.status, 1);
  says(ended.errors, "standard output");
}

TEST_F(BundleCommand, MergesAndTellsDifferences) {
  std::string one = make("one.roam", "roam-e2e-program"),
              two = make("two.roam", "roam-e2e-across-files"), both = path("both.roam");
  EXPECT_EQ(bundle({"merge", "-o", both, one, two}).status, 0);
  std::string other = path("other.roam");
  EXPECT_EQ(bundle({"merge", "-o", other, two, one}).status, 0);
  EXPECT_EQ(read(both), read(other));
  EXPECT_EQ(bundle({"diff", both, other}).output, "");
  std::string more = bundle({"diff", one, both}).output, less = bundle({"diff", both, one}).output;
  std::ranges::transform(less, less.begin(), [](char c) { return c == '-' ? '+' : c; });
  std::ranges::transform(more, more.begin(), [](char c) { return c == '-' ? '+' : c; });
  EXPECT_EQ(more, less);
  says(more, "+ ");
  says(more, " across+files+test.cpp:");
  EXPECT_EQ(more.find("program.cpp"), std::string::npos) << more;
}

TEST_F(BundleCommand, TakesWhatAClusterHasRunAndHowOften) {
  Peers peers(2);
  std::vector<std::string> join{"ROAM_JOIN=" + peers.addresses()};
  ASSERT_EQ(run({builtProgram("roam-e2e-program"), "sum"}, join).status, 0);
  std::string used = path("used.roam");
  Ended made = bundle({"-o", used, "--target", "none", "--from-cluster", peers.addresses()});
  ASSERT_EQ(made.status, 0) << made.errors;
  EXPECT_EQ(made.errors, "");
  std::string line = bundle({"show", "--plain", used}).output;
  EXPECT_EQ(std::ranges::count(line, '\n'), 1) << line;
  says(line, peers[0].digests().front() + "\t400\t"); // 200 elements, twice, in chunks of one
  says(line, "\tprogram.cpp:");
  says(bundle({"diff", make("all.roam", "roam-e2e-program"), used}).output, " weight 400, was 0");
}

TEST_F(BundleCommand, TakesFromAClusterAlsoWhatItsPeersHaveFromABundle) {
  std::string all = make("all.roam", "roam-e2e-program"), used = path("used.roam");
  PeerProcess peer(1, {"--bundle", all});
  ASSERT_EQ(run({builtProgram("roam-e2e-program"), "sum"}, {"ROAM_JOIN=" + peer.address()}).status,
            0);
  Ended made = bundle({"-o", used, "--target", "none", "--from-cluster", peer.address()});
  ASSERT_EQ(made.status, 0) << made.errors;
  EXPECT_EQ(made.errors, "");
  says(bundle({"diff", all, used}).output, " weight 400, was 0");
}

TEST_F(BundleCommand, TakesSourceFilesAsTheProjectCompilesThem) {
  std::string build = fs::path(builtProgram("roam")).parent_path().parent_path();
  Ended made = bundle({"-o", path("sources.roam"), "--target", "none", "-p", build,
                       ROAM_TEST_TREE "/tests/e2e/program.cpp"});
  ASSERT_EQ(made.status, 0) << made.errors;
  EXPECT_EQ(made.errors, "");
  EXPECT_EQ(bundle({"diff", path("sources.roam"), make("linked.roam", "roam-e2e-program")}).output,
            "");
  made = bundle({"-o", path("sources.roam"), "--target", "none", "-p", build, "/etc/passwd"});
  EXPECT_EQ(made.status, 1);
  says(made.errors, "compile_commands.json has no command that compiles /etc/passwd");
}

TEST_F(BundleCommand, RefusesAnObjectFileWhoseProgramIsNotKnown) {
  std::string object = path("program.o");
  ASSERT_EQ(run({"/usr/bin/clang++-19", "-x", "c++", "-c", "/dev/null", "-o", object}).status, 0);
  Ended made = bundle({"-o", path("object.roam"), object});
  EXPECT_EQ(made.status, 1);
  says(made.errors, "it is an object file");
}

TEST_F(BundleCommand, FollowsCallsAcrossSourceFilesUpToSharedLibraries) {
  std::string build = fs::path(builtProgram("roam")).parent_path().parent_path(),
              example = ROAM_TEST_TREE "/examples/05-across-files/";
  Ended made =
      bundle({"-o", path("sources.roam"), "--target", "none", "-p", build,
              example + "across-files.cpp", example + "tariff.cpp", example + "volume.cpp"});
  ASSERT_EQ(made.status, 0) << made.errors;
  says(made.errors, "it needs crc32 (called from label");
}

TEST_F(BundleCommand, NamesPeersThatDoNotAnswer) {
  Peers peers(2);
  std::string addresses = peers.addresses();
  peers[1].end(SIGKILL);
  Ended made = bundle({"-o", path("used.roam"), "--from-cluster", addresses});
  EXPECT_EQ(made.status, 0);
  says(made.errors, "left out: no peer answers at " + peers[1].address());
  made = bundle({"-o", path("none.roam"), "--from-cluster", peers[1].address()});
  EXPECT_EQ(made.status, 1);
  says(made.errors, "no peer answers at " + peers[1].address());
  EXPECT_FALSE(fs::exists(path("none.roam")));
}

} // namespace
} // namespace roam::e2e
