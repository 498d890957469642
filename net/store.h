// The store of a cluster: what all its peers agree on. Members, names, and the code behind them are
// entries in it.
//
// Entries are ordered by key. Each commit that writes makes one new revision of the whole store,
// and a watch gives every change of every revision once, in their order, also across lost
// connections. So whoever lists a prefix at some revision and watches it from there knows all that
// is under it.
//
// There are two engines with one meaning (runtime/store: SQLite, etcd), and the way to one over a
// connection (net/remote-store.h). After etcd's data model: etcd.io/docs/v3.4/learning/data_model.
#pragma once
#include <cstdint>
#include <kj/async.h>
#include <kj/common.h>
#include <kj/time.h>
#include <optional>
#include <string>
#include <vector>

namespace roam::net {

/// Counts the commits of a store that wrote something, from 1. Never goes back.
using Revision = std::uint64_t;
/// Names a lease in its store; 0 stands for none.
using Lease = std::uint64_t;

struct StoreEntry {
  std::string key, value;
  Revision modified = 0; ///< the revision that wrote this value
  Lease lease = 0;       ///< the entry ends with it
};

/// The entry with this key is the one that was written by that revision; 0: there is none.
struct StoreCondition {
  std::string key;
  Revision modified = 0;
};

struct StoreWrite {
  std::string key;
  std::optional<std::string> value; ///< nothing: the entry is removed
  Lease lease = 0;
};

/// What became of a commit.
struct Committed {
  bool done = false;     ///< all conditions held, and everything was written
  Revision revision = 0; ///< that it made, or at which a condition did not hold
};

struct StoreEvent {
  Revision revision = 0;
  std::string key;
  std::optional<std::string> value; ///< nothing: removed, or its lease ended
};

/// The changes of one or more whole revisions, in order.
struct StoreChanges {
  std::vector<StoreEvent> events;
  Revision revision = 0; ///< up to which nothing is left out; to watch on from here
};

struct StoreListing {
  std::vector<StoreEntry> entries; ///< ascending by key
  Revision revision = 0;           ///< at which this was all
};

/// Changes under one prefix. Dropping it ends the watch.
class StoreWatch {
 public:
  virtual ~StoreWatch() noexcept(false) = default;
  /// Resolves when there are some; one call at a time. Never gives an event twice, leaves none out,
  /// never splits a revision. Fails with FAILED and `compactedWords` in its description if what
  /// follows is no longer kept: list again, and watch from there. Otherwise fails only when the
  /// store will not come back; lost connections are ridden out. Do not drop what it promises but
  /// together with the watch: changes could be in it.
  virtual kj::Promise<StoreChanges> next() = 0;
};

/// What the description of a watch's failure contains if the revision it asked for is gone.
inline constexpr const char* compactedWords = "is no longer kept by the store";

/// What a failure's description contains if the store was replaced by another one.
inline constexpr const char* replacedWords = "is another store than before";

/// Call on the loop thread. Promises fail with FAILED if the store refuses (too large, full,
/// read-only: in words for people), with OVERLOADED if it has too much to do, and with DISCONNECTED
/// if it can't be reached within limits::storeAnswer. Keys and values are bytes; limits in
/// net/limits.h. A store fails all that still waits for it, and its watches, with DISCONNECTED when
/// it is destroyed.
class Store {
 public:
  virtual ~Store() noexcept(false) = default;

  /// 16 bytes that no other store has, made with it; the same after a restart.
  virtual kj::Promise<std::string> identity() = 0;

  virtual kj::Promise<kj::Maybe<StoreEntry>> get(std::string key) = 0;
  /// All entries whose keys begin with `prefix`, as they were at one revision.
  virtual kj::Promise<StoreListing> list(std::string prefix) = 0;

  /// Writes all or nothing, as one revision. When this resolves, the writes survive the end of the
  /// store's process. At most limits::storeWrites of conditions and of writes; no key twice. If it
  /// fails with DISCONNECTED, it may have been done: look.
  virtual kj::Promise<Committed> commit(std::vector<StoreCondition> conditions,
                                        std::vector<StoreWrite> writes) = 0;

  /// The changes after the revision `after`.
  virtual kj::Own<StoreWatch> watch(std::string prefix, Revision after) = 0;

  /// A promise of a client to be there: ends `time` after it was granted or last kept alive, by the
  /// store's own monotonic clock, and all entries that were written with it are removed then. Time
  /// in which the store itself was not running does not count. An engine may round `time` up to
  /// whole seconds, and to 2 s.
  virtual kj::Promise<Lease> grant(kj::Duration time) = 0;
  /// Fails with FAILED if the lease has ended.
  virtual kj::Promise<void> keepAlive(Lease lease) = 0;
  /// Ends it now. Nothing happens if it has ended.
  virtual kj::Promise<void> revoke(Lease lease) = 0;
};

/// The checks that each engine makes first. Throw FAILED, in words, if a limit is passed.
void checkKey(const std::string& key);
void checkCommit(const std::vector<StoreCondition>& conditions,
                 const std::vector<StoreWrite>& writes);
void checkLeaseTime(kj::Duration time);

/// What a watch fails with when the changes after `after` are gone.
kj::Exception compactedException(Revision after);
/// What keepAlive fails with, and a commit with a lease that is no more. Nothing was written.
kj::Exception leaseEndedException();

} // namespace roam::net
