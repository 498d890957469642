// `roam status`: what the peers of a cluster are and have done.
#include "net/peer.h"
#include "tools/commands.h"
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

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  while (from <= list.size()) {
    std::size_t to = std::min(list.find(',', from), list.size());
    if (to > from)
      parts.push_back(list.substr(from, to - from));
    from = to + 1;
  }
  return parts;
}

Answer ask(kj::AsyncIoContext& io, const std::string& address) {
  net::Hello mine;
  mine.name = "roam status";
  mine.version = ROAM_VERSION;
  Answer answer{address, nullptr, ""};
  KJ_IF_MAYBE (error, kj::runCatchingExceptions([&] {
                 auto peer =
                     net::dial(io.provider->getNetwork(), io.provider->getTimer(), address, mine)
                         .wait(io.waitScope);
                 answer.status = peer->status().wait(io.waitScope);
               }))
    answer.failure = error->getDescription().cStr();
  return answer;
}

void printTable(const std::vector<Answer>& answers) {
  fmt::print("{:<24} {:<20} {:>7} {:>8} {:>10} {:>7} {:>8} {:>8} {:>6} {:>5}\n", "ADDRESS", "NAME",
             "WORKERS", "CHUNKS", "ELEMENTS", "SLICES", "RECEIVED", "COMPILED", "CACHED", "LOST");
  for (auto& answer : answers) {
    KJ_IF_MAYBE (s, answer.status) {
      fmt::print("{:<24} {:<20} {:>7} {:>8} {:>10} {:>7} {:>8} {:>8} {:>6} {:>5}\n", answer.address,
                 s->name, s->workers, s->chunksDone, s->elementsDone, s->slices, s->slicesReceived,
                 s->compiled, s->cacheHits, s->workersLost);
    } else
      fmt::print("{:<24} {}\n", answer.address, answer.failure);
  }
}

void printPlain(const std::vector<Answer>& answers) {
  for (auto& answer : answers) {
    KJ_IF_MAYBE (s, answer.status) {
      fmt::print("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", answer.address, s->name, s->workers,
                 s->chunksDone, s->elementsDone, s->slices, s->slicesReceived, s->compiled,
                 s->cacheHits, s->workersLost);
    } else
      fmt::print(stderr, "roam: {}: {}\n", answer.address, answer.failure);
  }
}

int status(const std::string& where, bool plain) {
  auto addresses = split(where);
  if (addresses.empty()) {
    fmt::print(stderr, "roam: there is no address to ask; give --join or set ROAM_JOIN\n");
    return exitUsage;
  }
  auto io = kj::setupAsyncIo();
  std::vector<Answer> answers;
  for (auto& address : addresses)
    answers.push_back(ask(io, address));

  (plain ? printPlain : printTable)(answers);
  bool anyAnswered = std::any_of(answers.begin(), answers.end(),
                                 [](const Answer& answer) { return answer.status != nullptr; });
  return anyAnswered ? exitDone : exitUnreachable;
}

} // namespace

void addStatusCommand(CLI::App& app, Command& chosen) {
  struct Arguments {
    std::string where;
    bool plain = false;
  };
  auto arguments = std::make_shared<Arguments>();
  auto* command = app.add_subcommand(
      "status",
      "Ask each peer what it is and has done since it started. WORKERS: closures it runs at a "
      "time. "
      "CHUNKS, ELEMENTS: done. SLICES: code it holds; RECEIVED over connections, COMPILED here, or "
      "CACHED: answered by an object on disk. LOST: workers that ended on their own.");
  command->add_option("--join", arguments->where, "Addresses of the peers, separated by commas")
      ->envname("ROAM_JOIN");
  command->add_flag("--plain", arguments->plain,
                    "For scripts: the same columns separated by tabs, without the heading; peers "
                    "that do not answer are named on standard error only");
  command->callback([&chosen, arguments] {
    chosen = [arguments] { return status(arguments->where, arguments->plain); };
  });
}

} // namespace roam::tools
