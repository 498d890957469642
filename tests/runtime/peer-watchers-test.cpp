// Who watches peers: what is told first, in which order, and what is dropped.
#include "net/limits.h"
#include "runtime/peer-watchers.h"
#include <gtest/gtest.h>
#include <thread>

namespace roam {
namespace {

PeerEvent eventOf(PeerChange change, const std::string& address, const std::string& why = {}) {
  Member member;
  member.name = "host:" + address;
  member.address = address;
  return {change, member, why};
}

/// The next, as "joined a" or "dead a (why)"; "-" if none is there.
std::string next(PeerWatchers::Queue& queue) {
  static constexpr const char* changes[] = {"joined", "suspected", "left", "dead"};
  auto event = queue.take(0);
  if (!event)
    return "-";
  return std::string(changes[int(event->change)]) + " " + event->peer.address +
         (event->why.empty() ? "" : " (" + event->why + ")");
}

TEST(PeerWatchers, TellEachWatcherEverythingInOrder) {
  PeerWatchers watchers;
  auto one = watchers.watch(), two = watchers.watch();
  watchers.tell(eventOf(PeerChange::joined, "a"));
  watchers.tell(eventOf(PeerChange::suspected, "a", "it is silent"));
  watchers.tell(eventOf(PeerChange::joined, "b"));
  watchers.tell(eventOf(PeerChange::dead, "a", "its lease ended"));
  for (auto& queue : {one, two}) {
    EXPECT_EQ(next(*queue), "joined a");
    EXPECT_EQ(next(*queue), "suspected a (it is silent)");
    EXPECT_EQ(next(*queue), "joined b");
    EXPECT_EQ(next(*queue), "dead a (its lease ended)");
    EXPECT_EQ(next(*queue), "-");
  }
}

TEST(PeerWatchers, BeginWithThosePeersThatAreThere) {
  PeerWatchers watchers;
  for (const char* address : {"a", "b", "c", "d"})
    watchers.tell(eventOf(PeerChange::joined, address));
  watchers.tell(eventOf(PeerChange::suspected, "a"));
  watchers.tell(eventOf(PeerChange::left, "b"));
  watchers.tell(eventOf(PeerChange::joined, "a"));
  auto late = watchers.watch();
  EXPECT_EQ(next(*late), "joined a");
  EXPECT_EQ(next(*late), "joined c");
  EXPECT_EQ(next(*late), "joined d");
  EXPECT_EQ(next(*late), "-");
}

TEST(PeerWatchers, DropTheOldestForAWatcherThatTakesNothing) {
  PeerWatchers watchers;
  auto queue = watchers.watch();
  for (std::size_t i = 0; i < limits::peerEvents + 2; ++i)
    watchers.tell(eventOf(PeerChange::suspected, std::to_string(i)));
  EXPECT_EQ(next(*queue), "suspected 2");
  std::size_t left = 0;
  while (next(*queue) != "-")
    ++left;
  EXPECT_EQ(left, limits::peerEvents - 1);
}

TEST(PeerWatchers, ForgetWhoWatchesNoMore) {
  PeerWatchers watchers;
  auto stays = watchers.watch();
  std::weak_ptr<PeerWatchers::Queue> gone = watchers.watch();
  EXPECT_TRUE(gone.expired());
  watchers.tell(eventOf(PeerChange::joined, "a"));
  EXPECT_EQ(next(*stays), "joined a");
}

TEST(PeerWatchers, WakeAWatcherThatWaits) {
  PeerWatchers watchers;
  auto queue = watchers.watch();
  std::optional<PeerEvent> got;
  std::thread waiting([&] { got = queue->take(60); });
  watchers.tell(eventOf(PeerChange::joined, "a"));
  waiting.join();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->peer.address, "a");
}

} // namespace
} // namespace roam
