// `roam show` as a person uses it: one piece of code, from wherever it is.
#include "tests/e2e/peers.h"
#include <regex>

namespace roam::e2e {
namespace {

class ShowCommand : public EndToEnd {
 protected:
  static Ended show(std::vector<std::string> words) {
    words.insert(words.begin(), {builtProgram("roam"), "show"});
    return run(words);
  }
  /// The digests of the test program's closures.
  static std::vector<std::string> digests() {
    std::string text = run({builtProgram("roam"), "inspect", program()}).output;
    std::vector<std::string> found;
    std::regex line("(^|\n)([0-9a-f]{64})\n");
    for (std::sregex_iterator i(text.begin(), text.end(), line), end; i != end; ++i)
      found.push_back((*i)[2]);
    return found;
  }
  static std::string program() { return builtProgram("roam-e2e-program"); }
  static void says(const std::string& text, const std::string& pattern) {
    EXPECT_TRUE(std::regex_search(text, std::regex(pattern))) << pattern << "\n" << text;
  }
  /// Of the closure of `program sum`.
  static std::string sumDigest() {
    for (const std::string& digest : digests())
      if (show({digest, program()}).output.find("+0    round : int") != std::string::npos)
        return digest;
    throw std::runtime_error("the test program has no closure that captures `round`");
  }
};

TEST_F(ShowCommand, PrintsPlaceSignatureAndCodeOfAClosureInAProgram) {
  std::string digest = sumDigest();
  Ended ended = show({digest.substr(0, 12), program()});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_TRUE(ended.output.starts_with(digest + "\n  at        ")) << ended.output;
  says(ended.output, "program\\.cpp:[0-9]+:[0-9]+\n  call      \\(int\\) -> int\n");
  says(ended.output, "\n  code      [0-9]{3,} bytes\n");
  says(ended.output, "\n--- IR ---\n; ModuleID = [^\n]*\n");
  says(ended.output, "\ndefine [^\n]*@roam\\." + digest + "\\(");
  says(ended.output, "\n--- assembly for this machine ---\n\t\\.text\n");
}

TEST_F(ShowCommand, TellsHowPeersCameByTheCodeAndUsedIt) {
  std::string digest = sumDigest();
  Peers peers(1);
  ASSERT_EQ(run({program(), "sum"}, {"ROAM_JOIN=" + peers.addresses()}).status, 0);
  Ended ended = show({digest.substr(0, 12), "--join", peers.addresses()});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  says(ended.output, "\n  peer      127\\.0\\.0\\.1:[0-9]+\n"
                     "    code      compiled, [0-9]+ bytes for [^ ]+ at -O[02], compiled in "
                     "[0-9.]+ ms\n"
                     "    calls     400 chunks, 400 elements, [0-9.]+ ms in all\n");
  says(ended.output, "\n  call      \\(int\\) -> int\n");
  says(ended.output, "\ndefine ");
}

TEST_F(ShowCommand, LooksIntoBundles) {
  TemporaryFolder folder;
  std::string bundle = folder.path() + "/a.roam";
  ASSERT_EQ(run({builtProgram("roam"), "bundle", "-o", bundle, program()}).status, 0);
  Ended ended = show({sumDigest(), "--bundle", bundle});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(ended.output, show({sumDigest(), program()}).output);
}

TEST_F(ShowCommand, PrintsTheDifferenceOfTwo) {
  std::vector<std::string> all = digests();
  Ended ended = show({"--diff", all.at(0), all.at(1), program()});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_TRUE(ended.output.starts_with("--- " + all[0] + "\n+++ " + all[1] + "\n@@ "))
      << ended.output;
  EXPECT_EQ(show({"--diff", all[0], all[0], program()}).output, "");
}

TEST_F(ShowCommand, SaysWhenItKnowsNoneOrSeveral) {
  Ended none = show({"0123456789", program()});
  EXPECT_EQ(none.status, 1);
  says(none.errors, "no code whose digest begins with 0123456789 is known");
  Ended several = show({"", program()});
  EXPECT_EQ(several.status, 1);
  says(several.errors, "[0-9]+ digests begin with : [0-9a-f]{64}, ");
  EXPECT_EQ(show({"--diff", "0123"}).status, 2);
}

TEST_F(ShowCommand, CarriesOnWithoutAPeerThatDoesNotAnswer) {
  std::string digest = sumDigest();
  Ended ended = show({digest, program(), "--join", "127.0.0.1:1"});
  EXPECT_EQ(ended.status, 0);
  says(ended.errors, "roam: 127.0.0.1:1: no peer answers");
  says(ended.output, "--- IR ---");
}

} // namespace
} // namespace roam::e2e
