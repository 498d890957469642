// `roam status`: what the peers of a cluster are and have done.
#include "net/peer.h"
#include "tools/commands.h"
#include "tools/joining.h"
#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <memory>

namespace roam::tools {
namespace {

struct Answer {
  std::string address;
  kj::Maybe<net::PeerStatus> status;
  std::string failure;
};

/// Never fails. `io` must outlive the promise.
kj::Promise<Answer> ask(kj::AsyncIoContext& io, std::string address) {
  net::Hello mine;
  mine.name = "roam status";
  mine.version = ROAM_VERSION;
  return net::dial(io.provider->getNetwork(), io.provider->getTimer(), address, mine)
      .then([](kj::Own<net::Peer> peer) {
        auto status = peer->status();
        return status.attach(kj::mv(peer));
      })
      .then(
          [address](net::PeerStatus status) {
            return Answer{address, kj::mv(status), ""};
          },
          [address](kj::Exception&& failure) {
            return Answer{address, nullptr, failure.getDescription().cStr()};
          });
}

/// A number that a peer tells. Scripts count the columns: new ones come last.
struct Column {
  const char* heading;
  std::uint64_t (*value)(const net::PeerStatus&);
};

constexpr Column columns[] = {
    {"WORKERS", [](const net::PeerStatus& s) -> std::uint64_t { return s.workers; }},
    {"CHUNKS", [](const net::PeerStatus& s) { return s.chunksDone; }},
    {"ELEMENTS", [](const net::PeerStatus& s) { return s.elementsDone; }},
    {"SLICES", [](const net::PeerStatus& s) { return s.slices; }},
    {"RECEIVED", [](const net::PeerStatus& s) { return s.slicesReceived; }},
    {"COMPILED", [](const net::PeerStatus& s) { return s.compiled; }},
    {"DISK", [](const net::PeerStatus& s) { return s.cacheHits; }},
    {"LOST", [](const net::PeerStatus& s) { return s.workersLost; }},
    {"LINKED", [](const net::PeerStatus& s) { return s.linked; }},
    {"MEMORY", [](const net::PeerStatus& s) { return s.memory; }},
    {"BUNDLED", [](const net::PeerStatus& s) { return s.bundled; }},
    {"PEERS", [](const net::PeerStatus& s) { return s.fromPeers; }},
    {"SHIPPED", [](const net::PeerStatus& s) { return s.shipped; }},
    {"TUNED", [](const net::PeerStatus& s) { return s.tuned; }},
    {"OPEN", [](const net::PeerStatus& s) -> std::uint64_t { return s.chunksOpen; }},
    {"LEAVING", [](const net::PeerStatus& s) -> std::uint64_t { return s.leaving; }},
};

constexpr std::size_t columnWidth = 9;

void printTable(const std::vector<Answer>& answers) {
  fmt::print("{:<24} {:<20}", "ADDRESS", "NAME");
  for (const Column& column : columns)
    fmt::print(" {:>{}}", column.heading, columnWidth);
  fmt::print("\n");
  for (auto& answer : answers) {
    fmt::print("{:<24} ", answer.address);
    KJ_IF_MAYBE (status, answer.status) {
      fmt::print("{:<20}", status->name);
      for (const Column& column : columns)
        fmt::print(" {:>{}}", column.value(*status), columnWidth);
      fmt::print("\n");
    } else
      fmt::print("{}\n", answer.failure);
  }
}

void printPlain(const std::vector<Answer>& answers) {
  for (auto& answer : answers) {
    KJ_IF_MAYBE (status, answer.status) {
      fmt::print("{}\t{}", answer.address, status->name);
      for (const Column& column : columns)
        fmt::print("\t{}", column.value(*status));
      fmt::print("\n");
    } else
      fmt::print(stderr, "roam: {}: {}\n", answer.address, answer.failure);
  }
}

int status(const net::JoinOptions& join, bool plain) {
  if (join.where.empty()) {
    fmt::print(stderr, "roam: there is no address to ask; give --join or set ROAM_JOIN\n");
    return exitUsage;
  }
  auto io = kj::setupAsyncIo();
  auto addresses = addressesOf(io, join);
  if (addresses.empty())
    fmt::print(stderr, "roam: no peer was found\n");
  kj::Vector<kj::Promise<Answer>> asked; // all at once: one that does not answer holds up no other
  for (auto& address : addresses)
    asked.add(ask(io, address).eagerlyEvaluate(nullptr));
  std::vector<Answer> answers;
  for (auto& answer : asked)
    answers.push_back(answer.wait(io.waitScope));

  (plain ? printPlain : printTable)(answers);
  bool anyAnswered = std::any_of(answers.begin(), answers.end(),
                                 [](const Answer& answer) { return answer.status != nullptr; });
  return anyAnswered ? exitDone : exitUnreachable;
}

} // namespace

void addStatusCommand(CLI::App& app, Command& chosen) {
  struct Arguments {
    net::JoinOptions join;
    bool plain = false;
  };
  auto arguments = std::make_shared<Arguments>();
  auto* command = app.add_subcommand(
      "status",
      "Ask each peer what it is and has done since it started. WORKERS: closures it runs at a "
      "time. "
      "CHUNKS, ELEMENTS: done. SLICES: code it holds; RECEIVED over connections. LOST: workers "
      "that "
      "ended on their own. OPEN: closures that wait or run now. LEAVING: 1 if it takes no work any "
      "more. The other columns count where machine code came from: COMPILED here, "
      "DISK, "
      "LINKED into the peer, MEMORY, BUNDLED, PEERS: another peer gave it, SHIPPED with the "
      "slice.");
  addJoinWords(*command, arguments->join);
  command->add_flag("--plain", arguments->plain,
                    "For scripts: the same columns separated by tabs, without the heading; peers "
                    "that do not answer are named on standard error only");
  command->callback([&chosen, arguments] {
    chosen = [arguments] { return status(arguments->join, arguments->plain); };
  });
}

} // namespace roam::tools
