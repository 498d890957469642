// `roam eval`: an expression on every peer, and what came of it on each.
#include "jit/slice/manifest.h"
#include "roam/archive.h"
#include "runtime/code-packing.h"
#include "runtime/remote-exception.h"
#include "tools/cluster-peers.h"
#include "tools/commands.h"
#include "tools/expression-source.h"
#include "tools/files.h"
#include "tools/program-symbols.h"
#include "tools/source-compiling.h"
#include "tools/temporary-folder.h"
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <memory>

namespace roam::tools {
namespace {

struct Wish {
  std::string expression;
  std::vector<std::string> headers, folders; ///< to include, to look for includes in
  net::JoinOptions join;
  bool output = false; ///< what it prints is wanted, too
};

/// The object that holds the expression's entry. Throws std::runtime_error after the compiler said
/// what is wrong.
std::string compiled(const Wish& wish) {
  std::vector<std::string> headers, flags;
  for (const std::string& header : wish.headers)
    headers.push_back(std::filesystem::absolute(header));
  for (const std::string& folder : wish.folders)
    flags.push_back("-I" + folder);
  TemporaryFolder folder;
  std::string file = folder.path() + "/eval.cpp";
  std::ofstream(file) << sourceOfExpression(wish.expression, headers);
  return readFile(compileSources({{file}, "", flags, true}, folder.path()).at(0).object);
}

/// The code of the expression's entry in the object, which must outlive it.
PackedCode codeIn(const std::string& object) {
  for (const ManifestEntry& entry : readManifest(object))
    if (entry.description.liveName == expressionName)
      return packCode(entry, {}, ProgramSymbols(std::span(&object, 1)));
  throw std::runtime_error("the compiler made no entry of the expression");
}

struct Answer {
  bool good;
  std::string text;
};

Answer answerOf(const net::ChunkOutcome& outcome, const Digest& entry, const std::string& peer) {
  KJ_IF_MAYBE (turned, outcome.turnedAway)
    return {false, turned->cStr()};
  KJ_IF_MAYBE (failure, outcome.failure) {
    if (failure->kind == net::Failure::Kind::thrown)
      return {false, fmt::format("{}: {}", failure->type.cStr(), failure->message.cStr())};
    try {
      std::rethrow_exception(remoteException(*failure, entry, peer));
    } catch (const std::exception& error) {
      return {false, error.what()};
    }
  }
  Reader in{reinterpret_cast<const char*>(outcome.results.begin()), outcome.results.size()};
  std::string text = loadWhole<std::string>(in);
  return in.finished() ? Answer{true, std::move(text)} : Answer{false, "its answer is damaged"};
}

/// Prints what code prints on a peer, marked with the peer.
class MarkedOutput final : public net::OutputSink {
 public:
  explicit MarkedOutput(std::string peer) : peer_(std::move(peer)) {}
  void line(kj::StringPtr text, bool isError) override {
    fmt::print(isError ? stderr : stdout, "{}: {}\n", peer_, net::oneLine(text.cStr()));
  }

 private:
  std::string peer_;
};

kj::Promise<Answer> ask(net::Peer& peer, const PackedCode& code, bool output) {
  net::Chunk chunk;
  if (output)
    chunk.output = std::make_shared<MarkedOutput>(peer.name());
  chunk.entry = code.digest;
  chunk.count = 1;
  chunk.home = code.home;
  net::Code shipped;
  shipped.slice =
      kj::arrayPtr(reinterpret_cast<const kj::byte*>(code.bytes().data()), code.bytes().size());
  shipped.description = code.description.c_str();
  return peer.run(kj::mv(chunk), kj::mv(shipped), nullptr)
      .then([&code, &peer](
                net::ChunkOutcome outcome) { return answerOf(outcome, code.digest, peer.name()); },
            [](kj::Exception&& failure) {
              return Answer{false, net::wordsOf(failure).cStr()};
            });
}

int eval(const Wish& wish) {
  std::string object = compiled(wish);
  PackedCode code = codeIn(object);
  auto io = kj::setupAsyncIo();
  ClusterPeers cluster = findPeers(io, wish.join, "roam eval");
  kj::Vector<kj::Promise<Answer>> asked; // all at once
  for (auto& peer : cluster.peers)
    asked.add(ask(*peer, code, wish.output).eagerlyEvaluate(nullptr));
  bool good = cluster.failures.empty();
  for (std::size_t i = 0; i < asked.size(); ++i) {
    Answer answer = asked[i].wait(io.waitScope);
    const net::Peer& peer = *cluster.peers[i];
    fmt::print("{} ({}): {}{}\n", peer.name(), peer.address(),
               answer.good ? "" : "error: ", answer.text);
    good = good && answer.good;
  }
  for (const std::string& failure : cluster.failures)
    fmt::print(stderr, "roam: {}\n", failure);
  if (cluster.peers.empty() && cluster.failures.empty())
    fmt::print(stderr, "roam: no peer was found\n");
  return cluster.peers.empty() ? exitUnreachable : good ? exitDone : exitFailed;
}

} // namespace

void addEvalCommand(CLI::App& app, Command& chosen) {
  auto wish = std::make_shared<Wish>();
  auto* command = app.add_subcommand(
      "eval", "Run a C++ expression on every peer, and print a line for each: NAME (ADDRESS): its "
              "value, or what went wrong there. Statements may stand before it: 'auto x = f(); x + "
              "1'. Ends with 1 if it failed anywhere.");
  command->add_option("EXPRESSION", wish->expression, "What to run")->required();
  command
      ->add_option("-i,--include", wish->headers,
                   "Header with what the expression uses. May be repeated")
      ->check(CLI::ExistingFile)
      ->allow_extra_args(false);
  command
      ->add_option("-I", wish->folders, "Folder in which headers look for others. May be repeated")
      ->check(CLI::ExistingDirectory)
      ->allow_extra_args(false);
  command->add_flag("--output", wish->output,
                    "Print what the expression prints, too, each line marked with the peer");
  addJoinWords(*command, wish->join);
  command->callback([&chosen, wish] { chosen = [wish] { return eval(*wish); }; });
}

} // namespace roam::tools
