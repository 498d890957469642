#include "tests/simulation/machines.h"
#include "net/coroutine.h"
#include "net/exceptions.h"

namespace roam::simulation {
namespace {

constexpr std::size_t mostWaiting = 200; ///< chunks, before a peer is overloaded

net::ChunkOutcome failed(net::Failure::Kind kind, const std::string& words,
                         std::uint64_t element = 0) {
  net::ChunkOutcome outcome;
  auto& failure = outcome.failure.emplace();
  failure.kind = kind;
  failure.type = kj::str("std::domain_error");
  failure.message = kj::str(words.c_str());
  failure.element = element;
  return outcome;
}

peer::PeerOptions optionsOf(const std::string& machine, std::vector<std::string> join,
                            std::string stateDirectory) {
  peer::PeerOptions options;
  options.listen = {machine};
  options.join.where = std::move(join);
  options.stateDirectory = std::move(stateDirectory);
  options.name = machine;
  return options;
}

/// On the loop, so that answers come in the same order each time.
kj::Own<net::Store> openStore(kj::AsyncIoContext& io, const std::string& where,
                              const std::string&) {
  const std::string sqlite = "sqlite:";
  return kj::heap<store::SqliteStore>(io.provider->getTimer(),
                                      where.starts_with(sqlite) ? where.substr(sqlite.size()) : "",
                                      store::StoreSpace(), store::StoreThread::Place::loop);
}

} // namespace

// --- workers -------------------------------------------------------------------------------------

kj::Promise<net::ChunkOutcome> Workers::run(net::Chunk chunk, kj::ArrayPtr<const kj::byte> slice) {
  if (waiting_.size() >= mostWaiting)
    return net::overloaded(kj::str(waiting_.size(), " chunks wait"));
  auto pair = kj::newPromiseAndFulfiller<kj::Maybe<kj::String>>();
  auto place = waiting_.insert(waiting_.end(), pair.fulfiller.get());
  auto waits = kj::defer([this, place] {
    waiting_.erase(place);
    next();
  });
  next();
  return pair.promise.attach(kj::mv(waits), kj::mv(pair.fulfiller))
      .then([this, chunk, slice](kj::Maybe<kj::String>&& away) -> kj::Promise<net::ChunkOutcome> {
        if (away == nullptr)
          return work(chunk, slice);
        net::ChunkOutcome nothing;
        nothing.turnedAway = kj::mv(away);
        return kj::mv(nothing);
      });
}

void Workers::handBack(kj::StringPtr why) {
  for (auto* waiting : waiting_)
    waiting->fulfill(kj::str(why));
}

void Workers::next() {
  std::size_t room = running_ < workers() ? workers() - running_ : 0;
  for (auto* waiting : waiting_)
    if (room-- > 0)
      waiting->fulfill(nullptr);
    else
      return;
}

kj::Promise<net::ChunkOutcome> Workers::work(net::Chunk chunk, kj::ArrayPtr<const kj::byte> slice) {
  using namespace std::string_literals;
  ++running_;
  auto runs = kj::defer([this] {
    --running_;
    next();
  });
  Chance& chance = world_.chance;
  auto time = chance.oneIn(50) ? chance.between(100 * kj::MILLISECONDS, 3 * kj::SECONDS)
                               : chance.between(200 * kj::MICROSECONDS, 20 * kj::MILLISECONDS);
  const bool dies = !chunk.onlyLink && chance.oneIn(100);
  const std::string code(slice.asChars().begin(), slice.size());
  return world_.timer.afterDelay(time)
      .then([this, chunk, slice, dies, code]() -> kj::Promise<net::ChunkOutcome> {
        world_.trace.say("{}: {} of {} from {}{}", machine_, code, chunk.count, chunk.first,
                         dies ? ", and its worker dies" : "");
        if (dies)
          return failed(net::Failure::Kind::workerDied, "a worker was ended by signal 11");
        if (code.starts_with("throws ")) {
          const std::uint64_t divisor = std::stoull(code.substr(7));
          const std::uint64_t element = (chunk.first + divisor) / divisor * divisor - 1;
          if (element < chunk.first + chunk.count)
            return failed(net::Failure::Kind::thrown, "element "s + std::to_string(element),
                          element);
          return FormulaRunner::run(chunk, test::bytesOf(std::string("1 0")));
        }
        return FormulaRunner::run(chunk, slice);
      })
      .attach(kj::mv(runs));
}

// --- a peer --------------------------------------------------------------------------------------

SimulatedPeer::SimulatedPeer(const Surroundings& world, std::string machine,
                             std::vector<std::string> join, std::string stateDirectory)
    : options_(optionsOf(machine, std::move(join), std::move(stateDirectory))),
      io_(world.io(machine)), workers_(world, machine),
      neighbours_({io_.provider->getNetwork(), world.timer, log_, test::helloOf(machine)},
                  test::targetWith({})),
      host_(test::helloOf(machine, workers_.workers()), slices_, workers_, world.timer, log_,
            limits::bytesInFlight, &neighbours_),
      membership_({io_, log_, host_, slices_, workers_, neighbours_, openStore}, options_,
                  test::helloOf(machine, workers_.workers())) {
  joining_ =
      net::listen(io_.provider->getNetwork(), machine.c_str())
          .then([this, machine, &timer = world.timer](kj::Own<kj::ConnectionReceiver> receiver) {
            listener_ = kj::heap<net::Listener>(kj::mv(receiver), host_, timer, log_);
            return membership_.join({machine});
          })
          .eagerlyEvaluate([](kj::Exception&& failure) {
            ADD_FAILURE() << "a peer can't start: " << failure.getDescription().cStr();
          });
}

SimulatedPeer::~SimulatedPeer() noexcept(false) {
  joining_ = nullptr;
  leaving_ = nullptr;
  listener_ = nullptr;
}

kj::Promise<void> SimulatedPeer::end() {
  host_.leave();
  co_await membership_.beginLeaving();
  co_await host_.idle().exclusiveJoin(
      io_.provider->getTimer().afterDelay(options_.drainSeconds * kj::SECONDS));
  co_await membership_.leave();
  co_await host_.farewell();
}

// --- an origin -----------------------------------------------------------------------------------

SimulatedOrigin::SimulatedOrigin(const Surroundings& world, const std::string& machine,
                                 const std::vector<std::string>& join)
    : io_(world.io(machine)), origin(world.timer),
      members(io_, origin, test::helloOf(machine), {{.where = join}, {}},
              [&world, machine](PeerChange change, const Member& member, const std::string&) {
                world.trace.say("{}: {} is {}", machine, member.address, int(change));
              }),
      names(members.store()), world_(world) {}

/// Until some peer answers.
kj::Promise<void> SimulatedOrigin::join() {
  while (true) {
    bool hasFailed = false;
    try {
      co_await members.joined();
    } catch (const kj::Exception&) {
      hasFailed = true;
    }
    if (!hasFailed)
      break;
    co_await world_.timer.afterDelay(limits::storeRetry);
  }
  table = kj::heap<NameTable>(
      members.store(), world_.timer, [](const std::vector<NamedBinding>&) {},
      [&world = world_](std::string complaint) { world.trace.say("{}", complaint); });
}

} // namespace roam::simulation
