// Who watches the peers of a cluster, and what each has not yet taken.
#pragma once
#include "roam/live.h"
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace roam {

/// Callable from any thread.
class PeerWatchers {
 public:
  /// What one watcher has not taken yet.
  class Queue {
   public:
    void put(PeerEvent event);
    std::optional<PeerEvent> take(double seconds);

   private:
    std::mutex mutex_;
    std::condition_variable came_;
    std::deque<PeerEvent> events_; // guarded by mutex_
  };

  /// Its first events are the peers that are there.
  std::shared_ptr<Queue> watch();
  void tell(PeerEvent event);

 private:
  std::mutex mutex_;
  std::map<std::string, Member> there_;        // guarded by mutex_, by address
  std::vector<std::weak_ptr<Queue>> watching_; // guarded by mutex_
};

} // namespace roam
