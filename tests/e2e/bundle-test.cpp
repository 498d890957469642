// Peers that were started with bundles: what is inside is neither received nor compiled.
#include "tests/e2e/keys.h"
#include "tests/e2e/peers.h"
#include <fstream>
#include <iterator>

namespace roam::e2e {
namespace {

class BundledPeer : public EndToEnd {
 protected:
  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
  std::string file(const std::string& name, const std::string& bytes) const {
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }
  /// Of roam-e2e-program, for this machine.
  std::string makeBundle(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{builtProgram("roam"), "bundle", "-o", path("one.roam"),
                                   builtProgram("roam-e2e-program")};
    words.insert(words.end(), more.begin(), more.end());
    Ended ended = run(words);
    EXPECT_EQ(ended.status, 0) << ended.errors;
    return path("one.roam");
  }
  static void sum(const PeerProcess& peer, const std::vector<std::string>& environment = {}) {
    std::vector<std::string> all{"ROAM_JOIN=" + peer.address()};
    all.insert(all.end(), environment.begin(), environment.end());
    Ended ended = run({builtProgram("roam-e2e-program"), "sum"}, all);
    EXPECT_EQ(ended.output, "1800\n2000\n") << ended.errors;
  }
  /// What a peer says that does not start.
  static std::string refusal(const std::vector<std::string>& more) {
    std::vector<std::string> words{builtProgram("roam"), "peer", "--listen", "127.0.0.1:0",
                                   "--workers",          "1",    "--cache",  ""};
    words.insert(words.end(), more.begin(), more.end());
    Ended ended = run(words);
    EXPECT_EQ(ended.status, 1);
    EXPECT_EQ(ended.output, "");
    return ended.errors;
  }

  TemporaryFolder folder_;
};

void says(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "'" << part << "' is missing in:\n" << text;
}

bool hasLoadedLlvm(pid_t process) {
  std::ifstream maps("/proc/" + std::to_string(process) + "/maps");
  EXPECT_TRUE(maps.good());
  std::string text(std::istreambuf_iterator<char>(maps), {});
  EXPECT_NE(text.find("libc.so"), std::string::npos);
  return text.find("libLLVM") != std::string::npos;
}

TEST_F(BundledPeer, RunsWhatIsInsideWithoutReceivingOrCompilingIt) {
  PeerProcess peer(2, {"--bundle", makeBundle()});
  sum(peer);
  Counters counters = peer.counters();
  EXPECT_EQ(counters.elementsDone, 400u);
  EXPECT_EQ(counters.slicesReceived, 0u);
  EXPECT_EQ(counters.compiled, 0u);
  EXPECT_EQ(counters.bundled, 1u);
}

TEST_F(BundledPeer, LoadsLlvmInNoneOfItsProcesses) {
  PeerProcess peer(2, {"--bundle", makeBundle()});
  sum(peer);
  EXPECT_FALSE(hasLoadedLlvm(peer.id()));
  std::vector<pid_t> others = childrenOf(peer.id());
  EXPECT_GE(others.size(), 2u);
  for (pid_t process : others)
    EXPECT_FALSE(hasLoadedLlvm(process));
}

TEST_F(BundledPeer, CompilesASliceThatIsInsideWithoutAnObject) {
  PeerProcess peer(1, {"--bundle", makeBundle({"--target", "none"})});
  sum(peer);
  EXPECT_EQ(peer.counters().slicesReceived, 0u);
  EXPECT_EQ(peer.counters().compiled, 1u);
}

TEST_F(BundledPeer, GoesOnWithoutWhatIsDamaged) {
  makeBundle();
  std::ifstream in(path("one.roam"), std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(in), {});
  for (std::size_t at = 0; (at = bytes.find("RoamObj", at)) != std::string::npos;)
    bytes[at] = 'r';
  PeerProcess peer(1, {"--bundle", file("damaged.roam", bytes)});
  sum(peer);
  EXPECT_EQ(peer.counters().bundled, 0u);
  EXPECT_EQ(peer.counters().compiled, 1u);
}

TEST_F(BundledPeer, DoesNotStartWithWhatIsNoBundle) {
  says(refusal({"--bundle", "/etc/passwd"}),
       "can't open the bundle /etc/passwd: this is not a bundle of Roam");
}

TEST_F(BundledPeer, ThatAcceptsSignedOnesOnlyDoesNotStartWithOthers) {
  std::string key = file("public.pem", publicKey), other = file("other.pem", otherKey);
  std::string made = makeBundle();
  says(refusal({"--bundle", made, "--accept-signed", key}),
       "the bundle " + made + " is not accepted: it is not signed");
  made = makeBundle({"--sign", other});
  says(refusal({"--bundle", made, "--accept-signed", key}), "that key is not accepted here");
  says(refusal({"--bundle", made, "--accept-signed", "/etc/passwd"}), "can't use the key");
  made = makeBundle({"--sign", file("key.pem", privateKey)});
  PeerProcess peer(1, {"--bundle", made, "--accept-signed", key, "--accept-signed", other});
  sum(peer);
  EXPECT_EQ(peer.counters().bundled, 1u);
}

TEST_F(BundledPeer, ThatAcceptsSignedOnesOnlyRunsNoOtherCode) {
  std::vector<std::string> origin{"ROAM_BUNDLE=" + makeBundle()};
  PeerProcess trusting(1);
  sum(trusting, origin);
  EXPECT_EQ(trusting.counters().shipped, 1u);
  EXPECT_EQ(trusting.counters().compiled, 0u);
  PeerProcess careful(1, {"--accept-signed", file("public.pem", publicKey)});
  origin.push_back("ROAM_JOIN=" + careful.address());
  Ended ended = run({builtProgram("roam-e2e-program"), "sum"}, origin);
  EXPECT_NE(ended.status, 0);
  says(ended.errors, "this peer runs signed code only (--accept-signed), and slice ");
  EXPECT_EQ(careful.counters().slicesReceived, 0u);
}

} // namespace
} // namespace roam::e2e
