// `roam eval`: expressions on every peer.
#include "tests/e2e/peers.h"
#include <algorithm>
#include <csignal>
#include <fstream>

namespace roam::e2e {
namespace {

class Eval : public EndToEnd {
 protected:
  Ended eval(std::vector<std::string> words) const {
    words.insert(words.begin(), {builtProgram("roam"), "eval"});
    return run(words, {"ROAM_JOIN=" + peers_.addresses()});
  }
  std::string header(const std::string& text) const {
    std::string path = folder_.path() + "/app.h";
    std::ofstream(path) << "#pragma once\n" << text;
    return path;
  }
  /// What each peer's line says after its name and address.
  static std::vector<std::string> valuesIn(const std::string& output) {
    std::vector<std::string> values;
    for (std::size_t at = 0; at < output.size();) {
      std::size_t end = output.find('\n', at), text = output.find("): ", at);
      values.push_back(output.substr(text + 3, end - text - 3));
      at = end + 1;
    }
    return values;
  }
  using Values = std::vector<std::string>;

  Peers peers_{2};
  TemporaryFolder folder_;
};

TEST_F(Eval, PrintsTheValueOnEachPeerWithItsName) {
  Ended ended = eval({"6 * 7"});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  EXPECT_EQ(valuesIn(ended.output), (Values{"42", "42"}));
  for (auto& peer : peers_)
    EXPECT_NE(ended.output.find(":" + std::to_string(peer->id()) + " (" + peer->address() + "): "),
              std::string::npos)
        << ended.output;
}

TEST_F(Eval, TakesStatementsAndExpressionsWithoutAValue) {
  std::string app = header("#include <map>\n#include <string>\ninline std::map<std::string, int> "
                           "table() { return {{\"a;b\", 1}}; }\n");
  EXPECT_EQ(valuesIn(eval({"-i", app, "table()"}).output).at(0), "{\"a;b\": 1}");
  EXPECT_EQ(valuesIn(eval({"-i", app, "auto t = table(); t[\"c;\"] = 2; t.size()"}).output).at(0),
            "2");
  EXPECT_EQ(valuesIn(eval({"int s = 0; for (int i : {1, 2}) { s += i; } s"}).output).at(0), "3");
  EXPECT_EQ(valuesIn(eval({"void();"}).output).at(0), "done");
  EXPECT_EQ(valuesIn(eval({"(void)0"}).output).at(0), "done");
}

TEST_F(Eval, KeepsPeerLocalVariablesOfAHeader) {
  std::string app = header("[[roam::peer_local]] inline int visits = 5;\n");
  EXPECT_EQ(valuesIn(eval({"-i", app, "++visits"}).output), (Values{"6", "6"}));
  EXPECT_EQ(valuesIn(eval({"-i", app, "visits += 10"}).output), (Values{"16", "16"}));
  EXPECT_EQ(valuesIn(eval({"-i", app, "visits"}).output), (Values{"16", "16"}));
}

TEST_F(Eval, PrintsWhatTheExpressionPrintsIfAsked) {
  std::string app = header("#include <cstdio>\n");
  Ended silent = eval({"-i", app, "std::puts(\"hello\"); 1"});
  EXPECT_EQ(silent.output.find("hello"), std::string::npos) << silent.output;
  Ended ended = eval({"--output", "-i", app, "std::puts(\"hello\"); 1"});
  for (auto& peer : peers_)
    EXPECT_NE(ended.output.find(":" + std::to_string(peer->id()) + ": hello\n"), std::string::npos)
        << ended.output;
}

TEST_F(Eval, TellsWhatWentWrongOnAPeer) {
  std::string app = header("#include <cstdlib>\n#include <stdexcept>\n#include <string>\n"
                           "#include <unistd.h>\n"
                           "inline int failOn(int process) {\n"
                           "  if (getppid() == process) throw std::out_of_range(\"too far\");\n"
                           "  return 1;\n}\n");
  Ended ended = eval({"-i", app, "failOn(" + std::to_string(peers_[0].id()) + ")"});
  EXPECT_EQ(ended.status, 1);
  Values values = valuesIn(ended.output);
  std::sort(values.begin(), values.end());
  EXPECT_EQ(values, (Values{"1", "error: std::out_of_range: too far"}));

  peers_[0].end(SIGKILL);
  ended = eval({"1"});
  EXPECT_EQ(ended.status, 1) << "one of the peers that were named does not answer";
  EXPECT_EQ(valuesIn(ended.output), (Values{"1"}));
  EXPECT_NE(ended.errors.find(peers_[0].address()), std::string::npos) << ended.errors;
  peers_[1].end(SIGKILL);
  EXPECT_EQ(eval({"1"}).status, 3);
}

TEST_F(Eval, PointsAtMistakesInTheExpression) {
  Ended ended = eval({"int x = 1;\nx + missing"});
  EXPECT_EQ(ended.status, 1);
  EXPECT_EQ(ended.output, "");
  EXPECT_NE(ended.errors.find("expression:2:5: error: use of undeclared identifier 'missing'"),
            std::string::npos)
      << ended.errors;
  EXPECT_NE(eval({"(1 + "}).errors.find("end of the expression:1:1: error: expected expression"),
            std::string::npos);
}

} // namespace
} // namespace roam::e2e
