// Shipping to all members at once, and the switch.
#include "runtime/push.h"
#include "net/coroutine.h"
#include "net/exceptions.h"
#include "net/limits.h"
#include "net/log.h"
#include "roam/error.h"
#include <algorithm>
#include <fmt/format.h>
#include <memory>

namespace roam {
namespace {

using Functions = std::shared_ptr<const std::vector<PushedFunction>>;

/// Of other pushes of a name at the same time: each makes us try again.
constexpr unsigned switches = 100;

/// Of different length for each push and each try: of those who meet again and again, one comes
/// first.
kj::Duration pauseBefore(unsigned tries, const PushedFunction& function, const std::string& by) {
  Digest chance = Digest::of(fmt::format("{} {} {}", tries, function.digest.toString(), by));
  const unsigned steps = std::to_integer<unsigned>(chance.bytes()[0]) * std::min(tries, 20u);
  return steps * (10 * kj::MICROSECONDS);
}

kj::ArrayPtr<const kj::byte> bytesOf(const std::string& text) {
  return kj::arrayPtr(reinterpret_cast<const kj::byte*>(text.data()), text.size());
}

/// Why a peer does not hold the code ready; empty if it does.
struct Refusal {
  std::string why;
  bool mayPass = false; ///< the peer leaves or is lost, and will soon be no member
};

kj::Promise<Refusal> ship(net::Peer& peer, Functions functions, std::size_t index) {
  const PushedFunction& function = (*functions)[index];
  std::string who = fmt::format("{} at {}", peer.name(), peer.address());
  net::Chunk chunk;
  chunk.entry = function.digest;
  chunk.home = function.home;
  chunk.onlyLink = true;
  net::Code code;
  code.slice = bytesOf(function.code);
  code.description = function.description.c_str();
  code.objects = function.objects;
  return peer.run(chunk, code, functions)
      .then(
          [functions, who, &function](net::ChunkOutcome outcome) -> Refusal {
            KJ_IF_MAYBE (failure, outcome.failure)
              return {
                  fmt::format("{} can't run {}: {}", who, function.name, failure->message.cStr())};
            KJ_IF_MAYBE (why, outcome.turnedAway)
              return {fmt::format("{} takes no work now: {}", who, why->cStr()), true};
            KJ_IF_MAYBE (why, outcome.notSent)
              return {fmt::format("{} can't be reached: {}", who, why->cStr()), true};
            return {};
          },
          [who](kj::Exception&& exception) -> Refusal {
            return {fmt::format("{} can't be reached: {}", who, net::wordsOf(exception).cStr()),
                    true};
          })
      .eagerlyEvaluate(nullptr);
}

/// Returns the number of peers. A member that leaves or is lost meanwhile need not be ready once it
/// is no member any more.
kj::Promise<unsigned> shipToAll(Members& members, kj::Timer& timer, Functions functions) {
  const kj::TimePoint began = timer.now();
  while (true) {
    std::vector<net::Peer*> peers = co_await members.all();
    std::vector<kj::Promise<Refusal>> answers;
    for (net::Peer* peer : peers)
      for (std::size_t i = 0; i < functions->size(); ++i)
        answers.push_back(ship(*peer, functions, i));
    std::string refusals;
    bool mayPass = true;
    for (auto& answer : answers)
      if (Refusal refusal = co_await kj::mv(answer); !refusal.why.empty()) {
        refusals += "\n  " + refusal.why;
        mayPass = mayPass && refusal.mayPass;
      }
    if (refusals.empty())
      co_return static_cast<unsigned>(peers.size());
    if (!mayPass || timer.now() - began >= limits::connect)
      throw net::failed("nothing was bound, for not every peer is ready:" + refusals);
    co_await timer.afterDelay(limits::storeRetry);
  }
}

std::vector<NamedBinding> bindingsOf(const std::vector<PushedFunction>& functions,
                                     const std::string& by) {
  std::vector<NamedBinding> bindings;
  for (const PushedFunction& function : functions) {
    Binding binding;
    binding.digest = function.digest;
    binding.signature = function.signature;
    binding.captures = function.captures;
    binding.home = function.home;
    binding.description = function.description;
    binding.boundBy = by;
    bindings.push_back({function.name, std::move(binding)});
  }
  return bindings;
}

/// The name is switched by then: that there is no room made is not a reason to fail.
kj::Promise<void> collect(Members& members, NameStore& names, std::string name) {
  return names.collect(name).catch_([&members, name](kj::Exception&& exception) {
    members.complain(fmt::format("old revisions of {} are still in the store: {}", name,
                                 exception.getDescription().cStr()));
  });
}

} // namespace

void checkName(std::string_view name) {
  auto isPlain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  bool good = !name.empty() && name.size() <= 200;
  char before = '/';
  for (char c : name) {
    good = good && (isPlain(c) || (c == '/' && before != '/'));
    before = c;
  }
  if (!good || before == '/')
    throw ConfigurationError(fmt::format("\"{}\" can't be a name: names are 1 to 200 letters, "
                                         "digits and . _ -, with / between parts",
                                         name.substr(0, 300)));
}

kj::Promise<PushReport> push(Members& members, NameStore& names, kj::Timer& timer,
                             std::vector<PushedFunction> functions, std::string by) {
  auto all = std::make_shared<const std::vector<PushedFunction>>(std::move(functions));
  if (all->size() > limits::namesPerPush)
    throw net::failed(fmt::format("{} names are to be bound at once; the limit is {}", all->size(),
                                  limits::namesPerPush));
  std::map<Digest, std::string> codes;
  for (const PushedFunction& function : *all)
    codes.emplace(function.digest, function.code);

  PushReport report;
  const kj::TimePoint start = timer.now();
  auto shipped = shipToAll(members, timer, all);
  auto announced = co_await names.announce(bindingsOf(*all, by), codes);
  report.peers = co_await kj::mv(shipped);
  const kj::TimePoint ready = timer.now();
  report.shipping = ready - start;
  for (unsigned i = 0; i < switches; ++i) {
    report.bindings = announced.bindings;
    if (auto revision = co_await names.bind(std::move(announced))) {
      report.revision = *revision;
      report.switching = timer.now() - ready;
      for (auto& [name, binding] : report.bindings)
        if (binding.revision > limits::namesHistory)
          co_await collect(members, names, name);
      co_return kj::mv(report);
    }
    co_await timer.afterDelay(pauseBefore(i + 1, all->front(), by));
    announced = co_await names.announce(bindingsOf(*all, by), codes);
  }
  throw net::failed(
      fmt::format("nothing was bound: others bound {} or another of these names {} times "
                  "meanwhile",
                  all->front().name, switches));
}

} // namespace roam
