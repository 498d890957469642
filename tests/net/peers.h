// Whole peers for tests of net: a host with a runner that really runs slices, and what an origin
// sends.
#pragma once
#include "net/host.h"
#include "net/limits.h"
#include "net/listener.h"
#include "net/peer.h"
#include <algorithm>
#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <list>
#include <span>
#include <string>
#include <vector>

namespace roam::test {

inline kj::ArrayPtr<const kj::byte> bytesOf(const std::string& text) {
  return {reinterpret_cast<const kj::byte*>(text.data()), text.size()};
}

/// Of an x86-64 machine that may use these features.
inline ObjectTarget targetWith(std::vector<std::string> features) {
  ObjectTarget target;
  target.triple = "x86_64-pc-linux-gnu";
  target.cpu = "x86-64";
  target.features = std::move(features);
  target.llvm = "19.1.7";
  return target;
}

/// Log lines, kept.
class Lines final : public net::Log {
 public:
  void line(kj::StringPtr text) override { all.emplace_back(text.cStr()); }
  bool say(const std::string& words) const {
    return std::any_of(all.begin(), all.end(), [&](const std::string& line) {
      return line.find(words) != std::string::npos;
    });
  }
  std::vector<std::string> all;
};

/// Runs slices that are formulas: "3 7" is x * 3 + 7 over int64 arguments, plus the capture if
/// there is one. A slice that is no formula is a bad slice, arguments that are no int64s are bad
/// arguments. A slice "echo" gives the arguments back.
class FormulaRunner : public net::ClosureRunner {
 public:
  kj::Promise<net::ChunkOutcome> run(net::Chunk chunk,
                                     kj::ArrayPtr<const kj::byte> slice) override {
    ++begun;
    for (auto& line : prints)
      if (chunk.output != nullptr)
        chunk.output->line(line.starts_with("error: ") ? line.c_str() + 7 : line.c_str(),
                           line.starts_with("error: "));
    if (leaving)
      return kj::Exception(kj::Exception::Type::DISCONNECTED, __FILE__, __LINE__,
                           kj::str("the host is shutting down"));
    if (!holding)
      return finish(chunk, slice);
    auto pair = kj::newPromiseAndFulfiller<kj::Maybe<kj::String>>();
    held.push_back(kj::mv(pair.fulfiller));
    return pair.promise
        .then(
            [this, chunk, slice](kj::Maybe<kj::String>&& away) {
              net::ChunkOutcome nothing;
              nothing.turnedAway = kj::mv(away);
              return nothing.turnedAway == nullptr ? finish(chunk, slice) : kj::mv(nothing);
            },
            [](kj::Exception&& exception) -> net::ChunkOutcome {
              if (exception.getDescription() == workerEnded)
                return ended(exception.getDescription());
              if (exception.getDescription() == tooLarge)
                return failure(net::Failure::Kind::limit, exception.getDescription());
              kj::throwFatalException(kj::mv(exception));
            })
        .attach(kj::defer([this] { ++dropped; }));
  }
  /// What is held back counts as waiting.
  void handBack(kj::StringPtr why) override {
    for (auto& one : std::exchange(held, {}))
      one->fulfill(kj::str(why));
  }
  bool has(const Digest& entry) const override {
    return std::find(own.begin(), own.end(), entry) != own.end();
  }
  void offer(const Digest& digest, kj::ArrayPtr<const kj::byte> object) override {
    offered.emplace_back(digest, std::string(object.asChars().begin(), object.size()));
  }
  /// As `answerObject` says.
  kj::Promise<net::ObjectAnswer> object(net::ObjectQuestion question) override {
    return answerObject(kj::mv(question));
  }
  std::vector<Digest> codes() const override {
    std::vector<Digest> digests;
    for (auto& code : known)
      digests.push_back(code.digest);
    return digests;
  }
  kj::Maybe<net::CodeStatus> code(const Digest& digest) const override {
    for (auto& code : known)
      if (code.digest == digest)
        return code;
    return nullptr;
  }
  Counters counters() const override { return counted; }
  unsigned workers() const override { return 2; }

  /// Runs what was held back.
  void release() {
    holding = false;
    for (auto& one : held)
      one->fulfill(nullptr);
  }

  /// What is held back may be rejected with these, which become failures of the chunk.
  static constexpr kj::StringPtr workerEnded = "its worker ended"_kj;
  static constexpr kj::StringPtr tooLarge = "its results are too large"_kj;

  bool holding = false;
  bool leaving = false; ///< each run fails with DISCONNECTED, and the connection stays open
  unsigned begun = 0, dropped = 0;
  std::vector<std::string> prints; ///< by each chunk; as an error after "error: "
  std::vector<kj::Own<kj::PromiseFulfiller<kj::Maybe<kj::String>>>> held;
  Counters counted;
  std::vector<net::CodeStatus> known;
  std::vector<Digest> own; ///< entries that are run without a slice: their formula is "1 1000"
  std::vector<std::pair<Digest, std::string>> offered;
  std::function<kj::Promise<net::ObjectAnswer>(net::ObjectQuestion)> answerObject =
      [](net::ObjectQuestion) { return net::ObjectAnswer(); };

 private:
  static net::ChunkOutcome failure(net::Failure::Kind kind, kj::StringPtr message) {
    net::ChunkOutcome outcome;
    auto& failure = outcome.failure.emplace();
    failure.kind = kind;
    failure.message = kj::str(message);
    return outcome;
  }

  static net::ChunkOutcome ended(kj::StringPtr how) {
    net::ChunkOutcome outcome = failure(net::Failure::Kind::workerDied, how);
    KJ_IF_MAYBE (end, outcome.failure)
      end->mayHaveRun = true;
    return outcome;
  }

  net::ChunkOutcome finish(net::Chunk chunk, kj::ArrayPtr<const kj::byte> slice) {
    std::string text(slice.asChars().begin(), slice.size());
    if (slice == nullptr)
      text = "1 1000";
    net::ChunkOutcome outcome;
    outcome.runNanoseconds = 1;
    if (text.starts_with("echo")) {
      outcome.results =
          kj::heapArray<const kj::byte>(chunk.arguments.begin(), chunk.arguments.size());
    } else {
      long long factor = 0, offset = 0;
      if (std::sscanf(text.c_str(), "%lld %lld", &factor, &offset) != 2)
        return failure(net::Failure::Kind::badSlice, "this is no formula");
      if (chunk.arguments.size() != chunk.count * sizeof(std::int64_t))
        return failure(net::Failure::Kind::badArguments, "these are no int64s");
      std::int64_t capture = 0;
      if (chunk.captures.size() == sizeof capture)
        std::memcpy(&capture, chunk.captures.begin(), sizeof capture);
      std::vector<std::int64_t> numbers(chunk.count);
      if (chunk.count > 0)
        std::memcpy(numbers.data(), chunk.arguments.begin(), chunk.arguments.size());
      for (auto& x : numbers)
        x = std::int64_t(std::uint64_t(x) * factor + offset + capture); // whatever arrives
      outcome.results = kj::heapArray<const kj::byte>(
          reinterpret_cast<const kj::byte*>(numbers.data()), numbers.size() * sizeof numbers[0]);
    }
    ++counted.chunksDone;
    counted.elementsDone += chunk.count;
    return outcome;
  }
};

inline net::Hello helloOf(std::string name, unsigned workers = 0) {
  net::Hello hello;
  hello.name = std::move(name);
  hello.workers = workers;
  hello.version = "0.1.0";
  return hello;
}

/// Remembers what origins say now.
class Acquaintances final : public net::Introductions {
 public:
  std::shared_ptr<const void> introduced(kj::StringPtr you,
                                         std::vector<net::Neighbour> others) override {
    auto place = all.insert(all.end(), {you.cStr(), std::move(others)});
    return {&*place, [this, place](const void*) { all.erase(place); }};
  }
  struct Said {
    std::string you;
    std::vector<net::Neighbour> others;
  };
  std::list<Said> all;
};

/// A host with all it needs, listening.
struct TestHost {
  TestHost(kj::Own<kj::ConnectionReceiver> receiver, kj::Timer& timer, std::string name = "host:1",
           std::size_t storeBytes = limits::storeBytes,
           std::size_t bytesInFlight = limits::bytesInFlight)
      : store(storeBytes),
        host(helloOf(std::move(name), 2), store, runner, timer, log, bytesInFlight, &acquaintances),
        listener(kj::heap<net::Listener>(kj::mv(receiver), host, timer, log)) {}

  Lines log;
  net::SliceStore store;
  FormulaRunner runner;
  Acquaintances acquaintances;
  net::Host host;
  kj::Own<net::Listener> listener;
};

/// A closure over numbers, with its slice, as an origin has it.
struct Job {
  explicit Job(std::string formula, std::vector<std::int64_t> numbers = {1, 2, 3})
      : formula(std::move(formula)), numbers(std::move(numbers)),
        entry(Digest::of(std::string_view(this->formula))) {}

  net::Chunk chunk() const {
    return {entry,
            captures,
            {reinterpret_cast<const kj::byte*>(numbers.data()), numbers.size() * sizeof numbers[0]},
            numbers.size(),
            0};
  }

  std::string formula;
  std::vector<std::int64_t> numbers;
  Digest entry;
  kj::ArrayPtr<const kj::byte> captures;
};

/// The bytes of the job live as long as the peer needs them.
inline kj::Promise<net::ChunkOutcome> run(net::Peer& peer, const Job& job) {
  auto owned = std::make_shared<Job>(job);
  return peer.run(owned->chunk(), {bytesOf(owned->formula)}, owned);
}

/// The results as numbers; a failure is a failed test.
inline std::vector<std::int64_t> numbersIn(const net::ChunkOutcome& outcome) {
  KJ_IF_MAYBE (failure, outcome.failure)
    ADD_FAILURE() << failure->message.cStr();
  std::vector<std::int64_t> numbers(outcome.results.size() / sizeof(std::int64_t));
  if (!numbers.empty())
    std::memcpy(numbers.data(), outcome.results.begin(), outcome.results.size());
  return numbers;
}

/// What `promise` failed with; a failed test if it did not.
template <typename T>
kj::Exception failureOf(kj::Promise<T> promise, kj::WaitScope& loop) {
  auto failed = kj::runCatchingExceptions([&] { promise.wait(loop); });
  KJ_IF_MAYBE (failure, failed)
    return kj::mv(*failure);
  ADD_FAILURE() << "expected a failure";
  return kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__, kj::str("none"));
}

inline ::testing::AssertionResult contains(kj::StringPtr text, const std::string& words) {
  if (std::string(text.cStr()).find(words) != std::string::npos)
    return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "'" << text.cStr() << "' does not say '" << words << "'";
}

} // namespace roam::test
