// What programs do with a simulated cluster, and what they check.
#include "net/coroutine.h"
#include "net/exceptions.h"
#include "roam/error.h"
#include "runtime/push.h"
#include "tests/simulation/cluster.h"
#include <optional>
#include <stdexcept>

namespace roam::simulation {
namespace {

/// Every call has a deadline; this much later it must have ended.
constexpr kj::Duration deadline = 20 * kj::SECONDS, grace = 1 * kj::SECONDS;
/// Of pushes, each of whose steps has one.
constexpr kj::Duration longestPush = 3 * kj::MINUTES;

} // namespace

/// A job, and its results as they come.
class Cluster::Call final : public JobListener {
 public:
  Call(Cluster& cluster, std::uint64_t count) : numbers(count), cluster_(cluster), seen_(count) {
    auto pair = kj::newPromiseAndFulfiller<void>();
    ended_ = kj::mv(pair.fulfiller);
    ended = kj::mv(pair.promise);
    ++cluster_.running_;
  }
  ~Call() { --cluster_.running_; }

  bool wantsMore() override { return true; }
  void completed(ElementRange range, kj::Array<const kj::byte> results, bool) override {
    if (results.size() != range.count * sizeof(std::int64_t))
      return cluster_.violated("results of another size");
    std::memcpy(&numbers[range.first], results.begin(), results.size());
    for (std::uint64_t i = range.first; i < range.end(); ++i)
      if (seen_[i]++ > 0)
        cluster_.violated(fmt::format("element {} came twice", i));
  }
  void finished(std::exception_ptr why) override {
    if (std::exchange(isOver_, true))
      return cluster_.violated("a call ended twice");
    error = why;
    ended_->fulfill();
  }
  bool isComplete() const { return std::ranges::count(seen_, 1) == long(seen_.size()); }

  std::vector<std::int64_t> numbers;
  std::exception_ptr error;
  kj::Promise<void> ended = nullptr;

 private:
  Cluster& cluster_;
  std::vector<char> seen_;
  bool isOver_ = false;
  kj::Own<kj::PromiseFulfiller<void>> ended_;
};

namespace {

JobSpec specOf(const std::shared_ptr<const std::string>& code, std::uint64_t count) {
  JobSpec spec;
  spec.entry = Digest::of(std::string_view(*code));
  spec.code.slice = test::bytesOf(*code);
  spec.captures = std::make_shared<const kj::Array<const kj::byte>>();
  spec.count = count;
  spec.deadline = deadline;
  spec.encode = [code](ElementRange range, Output& out) {
    for (std::uint64_t i = range.first; i < range.end(); ++i)
      out.write(&i, sizeof i);
  };
  return spec;
}

/// Which one, from 1, if the error is what the code threw.
std::optional<std::uint64_t> thrownElement(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::domain_error& thrown) {
    return std::stoull(std::string(thrown.what()).substr(8)) + 1;
  } catch (const std::exception&) {
    return {};
  }
}

std::string wordsOf(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& exception) {
    return exception.what();
  }
}

} // namespace

kj::Promise<void> Cluster::program(std::size_t index) {
  SimulatedOrigin& origin = *origins_[index];
  co_await origin.join();
  trace_.say("origin {} has joined", index);
  co_await kj::joinPromises(
      kj::arr(thread(origin, index), thread(origin, index), thread(origin, index)));
  co_await recover(origin, index);
}

/// One thing after the other.
kj::Promise<void> Cluster::thread(SimulatedOrigin& origin, std::size_t index) {
  while (!isCalm()) {
    switch (chance_.below(4)) {
    case 0:
    case 1:
      co_await callOnce(origin);
      break;
    case 2:
      co_await callByName(origin, index);
      break;
    case 3:
      co_await publish(origin, index);
      break;
    }
    co_await timer_.afterDelay(chance_.between(0 * kj::SECONDS, 400 * kj::MILLISECONDS));
  }
}

/// A map or a single call; its result or its error; or it is dropped meanwhile.
kj::Promise<void> Cluster::callOnce(SimulatedOrigin& origin) {
  const std::uint64_t count = chance_.oneIn(3) ? 1 : 1 + chance_.below(3000);
  const std::uint64_t throwsAt = chance_.oneIn(5) ? 1 + chance_.below(4000) : 0;
  const std::uint64_t factor = chance_.below(100), offset = chance_.below(1000);
  auto code = std::make_shared<const std::string>(
      throwsAt > 0 ? fmt::format("throws {}", throwsAt) : fmt::format("{} {}", factor, offset));
  auto call = std::make_unique<Call>(*this, count);
  JobSpec spec = specOf(code, count);
  spec.retries = chance_.below(6);
  auto job = origin.origin.start(kj::mv(spec), *call);
  ++(count > 1 ? counts.maps : counts.calls);
  const bool isDropped = chance_.oneIn(8);
  bool isLate = false;
  auto late = timer_
                  .afterDelay(isDropped ? chance_.between(0 * kj::SECONDS, 300 * kj::MILLISECONDS)
                                        : deadline + grace)
                  .then([&isLate] { isLate = true; });
  co_await kj::mv(call->ended).exclusiveJoin(kj::mv(late));
  counts.dropped += isDropped && isLate;
  if (isLate && !isDropped)
    violated(fmt::format("a call of {} elements has not ended after its deadline", count));
  if (isLate)
    co_return;
  trace_.say("a call of {} elements ends{}", count, call->error ? " with an error" : "");
  if (call->error) {
    ++counts.failed;
    if (auto thrown = thrownElement(call->error); thrown && thrown != throwsAt)
      violated(fmt::format("element {} throws first, and {} is told", throwsAt, *thrown));
    co_return;
  }
  if (throwsAt > 0 && throwsAt <= count)
    violated(fmt::format("element {} threw, and nobody heard of it", throwsAt - 1));
  if (!call->isComplete())
    violated(fmt::format("a call of {} elements ended without all of them", count));
  for (std::uint64_t i = 0; i < count; ++i)
    if (call->numbers[i] != std::int64_t(throwsAt > 0 ? i : i * factor + offset))
      co_return violated(fmt::format("element {} of {} is wrong", i, count));
}

/// What a snapshot binds: both names at the same revision, never an earlier one than before, and
/// code that gives what was published with it.
kj::Promise<void> Cluster::callByName(SimulatedOrigin& origin, std::size_t index) {
  auto snapshot = origin.table->snapshot();
  const std::string store = origin.table->identity();
  auto left = snapshot->names.find("left"), right = snapshot->names.find("right");
  if (left == snapshot->names.end() && right == snapshot->names.end())
    co_return;
  if (left == snapshot->names.end() || right == snapshot->names.end() ||
      left->second->digest != right->second->digest)
    co_return violated("two names that are bound together are seen apart");
  auto binding = left->second;
  auto& [seenStore, seenRevision] = seen_[index];
  if (store == seenStore && binding->revision < seenRevision)
    violated(fmt::format("revision {} is seen after {}", binding->revision, seenRevision));
  seenStore = store;
  seenRevision = binding->revision;
  JobSpec spec = specOf(std::make_shared<const std::string>(), 1);
  spec.entry = binding->digest;
  spec.code.slice = nullptr;
  spec.fetchCode = [&names = origin.names, digest = binding->digest] {
    return names.code(digest).then(
        [](std::string code) { return std::make_shared<const std::string>(std::move(code)); });
  };
  auto call = std::make_unique<Call>(*this, 1);
  auto job = origin.origin.start(kj::mv(spec), *call);
  ++counts.calls;
  bool isLate = false;
  auto late = timer_.afterDelay(deadline + grace).then([&isLate] { isLate = true; });
  co_await kj::mv(call->ended).exclusiveJoin(kj::mv(late));
  if (isLate)
    co_return violated("a call by name has not ended after its deadline");
  trace_.say("a call of revision {} ends{}", binding->revision,
             call->error ? " with an error" : "");
  if (call->error) {
    ++counts.failed;
    co_return;
  }
  if (Digest::of(fmt::format("0 {}", call->numbers[0])) != binding->digest)
    violated(fmt::format("a call of revision {} ran other code: {}", binding->revision,
                         call->numbers[0]));
}

/// Two names at once. That it was done is believed when it was said; else it may have been done.
kj::Promise<bool> Cluster::publish(SimulatedOrigin& origin, std::size_t index) {
  const std::string code = fmt::format("0 {}", nextNumber_++);
  std::vector<PushedFunction> functions(2);
  for (auto& function : functions) {
    function.signature = "long (long)";
    function.code = code;
    function.digest = Digest::of(std::string_view(code));
  }
  functions[0].name = "left";
  functions[1].name = "right";
  std::string problem;
  const kj::TimePoint began = timer_.now();
  try {
    auto pushing = push(origin.members, origin.names, timer_, std::move(functions),
                        fmt::format("origin:{}", index));
    auto report = co_await timer_.timeoutAfter(longestPush, kj::mv(pushing));
    ++counts.published;
    lastBound_ = std::max(lastBound_, report.bindings[0].binding.revision);
  } catch (const kj::Exception& exception) {
    problem = net::wordsOf(exception).cStr();
  }
  if (timer_.now() - began >= longestPush)
    violated("a push does not end");
  trace_.say("a push of {} ends: {}", code, problem.empty() ? "done" : problem);
  co_return problem.empty();
}

kj::Promise<bool> Cluster::mapAll(SimulatedOrigin& origin) {
  auto code = std::make_shared<const std::string>("3 7");
  auto call = std::make_unique<Call>(*this, 500);
  JobSpec spec = specOf(code, 500);
  spec.retries = 20;
  auto job = origin.origin.start(kj::mv(spec), *call);
  co_await kj::mv(call->ended);
  if (call->error)
    trace_.say("a last map fails: {}", wordsOf(call->error));
  if (call->error)
    co_return false;
  for (std::uint64_t i = 0; i < 500; ++i)
    if (call->numbers[i] != std::int64_t(i * 3 + 7))
      violated(fmt::format("element {} of the last map is wrong", i));
  co_return true;
}

/// Once nothing goes wrong any more, maps end well, and names can be bound, within seconds.
kj::Promise<void> Cluster::recover(SimulatedOrigin& origin, std::size_t index) {
  const kj::TimePoint end = calm_ + 40 * kj::SECONDS;
  while (!co_await mapAll(origin)) {
    if (timer_.now() > end)
      co_return violated(fmt::format("origin {} does not recover", index));
    co_await timer_.afterDelay(200 * kj::MILLISECONDS);
  }
  while (!co_await publish(origin, index)) {
    if (timer_.now() > end)
      co_return violated(fmt::format("origin {} can't bind names any more", index));
    co_await timer_.afterDelay(200 * kj::MILLISECONDS);
  }
  const std::uint64_t bound = isDurable_ ? lastBound_ : 0;
  co_await timer_.afterDelay(500 * kj::MILLISECONDS);
  co_await callByName(origin, index);
  if (seen_[index].second < bound)
    violated(fmt::format("revision {} was bound, and {} is the last that is seen", bound,
                         seen_[index].second));
  trace_.say("origin {} is done", index);
}

} // namespace roam::simulation
