// Peers that ask each other for objects: a whole cluster in one thread, over a network in memory,
// on a clock that the test moves. What compiles is a stand-in that counts.
#include "runtime/peer/neighbours.h"
#include "tests/net/peers.h"
#include "tests/support/manual-clock.h"
#include "tests/support/memory-network.h"

namespace roam::peer {
namespace {

using Found = Neighbours::Found;
using Kind = net::ObjectAnswer::Kind;
using test::targetWith;

std::string slice(int i) {
  return "slice " + std::to_string(i);
}

Digest sliceDigest(int i) {
  return Digest::of(slice(i));
}

kj::Array<const kj::byte> objectFor(const Digest& slice, const ObjectTarget& target) {
  std::string code = "machine code";
  auto written = CompiledObject{slice, target, 1000, std::as_bytes(std::span(code))}.write();
  return kj::heapArray<const kj::byte>(reinterpret_cast<const kj::byte*>(written.data()),
                                       written.size());
}

/// Finds code as a peer does: in memory, then at its neighbours, then by compiling, each once.
class CountingPeer {
 public:
  CountingPeer(test::MemoryNetwork& network, kj::Timer& timer, kj::WaitScope& loop,
               std::string address, ObjectTarget target)
      : address(std::move(address)), target(std::move(target)), timer(timer),
        neighbours({network, timer, log, test::helloOf("peer")}, this->target),
        host(test::helloOf(this->address, 1), store, runner, timer, log, limits::bytesInFlight,
             &neighbours) {
    host.setTarget(this->target);
    runner.answerObject = [this](net::ObjectQuestion question) { return answer(question); };
    listen(network, loop);
  }

  void listen(test::MemoryNetwork& network, kj::WaitScope& loop) {
    listener = kj::heap<net::Listener>(net::listen(network, address).wait(loop), host, timer, log);
  }

  /// Resolves when the object is in memory.
  kj::Promise<void> get(const std::string& slice) {
    const Digest digest = Digest::of(slice);
    if (objects.count(digest) > 0)
      return kj::READY_NOW;
    auto [at, isNew] = coming.try_emplace(digest, nullptr);
    if (isNew) {
      auto owned = kj::heapArray<const kj::byte>(test::bytesOf(slice).begin(), slice.size());
      auto found = neighbours.object(digest, owned, true);
      at->second = found.attach(kj::mv(owned))
                       .then([this, digest](Found found) { return keepOrCompile(digest, found); })
                       .fork();
    }
    return at->second.addBranch();
  }

  kj::Promise<net::ObjectAnswer> answer(const net::ObjectQuestion& question) {
    ++questions;
    if (hostile)
      return hostile(question);
    const Digest digest = question.digest;
    net::ObjectAnswer answer;
    if (neighbours.waitsFor(digest) || (!question.mayCompile && !has(digest)))
      return kj::mv(answer);
    if (!has(digest) && question.slice == nullptr) {
      answer.kind = Kind::wantSlice;
      return kj::mv(answer);
    }
    std::string slice(question.slice.asChars().begin(), question.slice.size());
    auto there = has(digest) ? kj::Promise<void>(kj::READY_NOW) : get(slice);
    return there.then([this, digest] {
      net::ObjectAnswer object;
      object.kind = Kind::object;
      object.object = objectFor(digest, target);
      return object;
    });
  }

  bool has(const Digest& digest) const { return objects.count(digest) > 0; }

  const std::string address;
  const ObjectTarget target;
  kj::Timer& timer;
  unsigned compiled = 0, compiling = 0, fromPeers = 0, questions = 0;
  std::function<kj::Promise<net::ObjectAnswer>(const net::ObjectQuestion&)> hostile;
  std::set<Digest> objects;
  test::Lines log;
  net::SliceStore store;
  test::FormulaRunner runner;
  Neighbours neighbours;
  std::map<Digest, kj::ForkedPromise<void>> coming;
  net::Host host;
  kj::Own<net::Listener> listener;

 private:
  kj::Promise<void> keepOrCompile(const Digest& digest, const Found& found) {
    if (found != nullptr) {
      ++fromPeers;
      objects.insert(digest);
      return kj::READY_NOW;
    }
    ++compiling;
    return timer.afterDelay(5 * kj::MILLISECONDS).then([this, digest] {
      ++compiled;
      objects.insert(digest);
    });
  }
};

class NeighboursTest : public testing::Test {
 protected:
  ~NeighboursTest() noexcept override {} // KJ's destructors may throw, a fixture's may not

  void add(ObjectTarget target = targetWith({"sse2"})) {
    std::string address = "127.0.0.1:" + std::to_string(1 + peers.size());
    peers.push_back(
        std::make_unique<CountingPeer>(network, clock.timer(), loop, address, std::move(target)));
    origins.push_back(
        net::dial(network, clock.timer(), address, test::helloOf("origin")).wait(loop));
  }
  /// As an origin does that is connected to all of them.
  void introduce() {
    std::vector<net::Neighbour> all;
    for (auto& peer : origins)
      all.push_back({peer->address(), peer->target()->toText()});
    for (auto& peer : origins)
      peer->introduce(kj::arrayPtr(all.data(), all.size())).wait(loop);
  }
  void start(unsigned count) {
    for (unsigned i = 0; i < count; ++i)
      add();
    introduce();
  }
  /// All peers need the object at once; the promises are held.
  void allGet(int i) {
    for (auto& peer : peers)
      waiting.push_back(peer->get(slice(i)).eagerlyEvaluate(nullptr));
    loop.poll();
  }
  /// Which of the peers compiles for the others.
  CountingPeer& ownerOf(int i) {
    allGet(i);
    for (auto& peer : peers)
      if (peer->compiling == 1)
        return *peer;
    throw std::logic_error("nobody compiles");
  }
  unsigned sum(unsigned CountingPeer::*counter) const {
    unsigned total = 0;
    for (auto& peer : peers)
      total += (*peer).*counter;
    return total;
  }
  unsigned peersWith(int i) const {
    return std::ranges::count_if(peers, [&](auto& peer) { return peer->has(sliceDigest(i)); });
  }
  void pass(kj::Duration time) { clock.advance(time, loop); }

  kj::EventLoop eventLoop;
  kj::WaitScope loop{eventLoop};
  test::ManualClock clock;
  test::MemoryNetwork network;
  std::vector<std::unique_ptr<CountingPeer>> peers;
  std::vector<kj::Own<net::Peer>> origins;
  std::vector<kj::Promise<void>> waiting;
};

TEST_F(NeighboursTest, EightPeersThatNeedFiftyDigestsAtOnceCompileEachOnce) {
  start(8);
  for (int i = 0; i < 50; ++i)
    for (auto& peer : peers)
      waiting.push_back(peer->get(slice(i)).eagerlyEvaluate(nullptr));
  pass(200 * kj::MILLISECONDS);
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(peersWith(i), 8u);
  EXPECT_EQ(sum(&CountingPeer::compiled), 50u);
  EXPECT_EQ(sum(&CountingPeer::fromPeers), 7u * 50);
  for (auto& peer : peers)
    EXPECT_LT(peer->compiled, 25u) << "the work is spread";
}

TEST_F(NeighboursTest, APeerThatIsAloneCompilesAtOnce) {
  start(1);
  allGet(1);
  EXPECT_EQ(peers[0]->compiling, 1u);
}

TEST_F(NeighboursTest, ANewPeerGetsWhatAnotherHasWithoutCompiling) {
  start(2);
  for (int i = 0; i < 20; ++i)
    waiting.push_back(peers[0]->get(slice(i)).eagerlyEvaluate(nullptr));
  pass(200 * kj::MILLISECONDS);
  EXPECT_EQ(sum(&CountingPeer::compiled), 20u);
  add(); // for some of the digests it ranks highest, and asks the others, for some not
  introduce();
  for (int i = 0; i < 20; ++i)
    waiting.push_back(peers[2]->get(slice(i)).eagerlyEvaluate(nullptr));
  pass(200 * kj::MILLISECONDS);
  EXPECT_EQ(peers[2]->fromPeers, 20u);
  EXPECT_EQ(sum(&CountingPeer::compiled), 20u);
}

TEST_F(NeighboursTest, IfTheOwnerDiesWhileItCompilesOneOfTheOthersDoes) {
  start(4);
  CountingPeer& owner = ownerOf(1);
  EXPECT_EQ(sum(&CountingPeer::compiling), 1u);
  owner.listener = nullptr;
  network.cut(owner.address);
  pass(3 * kj::MILLISECONDS);
  EXPECT_EQ(sum(&CountingPeer::compiling), 2u) << "one instead of it";
  pass(20 * kj::MILLISECONDS);
  EXPECT_EQ(peersWith(1), 4u);
}

TEST_F(NeighboursTest, ASilentOwnerIsGivenUpWhenTheClockSaysSo) {
  start(3);
  CountingPeer& owner = ownerOf(1);
  network.stall(owner.address);
  pass(1 * kj::SECONDS);
  EXPECT_EQ(sum(&CountingPeer::compiling), 1u) << "it may still answer";
  pass(3 * kj::SECONDS);
  EXPECT_EQ(peersWith(1), 3u);
  EXPECT_EQ(sum(&CountingPeer::compiling), 2u);
}

TEST_F(NeighboursTest, AnOwnerThatNeverAnswersIsGivenUpThoughItIsThere) {
  start(3);
  for (auto& peer : peers)
    peer->hostile = [](auto&) -> kj::Promise<net::ObjectAnswer> { return kj::NEVER_DONE; };
  allGet(1);
  pass(limits::objectAsk);
  EXPECT_EQ(sum(&CountingPeer::compiling), 1u) << "the highest waits only to hear who has it";
  clock.advance(2 * limits::objectFetch + limits::objectAsk, loop, 500 * kj::MILLISECONDS);
  EXPECT_EQ(peersWith(1), 3u);
}

TEST_F(NeighboursTest, IfOthersRefuseEachPeerHelpsItself) {
  start(3);
  for (auto& peer : peers)
    peer->hostile = [](auto&) -> kj::Promise<net::ObjectAnswer> {
      net::ObjectAnswer answer;
      answer.kind = Kind::refused;
      answer.refusal = kj::str("not today");
      return kj::mv(answer);
    };
  allGet(1);
  pass(10 * kj::MILLISECONDS);
  EXPECT_EQ(peersWith(1), 3u);
  EXPECT_EQ(sum(&CountingPeer::compiled), 3u);
}

TEST_F(NeighboursTest, ObjectsThatAreOfNoUseAreNotTakenAndNamedOnce) {
  const Digest wanted = sliceDigest(1), other = sliceDigest(2);
  const ObjectTarget target = targetWith({"sse2"});
  std::vector<std::pair<kj::Array<const kj::byte>, std::string>> bad;
  auto damaged = kj::heapArray<kj::byte>(objectFor(wanted, target).asPtr());
  damaged[damaged.size() - 1] ^= 1;
  bad.emplace_back(kj::mv(damaged), "");
  bad.emplace_back(objectFor(other, target), "made from another slice, " + other.shortened());
  bad.emplace_back(objectFor(wanted, targetWith({"avx512f", "sse2"})), "avx512f");
  bad.emplace_back(kj::heapArray<const kj::byte>(0), "");
  start(2);
  for (auto& [object, words] : bad) {
    CountingPeer asks(network, clock.timer(), loop, "127.0.0.1:99", target);
    auto introduction =
        asks.neighbours.introduced("127.0.0.1:99", {{peers[0]->address, target.toText()}});
    peers[0]->hostile = [&, &object = object](auto&) -> kj::Promise<net::ObjectAnswer> {
      net::ObjectAnswer answer;
      answer.kind = Kind::object;
      answer.object = kj::heapArray<const kj::byte>(object.begin(), object.size());
      return kj::mv(answer);
    };
    for (int i = 0; i < 2; ++i)
      EXPECT_TRUE(asks.neighbours.object(wanted, nullptr, true).wait(loop) == nullptr);
    ASSERT_EQ(asks.log.all.size(), 1u);
    EXPECT_TRUE(asks.log.say("127.0.0.1:1: its object for slice " + wanted.shortened())) << words;
    EXPECT_TRUE(asks.log.say(words)) << asks.log.all[0];
  }
}

TEST_F(NeighboursTest, PeersOfDifferentTargetsDoNotAskEachOther) {
  for (int i = 0; i < 2; ++i) {
    add(targetWith({"sse2"}));
    add(targetWith({"avx", "sse2"}));
  }
  introduce();
  for (int i = 0; i < 10; ++i)
    allGet(i);
  pass(200 * kj::MILLISECONDS);
  EXPECT_EQ(peers[0]->compiled + peers[2]->compiled, 10u);
  EXPECT_EQ(peers[1]->compiled + peers[3]->compiled, 10u);
}

TEST_F(NeighboursTest, WithoutLeaveToCompileOnlyThoseAreUsedThatHaveTheObject) {
  start(3);
  auto search = [&](int i) {
    auto found = peers[0]->neighbours.object(sliceDigest(i), nullptr, false);
    return found.wait(loop) != nullptr;
  };
  EXPECT_FALSE(search(1));
  peers[1]->objects.insert(sliceDigest(1));
  EXPECT_TRUE(search(1));
  EXPECT_EQ(sum(&CountingPeer::compiling), 0u);
}

TEST_F(NeighboursTest, APeerThatAwaitsAnObjectSaysSo) {
  start(2);
  CountingPeer& owner = ownerOf(1);
  for (auto& peer : peers)
    EXPECT_EQ(peer->neighbours.waitsFor(sliceDigest(1)), peer.get() != &owner);
  EXPECT_FALSE(peers[0]->neighbours.waitsFor(sliceDigest(2)));
  pass(10 * kj::MILLISECONDS);
  for (auto& peer : peers)
    EXPECT_FALSE(peer->neighbours.waitsFor(sliceDigest(1)));
}

TEST_F(NeighboursTest, NobodyIsAskedAnyMoreWhenTheOriginHasGone) {
  start(2);
  origins.clear();
  loop.poll();
  allGet(1);
  EXPECT_EQ(sum(&CountingPeer::compiling), 2u);
  EXPECT_EQ(sum(&CountingPeer::questions), 0u);
}

TEST_F(NeighboursTest, AnotherOriginOfTheSamePeersChangesNothing) {
  start(2);
  std::vector<std::shared_ptr<const void>> more;
  for (int i = 0; i < 2; ++i)
    more.push_back(peers[i]->neighbours.introduced(
        peers[i]->address, {{peers[1 - i]->address, peers[1 - i]->target.toText()}}));
  allGet(1);
  origins.clear(); // the first leaves, while one peer waits for the other
  pass(10 * kj::MILLISECONDS);
  EXPECT_EQ(sum(&CountingPeer::compiled), 1u);
  EXPECT_EQ(peersWith(1), 2u);
}

TEST_F(NeighboursTest, AConnectionIsKeptWhileItIsUsedAndClosedWhenItIsNot) {
  start(2);
  auto connections = [&] {
    return peers[0]->host.counters().connections + peers[1]->host.counters().connections;
  };
  for (int i = 0; i < 10; ++i)
    allGet(i);
  pass(200 * kj::MILLISECONDS);
  EXPECT_EQ(connections(), 2u + 2u) << "of the origin, and of each peer to the other";
  clock.advance(limits::neighbourIdle, loop, 500 * kj::MILLISECONDS);
  EXPECT_EQ(connections(), 2u);
  for (int i = 10; i < 20; ++i)
    allGet(i);
  pass(200 * kj::MILLISECONDS);
  EXPECT_EQ(sum(&CountingPeer::compiled), 20u) << "they find each other again";
}

TEST_F(NeighboursTest, APeerThatCantBeReachedIsTriedAgainOnlyAfterAPause) {
  start(2);
  peers[1]->objects = {sliceDigest(1)};
  peers[1]->listener = nullptr;
  network.cut(peers[1]->address);
  auto isThere = [&] {
    auto found = peers[0]->neighbours.object(sliceDigest(1), nullptr, false);
    return found.wait(loop) != nullptr;
  };
  EXPECT_FALSE(isThere());
  peers[1]->listen(network, loop);
  EXPECT_FALSE(isThere());
  pass(limits::neighbourRetry);
  EXPECT_TRUE(isThere());
}

TEST_F(NeighboursTest, NoMoreIsSearchedForAtATimeThanTheLimit) {
  start(2);
  for (auto& peer : peers)
    peer->hostile = [](auto&) -> kj::Promise<net::ObjectAnswer> { return kj::NEVER_DONE; };
  auto search = [&](int i) { return peers[0]->neighbours.object(sliceDigest(i), nullptr, false); };
  std::vector<kj::Promise<Found>> searches;
  for (unsigned i = 0; i < limits::objectsAsked; ++i)
    searches.push_back(search(i));
  EXPECT_FALSE(searches.back().poll(loop));
  auto one = search(-1);
  ASSERT_TRUE(one.poll(loop));
  EXPECT_TRUE(one.wait(loop) == nullptr);
  searches.clear();
  EXPECT_FALSE(search(-1).poll(loop));
}

} // namespace
} // namespace roam::peer
