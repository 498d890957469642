// The embedded store's database: entries, their history, and leases, as tables.
//
// Each write is a row of `version`, numbered by revision and by its place in it. `entry` says which
// version each key has now; `superseded`, which versions are history only. So a value is on the
// disk once, the changes after a revision are the rows from a number on, and forgetting history is
// deleting the superseded rows with the lowest numbers:
//
//     version      (5,0) names/a = "one"   (6,0) names/a = "two"   (7,0) members/x removed
//     entry        names/a -> (6,0)
//     superseded   (5,0) (7,0)
#pragma once
#include "net/limits.h"
#include "net/store.h"
#include "runtime/store/sqlite.h"
#include <kj/io.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace roam::store {

/// A request that the store refuses without having touched anything.
struct Refusal {
  kj::Exception why;
};

/// How much a store keeps.
struct StoreSpace {
  std::uint64_t fileBytes = limits::storeFileBytes;
  std::uint64_t historyBytes = limits::storeHistoryBytes;
};

/// Used by one thread at a time; every call may wait for the disk. Throws kj::Exception of type
/// FAILED, with words for people. A write that threw has to be followed by `rollBack`.
class StoreFile {
 public:
  /// Opens the file, or makes it. "" is in memory. The file is this process's until it is closed:
  /// throws if another one has it, and says which; and if the file is damaged, of a later Roam,
  /// or can't be written.
  StoreFile(const std::string& path, const StoreSpace& space);

  /// 16 bytes.
  const std::string& identity() const { return identity_; }
  net::Revision revision() const { return now_.revision; }
  /// Those that have not ended, with their whole time.
  std::vector<std::pair<net::Lease, kj::Duration>> leases();

  kj::Maybe<net::StoreEntry> get(const std::string& key);
  net::StoreListing list(const std::string& prefix);
  /// The next changes after a revision: of whole revisions, limits::storeAnswerBytes of them or one
  /// more. Fails if they are no longer kept.
  net::StoreChanges changes(const std::string& prefix, net::Revision after);

  // Writes lie between `begin` and `end`. Nothing is durable before `end` returned.
  void begin();
  /// Gives the changes of all writes, by revision.
  std::vector<net::StoreChanges> end();
  void rollBack();

  /// Throws Refusal if a lease of a write has ended.
  net::Committed commit(const std::vector<net::StoreCondition>& conditions,
                        const std::vector<net::StoreWrite>& writes);
  net::Lease grant(kj::Duration time);
  /// Removes its entries.
  void endLease(net::Lease lease);

 private:
  struct Statements;
  struct StatementsEnd {
    void operator()(Statements* statements) const;
  };
  struct State {
    net::Revision revision = 0;
    net::Revision compacted = 0;    ///< up to here changes are forgotten
    std::uint64_t historyBytes = 0; ///< of superseded versions
  };

  void prepareTables(const std::string& path);
  void readState();
  net::Revision modified(const std::string& key);
  void write(const net::StoreWrite& write);
  void supersede(std::int64_t version, std::size_t bytes);
  void finishRevision();
  void forgetHistory();

  const StoreSpace space_;
  kj::AutoCloseFd lock_;
  Database database_;
  std::unique_ptr<Statements, StatementsEnd> statements_;
  std::string identity_;
  State now_, before_;                     ///< before_ the transaction
  net::StoreChanges changing_;             ///< of the revision being written
  std::vector<net::StoreChanges> changed_; ///< in the transaction
};

} // namespace roam::store
